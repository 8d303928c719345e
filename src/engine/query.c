/* Answers queries. They change nothing, so nothing of them is saved: Kafka's committed offset, in
 * the transaction of the answers, is the truth of what was answered.
 *
 * A batch is answered in slices, each of so many rows at most, because a record that asks is small
 * and the page that answers it is not. */
#include "base/log.h"
#include "base/metrics.h"
#include "engine/attempt.h"
#include "engine/page_cursor.h"
#include "security/seal.h"
#include "security/signer.h"

#include <stdlib.h>

enum { SLICE_ROWS_MAX = 2000 }; /* or one page, if that is more */

/* A request on its way through the steps of a slice. */
struct query {
    struct decision decision;
    struct cursor_scope scope;
    bool cursor_refused; /* said after what else may be wrong */
    enum code code;
    struct page page;
};

/* The texts of a ServiceKeys answer, on the heap for the time of one batch. */
struct service_keys {
    struct seal_public publics[SEAL_KEYS_MAX];
    struct seal_key_result items[SEAL_KEYS_MAX];
    char *jwks;
    char *statement;
    struct result result;
};

static enum status read_service_keys(
    struct engine *engine, int64_t now_us, struct service_keys *keys) {
    struct error error;
    size_t count = seal_keys_announced(engine->security.seal_keys, keys->publics);
    for (size_t i = 0; i < count; i++) {
        keys->items[i] = (struct seal_key_result){keys->publics[i].kid, keys->publics[i].key};
    }
    enum status status = signer_public_jwks(engine->security.signer, &keys->jwks, &error);
    if (status == STATUS_OK) {
        status = signer_statement(
            engine->security.signer,
            keys->publics,
            count,
            now_us / INT64_C(1000000),
            &keys->statement,
            &error);
    }
    if (status != STATUS_OK) {
        log_error("the service's keys cannot be told", LOG_TEXT("detail", error.text));
        return STATUS_RETRY;
    }
    keys->result = (struct result){
        .type = RESULT_SERVICE_KEYS,
        .as.service_keys = {
            .seal_keys = keys->items,
            .seal_key_count = count,
            .jwks = keys->jwks,
            .statement = keys->statement}};
    return STATUS_OK;
}

static bool is_asked(const struct request *request) {
    return request->early == CODE_ACCEPTED;
}

/* Callers, and accounts that they name, each once. */
static struct uuid_list collect_accounts(const struct attempt *attempt) {
    struct uuid_list accounts = {
        .items = ARENA_ARRAY(attempt->engine->work, struct uuid, 2 * attempt->count)};
    for (size_t i = 0; i < attempt->count; i++) {
        const struct request *request = &attempt->requests[i];
        const struct value *named = request->decoded.command.definition == NULL
                                        ? NULL
                                        : command_value(&request->decoded.command, "account_id");
        if (is_asked(request) && request->authenticated) {
            uuid_list_add(&accounts, request->caller);
        }
        if (is_asked(request) && named != NULL && named->present) {
            uuid_list_add(&accounts, named->as.uuid);
        }
    }
    uuid_list_sort_unique(&accounts);
    return accounts;
}

/* A history's first page begins before its first event. */
static void continue_list(const struct engine *engine, struct query *query) {
    const struct value *cursor = command_value(query->decision.command, "cursor");
    struct page_position position;
    if (query->page.kind == PAGE_NONE || cursor == NULL || !cursor->present) {
        return;
    }
    if (page_cursor_read(engine->security.secrets, &query->scope, cursor->as.bytes, &position)) {
        page_continue(&query->page, &position);
    } else {
        query->cursor_refused = true;
    }
}

/* Its result is nobody else's business, so a query must say where it goes. */
static enum code plan(
    const struct command_definition *definition, const struct answer *answer, struct query *query) {
    if (answer->route.reply_topic.data == NULL) {
        return CODE_REPLY_TOPIC_REQUIRED;
    }
    return definition->plan == NULL ? CODE_ACCEPTED
                                    : definition->plan(&query->decision, &query->page);
}

static void begin_query(
    struct attempt *attempt,
    const struct request *request,
    const struct answer *answer,
    struct query *query) {
    *query = (struct query){.code = request->early};
    if (!is_asked(request)) {
        return;
    }
    query->decision = attempt_decision(attempt, request, answer->outcome_id);
    query->code = judge_query(&query->decision);
    if (query->code == CODE_ACCEPTED) {
        query->code = plan(request->decoded.command.definition, answer, query);
    }
    query->scope = (struct cursor_scope){.caller = request->caller, .now_us = attempt->now_us};
    command_filters_hash(&request->decoded.command, &query->scope.filters);
    if (query->code == CODE_ACCEPTED) {
        continue_list(attempt->engine, query);
    }
}

/* One is refused: each alone, and that one once more, before it is called the record's own fault.
 */
static enum status read_singly(struct engine *engine, struct page *const *pages, size_t count) {
    for (size_t i = 0; i < count; i++) {
        enum status status = engine->store.read(engine->store.self, &pages[i], 1, engine->work);
        if (status == STATUS_POISON) {
            status = engine->store.read(engine->store.self, &pages[i], 1, engine->work);
        }
        pages[i]->refused = status == STATUS_POISON;
        if (status != STATUS_OK && status != STATUS_POISON) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status read_pages(struct attempt *attempt, struct query *queries) {
    struct engine *engine = attempt->engine;
    struct page **pages = ARENA_ARRAY(engine->work, struct page *, attempt->count);
    size_t count = 0;
    for (size_t i = 0; i < attempt->count; i++) {
        if (queries[i].code == CODE_ACCEPTED && queries[i].page.kind != PAGE_NONE) {
            pages[count++] = &queries[i].page;
        }
    }
    if (count == 0) {
        return STATUS_OK;
    }
    enum status status = engine->store.read(engine->store.self, pages, count, engine->work);
    return status == STATUS_POISON ? read_singly(engine, pages, count) : status;
}

static enum code code_of_page(const struct query *query) {
    const struct command_definition *definition = query->decision.command->definition;
    if (query->page.refused) {
        return CODE_INTERNAL;
    }
    enum code code =
        definition->show == NULL ? CODE_ACCEPTED : definition->show(&query->decision, &query->page);
    return code == CODE_ACCEPTED && query->cursor_refused ? CODE_CURSOR_INVALID : code;
}

static const struct result *result_of_query(
    const struct engine *engine, struct query *query, const struct service_keys *keys) {
    if (query->decision.command->definition->plan == NULL) {
        return &keys->result;
    }
    if (query->page.kind != PAGE_NONE) {
        struct view next_cursor = {NULL, 0};
        if (query->page.more) {
            next_cursor = page_cursor_make(
                engine->security.secrets, &query->scope, &query->page.last, engine->work);
        }
        result_of_page(&query->decision.result, &query->page, next_cursor);
    }
    return &query->decision.result;
}

static void finish_query(
    const struct attempt *attempt,
    const struct request *request,
    struct query *query,
    const struct service_keys *keys,
    struct answer *answer) {
    const struct result *result = NULL;
    if (query->code == CODE_ACCEPTED && query->page.kind != PAGE_NONE) {
        query->code = code_of_page(query);
    }
    if (query->code == CODE_ACCEPTED) {
        result = result_of_query(attempt->engine, query, keys);
    }
    answer_finish(attempt, request, query->code, result, answer);
}

static bool wants_keys(const struct query *query) {
    return query->code == CODE_ACCEPTED && query->decision.command->definition->plan == NULL;
}

static void move_on(const struct request *requests, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct record *record = &requests[i].record;
        requests[i].partition->next_offset = record->offset + 1;
        requests[i].partition->published_offset = record->offset + 1;
    }
}

static enum status publish(struct attempt *attempt) {
    struct engine *engine = attempt->engine;
    enum status status =
        engine->bus.publish(engine->bus.self, attempt->answers, attempt->count, engine->work);
    if (status == STATUS_OK) {
        move_on(attempt->requests, attempt->count);
        attempt_count(attempt);
    }
    return status;
}

static enum status look(struct attempt *attempt) {
    struct engine *engine = attempt->engine;
    const struct uuid_list accounts = collect_accounts(attempt);
    return engine->store.look(
        engine->store.self, &accounts, engine->work, &attempt->world, &attempt->now_us);
}

static enum status answer_queries(struct attempt *attempt, struct service_keys *keys) {
    struct engine *engine = attempt->engine;
    struct query *queries = ARENA_ARRAY(engine->work, struct query, attempt->count);
    bool keys_wanted = false;
    attempt->answers = ARENA_ARRAY(engine->work, struct answer, attempt->count);
    for (size_t i = 0; i < attempt->count; i++) {
        answer_begin(attempt, &attempt->requests[i], &attempt->answers[i]);
        begin_query(attempt, &attempt->requests[i], &attempt->answers[i], &queries[i]);
        keys_wanted = keys_wanted || wants_keys(&queries[i]);
    }
    enum status status = read_pages(attempt, queries);
    if (status == STATUS_OK && keys_wanted) {
        status = read_service_keys(engine, attempt->now_us, keys);
    }
    for (size_t i = 0; status == STATUS_OK && i < attempt->count; i++) {
        finish_query(attempt, &attempt->requests[i], &queries[i], keys, &attempt->answers[i]);
    }
    return status;
}

static enum status run_slice(struct attempt *attempt) {
    struct service_keys keys = {.jwks = NULL};
    arena_reset(attempt->engine->work);
    enum status status = look(attempt);
    if (status == STATUS_OK) {
        status = answer_queries(attempt, &keys);
    }
    if (status == STATUS_OK) {
        status = publish(attempt);
    }
    free(keys.jwks);
    free(keys.statement);
    return status;
}

/* The most rows that the request's page may have. */
static size_t rows_of(const struct engine *engine, const struct request *request) {
    const struct value *limit =
        is_asked(request) ? command_value(&request->decoded.command, "limit") : NULL;
    int64_t most = engine->settings.limits.query_page_max;
    if (limit == NULL || limit->as.number < 1) {
        return 1;
    }
    return (size_t)(limit->as.number < most ? limit->as.number : most);
}

static size_t slice_of(const struct engine *engine, const struct request *requests, size_t count) {
    size_t rows = rows_of(engine, &requests[0]);
    size_t size = 1;
    while (size < count && rows + rows_of(engine, &requests[size]) <= SLICE_ROWS_MAX) {
        rows += rows_of(engine, &requests[size++]);
    }
    return size;
}

/* Without a constraint to break, a conflict is a server's trouble. */
enum status run_queries(struct engine *engine, struct request *requests, size_t count) {
    enum status status = STATUS_OK;
    for (size_t from = 0; status == STATUS_OK && from < count;) {
        size_t size = slice_of(engine, requests + from, count - from);
        struct attempt attempt = {.engine = engine, .requests = requests + from, .count = size};
        status = run_slice(&attempt);
        from += size;
    }
    return status == STATUS_CONFLICT || status == STATUS_POISON ? STATUS_RETRY : status;
}
