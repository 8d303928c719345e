/* Taking, keeping and giving back partitions, and what is durable but perhaps unpublished. */
#include "postgres/progress.h"

#include "base/log.h"
#include "postgres/row.h"

#include <stdio.h>

enum { TAKE_ATTEMPTS_MAX = 3 };

/* A statement of its own, committed by itself. */
static enum status run_alone(
    struct pipeline *pipeline,
    enum statement statement,
    const struct parameters *parameters,
    PGresult ***results) {
    pipeline_queue(pipeline, STATEMENT_BEGIN, NULL);
    pipeline_queue(pipeline, statement, parameters);
    enum status status = pipeline_run(pipeline, results);
    if (status != STATUS_OK) {
        pipeline_rollback(pipeline);
    }
    return status;
}

static struct parameters owner_parameters(
    const struct progress_owner *owner, int32_t number, struct arena *arena) {
    struct parameters parameters = {.count = 0};
    parameters_add_text(&parameters, owner->topic);
    parameters_add_int4(&parameters, arena, number);
    return parameters;
}

static void read_taken(const PGresult *result, struct arena *arena, struct progress_taken *taken) {
    struct partition *partition = &taken->partition;
    *partition = (struct partition){.number = taken->number, .last_offset = -1};
    partition->next_offset = row_int8(result, 0, 0);
    partition->published_offset = row_int8(result, 0, 1);
    partition->noted_offset = partition->published_offset;
    partition->generation = row_int8(result, 0, 2);
    struct view cluster_id = row_bytes(result, 0, 3);
    (void)snprintf(
        taken->cluster_id,
        sizeof taken->cluster_id,
        "%.*s",
        (int)cluster_id.size,
        (const char *)cluster_id.data);
    if (!row_is_null(result, 0, 4)) {
        partition->last_offset = row_int8(result, 0, 4);
        partition->last_append_time_us = row_time_us(result, 0, 5);
        partition->last_hash = row_digest(result, 0, 6);
    }
    partition->settled_below = row_is_null(result, 0, 8) ? 0 : row_int8(result, 0, 8);
    partition->tokens_valid_from_us = row_is_null(result, 0, 9) ? 0 : row_time_us(result, 0, 9);
    taken->to_fence = arena_text(arena, row_bytes(result, 0, 7));
}

enum status progress_take(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    struct arena *arena,
    struct progress_taken *taken) {
    struct parameters parameters = owner_parameters(owner, taken->number, arena);
    parameters_add_text(&parameters, owner->cluster_id);
    parameters_add_int8(&parameters, arena, taken->low_offset);
    parameters_add_uuid(&parameters, arena, owner->owner);
    parameters_add_text(&parameters, owner->transactional_id);
    PGresult **results = NULL;
    enum status status = run_alone(pipeline, STATEMENT_TAKE_PARTITION, &parameters, &results);
    for (int i = 1; i < TAKE_ATTEMPTS_MAX && pipeline_lock_timed_out(pipeline); i++) {
        pipeline_terminate_stalled(pipeline); /* the owner before was stopped in a transaction */
        status = run_alone(pipeline, STATEMENT_TAKE_PARTITION, &parameters, &results);
    }
    if (status == STATUS_OK) {
        read_taken(results[1], arena, taken);
        status = pipeline_commit(pipeline);
    }
    return status;
}

/* An update of one row that must still be ours. */
static enum status update_own(
    struct pipeline *pipeline, enum statement statement, const struct parameters *parameters) {
    PGresult **results = NULL;
    enum status status = run_alone(pipeline, statement, parameters, &results);
    if (status != STATUS_OK) {
        return status;
    }
    size_t touched = result_affected(results[1]);
    status = pipeline_commit(pipeline);
    return status == STATUS_OK && touched != 1 ? STATUS_LOST : status;
}

enum status progress_drop_fenced(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    int32_t number,
    struct view transactional_id,
    struct arena *arena) {
    struct parameters parameters = owner_parameters(owner, number, arena);
    parameters_add_uuid(&parameters, arena, owner->owner);
    parameters_add_text(&parameters, transactional_id);
    return update_own(pipeline, STATEMENT_DROP_FENCED, &parameters);
}

enum status progress_release(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    const struct partition *partition,
    struct arena *arena) {
    struct parameters parameters = owner_parameters(owner, partition->number, arena);
    parameters_add_uuid(&parameters, arena, owner->owner);
    parameters_add_int8(&parameters, arena, partition->published_offset);
    return update_own(pipeline, STATEMENT_RELEASE_PARTITION, &parameters);
}

enum status progress_note_published(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    const struct partition *partition,
    struct arena *arena) {
    struct parameters parameters = owner_parameters(owner, partition->number, arena);
    parameters_add_uuid(&parameters, arena, owner->owner);
    parameters_add_int8(&parameters, arena, partition->published_offset);
    return update_own(pipeline, STATEMENT_NOTE_PUBLISHED, &parameters);
}

enum status progress_note_end(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    struct partition *partition,
    struct arena *arena) {
    struct parameters parameters = owner_parameters(owner, partition->number, arena);
    parameters_add_uuid(&parameters, arena, owner->owner);
    parameters_add_int8(&parameters, arena, partition->next_offset);
    parameters_add_int8(&parameters, arena, partition->end_offset);
    enum status status = update_own(pipeline, STATEMENT_NOTE_END, &parameters);
    if (status == STATUS_OK) {
        partition->next_offset = partition->end_offset;
        partition->published_offset = partition->end_offset;
        partition->noted_offset = partition->end_offset;
    }
    return status;
}

static bool read_events(
    const PGresult *result, int row, struct answer_reader *reader, struct answer *answer) {
    struct view bodies = arena_copy(reader->arena, row_bytes(result, row, 8));
    if (!event_bodies_decode(reader->arena, bodies, answer)) {
        return false;
    }
    if (answer->event_count > 0) {
        answer->event_fingerprint = (uint64_t)row_int8(result, row, 7);
    }
    for (size_t i = 0; i < answer->event_count; i++) {
        struct event_summary summary;
        if (!codec_read_event(
                reader->codec, answer->event_fingerprint, answer->events[i].body, &summary)) {
            return false;
        }
        answer->events[i].event_id = summary.event_id;
        answer->events[i].chain_id = summary.chain_id;
        answer->events[i].occurred_at_us = summary.occurred_at_us;
    }
    return true;
}

static bool read_answer(
    const PGresult *result, int row, struct answer_reader *reader, struct answer *answer) {
    answer->offset = row_int8(result, row, 0);
    answer->append_time_us = row_time_us(result, row, 1);
    answer->has_caller = !row_is_null(result, row, 2);
    answer->has_command_id = !row_is_null(result, row, 3);
    answer->outcome_fingerprint = (uint64_t)row_int8(result, row, 5);
    answer->outcome = arena_copy(reader->arena, row_bytes(result, row, 6));
    struct outcome_summary summary;
    if (!codec_read_outcome(reader->codec, answer->outcome_fingerprint, answer->outcome, &summary)
        || !route_decode(arena_copy(reader->arena, row_bytes(result, row, 9)), &answer->route)
        || !read_events(result, row, reader, answer)) {
        return false;
    }
    answer->outcome_id = summary.outcome_id;
    answer->code = summary.code;
    answer->outcome_time_us = summary.decided_at_us;
    struct view letter = arena_copy(reader->arena, row_bytes(result, row, 10));
    return letter.data == NULL || dead_letter_decode(reader->arena, letter, &answer->dead_letter);
}

static enum status read_answers(
    const PGresult *result, int32_t number, struct answer_reader *reader) {
    size_t count = (size_t)PQntuples(result);
    reader->answers = ARENA_ARRAY(reader->arena, struct answer, count);
    for (reader->count = 0; reader->count < count; reader->count++) {
        struct answer *answer = &reader->answers[reader->count];
        answer->partition = number;
        if (!read_answer(result, (int)reader->count, reader, answer)) {
            log_error(
                "a row of command_log cannot be read",
                LOG_INT("partition", number),
                LOG_INT("offset", answer->offset));
            return STATUS_FATAL;
        }
    }
    return STATUS_OK;
}

enum status progress_load_unpublished(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    const struct unpublished_window *window,
    struct answer_reader *reader) {
    struct parameters parameters = owner_parameters(owner, window->number, reader->arena);
    parameters_add_int8(&parameters, reader->arena, window->from_offset);
    parameters_add_int8(&parameters, reader->arena, window->below_offset);
    parameters_add_int4(&parameters, reader->arena, PROGRESS_UNPUBLISHED_MAX);
    PGresult **results = NULL;
    pipeline_queue(pipeline, STATEMENT_LOAD_UNPUBLISHED, &parameters);
    enum status status = pipeline_run(pipeline, &results);
    return status == STATUS_OK ? read_answers(results[0], window->number, reader) : status;
}
