/* Saves what changed, in an order that no other worker's save can cross: releasing updates first,
 * then slots by (doctor, start), appointments by (patient, start), accounts by login, events, what
 * is purged, what is remembered of log-ins, answers by (caller, command_id). */
#include "base/log.h"
#include "postgres/row.h"
#include "postgres/save_parts.h"

void save_queue(
    struct save *save,
    enum statement statement,
    const struct parameters *parameters,
    long long expected) {
    pipeline_queue(save->store->pipeline, statement, parameters);
    save->queued[save->count].statement = statement;
    save->queued[save->count++].expected = expected;
}

struct view save_text_or_null(const char *text) {
    return text == NULL ? view_of(NULL, 0) : view_text(text);
}

const char *save_reason_name(enum reason reason, struct arena *arena) {
    const char *symbol = reason_symbol(reason);
    if (symbol == NULL) {
        return NULL;
    }
    char *name = arena_text(arena, view_text(symbol));
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    }
    return name;
}

void save_add_seat(struct array *array, int16_t seat) {
    if (seat == 0) {
        array_add_null(array);
    } else {
        array_add_int2(array, seat);
    }
}

void save_add_optional_uuid(struct array *array, bool present, struct uuid value) {
    if (present) {
        array_add_uuid(array, value);
    } else {
        array_add_null(array);
    }
}

/* A patient's other appointments are read without a lock on their slots, so one of them may have
 * ended meanwhile, and a login be taken: races. All other rows are locked or new. */
static enum status judge_count(const struct save *save, size_t index, size_t touched) {
    long long expected = save->queued[index].expected;
    enum statement statement = save->queued[index].statement;
    if (expected == SAVE_ANY_COUNT || (long long)touched == expected) {
        return STATUS_OK;
    }
    if (statement == STATEMENT_UPDATE_APPOINTMENTS || statement == STATEMENT_INSERT_ACCOUNTS) {
        return STATUS_CONFLICT;
    }
    log_error(
        "a save touched another number of rows than it should",
        LOG_TEXT("statement", statement_text(statement)->name),
        LOG_INT("touched", touched),
        LOG_INT("expected", expected));
    return STATUS_FATAL;
}

static enum status compare_counts(const struct save *save, PGresult **results) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < save->count; i++) {
        status = judge_count(save, i, result_affected(results[i]));
    }
    return status;
}

enum status store_save(
    struct store *store,
    const struct world *world,
    const struct answer *answers,
    size_t count,
    struct arena *arena) {
    struct save save = {.store = store, .arena = arena, .now_us = answers[0].decided_at_us};
    save_updated_appointments(&save, world);
    save_withdrawn_slots(&save, world);
    save_new_slots(&save, world);
    save_new_appointments(&save, world);
    save_accounts(&save, world);
    save_events(&save, world);
    save_purge(&save, world);
    save_log_ins(&save, world, answers, count);
    save_answers(&save, answers, count);
    PGresult **results = NULL;
    enum status status = pipeline_run(store->pipeline, &results);
    return status == STATUS_OK ? compare_counts(&save, results) : status;
}
