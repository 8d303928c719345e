/* The rows of command_log, by (caller, command_id). */
#include "base/planted.h"
#include "postgres/save_parts.h"
#include "postgres/schema_version.h"

#include <stdlib.h>

static int by_caller_and_command(const void *a, const void *b) {
    const struct answer *left = *(const struct answer *const *)a;
    const struct answer *right = *(const struct answer *const *)b;
    int order = uuid_compare(left->caller, right->caller);
    order = order != 0 ? order : uuid_compare(left->command_id, right->command_id);
    return order != 0 ? order : (left->offset > right->offset) - (left->offset < right->offset);
}

struct answer_columns {
    struct array partitions, offsets, append_times, callers, command_ids, hashes, recallable, codes,
        outcome_schemas, outcomes, event_schemas, events, routes, dead_letters;
};

static void begin_answers(struct answer_columns *columns, struct arena *arena, size_t count) {
    array_begin(&columns->partitions, arena, ELEMENT_INT4, count);
    array_begin(&columns->offsets, arena, ELEMENT_INT8, count);
    array_begin(&columns->append_times, arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&columns->callers, arena, ELEMENT_UUID, count);
    array_begin(&columns->command_ids, arena, ELEMENT_UUID, count);
    array_begin(&columns->hashes, arena, ELEMENT_BYTEA, count);
    array_begin(&columns->recallable, arena, ELEMENT_BOOL, count);
    array_begin(&columns->codes, arena, ELEMENT_TEXT, count);
    array_begin(&columns->outcome_schemas, arena, ELEMENT_INT8, count);
    array_begin(&columns->outcomes, arena, ELEMENT_BYTEA, 4 * count);
    array_begin(&columns->event_schemas, arena, ELEMENT_INT8, count);
    array_begin(&columns->events, arena, ELEMENT_BYTEA, 5 * count);
    array_begin(&columns->routes, arena, ELEMENT_BYTEA, 3 * count);
    array_begin(&columns->dead_letters, arena, ELEMENT_BYTEA, count);
}

static void add_answer(
    struct answer_columns *columns, const struct answer *answer, struct arena *arena) {
    struct view hash = view_of(answer->content_hash.bytes, sizeof answer->content_hash.bytes);
    struct view dead_letter = answer->dead_letter.needed
                                  ? dead_letter_encode(arena, &answer->dead_letter)
                                  : view_of(NULL, 0);
    array_add_int4(&columns->partitions, answer->partition);
    array_add_int8(&columns->offsets, answer->offset);
    array_add_time(&columns->append_times, answer->append_time_us);
    save_add_optional_uuid(&columns->callers, answer->has_caller, answer->caller);
    save_add_optional_uuid(&columns->command_ids, answer->has_command_id, answer->command_id);
    array_add_bytes(&columns->hashes, answer->recallable ? hash : view_of(NULL, 0));
    array_add_bool(&columns->recallable, answer->recallable);
    array_add_bytes(&columns->codes, view_text(code_text(answer->code)));
    array_add_int8(&columns->outcome_schemas, (int64_t)answer->outcome_fingerprint);
    array_add_bytes(&columns->outcomes, answer->outcome);
    if (answer->event_count > 0) {
        array_add_int8(&columns->event_schemas, (int64_t)answer->event_fingerprint);
    } else {
        array_add_null(&columns->event_schemas);
    }
    array_add_bytes(&columns->events, event_bodies_encode(arena, answer));
    array_add_bytes(&columns->routes, route_encode(arena, &answer->route));
    array_add_bytes(&columns->dead_letters, dead_letter);
}

void save_answers(struct save *save, const struct answer *answers, size_t answer_count) {
    const struct answer **rows = ARENA_ARRAY(save->arena, const struct answer *, answer_count);
    size_t count = 0;
    for (size_t i = 0; i < answer_count; i++) {
        if (!PLANTED_EVERY(20, "row_skipped")) {
            rows[count++] = &answers[i];
        }
    }
    qsort(rows, count, sizeof rows[0], by_caller_and_command);
    struct answer_columns columns;
    begin_answers(&columns, save->arena, count);
    for (size_t i = 0; i < count; i++) {
        add_answer(&columns, rows[i], save->arena);
    }
    const struct array *arrays[] = {
        &columns.partitions,
        &columns.offsets,
        &columns.append_times,
        &columns.callers,
        &columns.command_ids,
        &columns.hashes,
        &columns.recallable,
        &columns.codes,
        &columns.outcome_schemas,
        &columns.outcomes,
        &columns.event_schemas,
        &columns.events,
        &columns.routes,
        &columns.dead_letters};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    parameters_add_text(parameters, save->store->topic);
    parameters_add_time(parameters, save->arena, save->now_us);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        parameters_add_array(parameters, arrays[i]);
    }
    parameters_add_int4(parameters, save->arena, SCHEMA_VERSION);
    save_queue(save, STATEMENT_INSERT_ANSWERS, parameters, (long long)count);
}
