/* Answers queries. They change nothing, so nothing of them is saved: Kafka's committed offset, in
 * the transaction of the answers, is the truth of what was answered. */
#include "base/log.h"
#include "base/metrics.h"
#include "engine/attempt.h"
#include "security/seal.h"
#include "security/signer.h"

#include <stdlib.h>

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

/* Its result is nobody else's business, so a query must say where it goes. */
static enum code code_of(
    const struct attempt *attempt, const struct request *request, const struct answer *answer) {
    enum code code = request->early;
    if (code == CODE_ACCEPTED) {
        code = judge_age(
            &attempt->engine->settings.limits,
            attempt->now_us,
            request->record.append_time_us,
            request->headers.expires_at_us);
    }
    if (code != CODE_ACCEPTED) {
        return code;
    }
    return answer->route.reply_topic.data == NULL ? CODE_REPLY_TOPIC_REQUIRED : CODE_ACCEPTED;
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

enum status run_queries(struct engine *engine, struct request *requests, size_t count) {
    struct attempt attempt = {.engine = engine, .requests = requests, .count = count};
    struct service_keys keys = {.jwks = NULL};
    enum status status = engine->store.clock(engine->store.self, &attempt.now_us);
    if (status == STATUS_OK) {
        status = read_service_keys(engine, attempt.now_us, &keys);
    }
    if (status == STATUS_OK) {
        attempt.answers = ARENA_ARRAY(engine->work, struct answer, count);
        for (size_t i = 0; i < count; i++) {
            struct answer *answer = &attempt.answers[i];
            answer_begin(&attempt, &requests[i], answer);
            enum code code = code_of(&attempt, &requests[i], answer);
            answer_finish(&attempt, &requests[i], code, &keys.result, answer);
        }
        status = publish(&attempt);
    }
    free(keys.jwks);
    free(keys.statement);
    return status;
}
