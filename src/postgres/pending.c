/* The outbox of `admin`. */
#include "postgres/pending.h"

#include "postgres/row.h"

enum status pending_load(
    struct pipeline *pipeline, struct arena *arena, struct pending_event **events, size_t *count) {
    struct parameters parameters = {.count = 0};
    PGresult **results = NULL;
    parameters_add_int4(&parameters, arena, PENDING_EVENTS_MAX);
    pipeline_queue(pipeline, STATEMENT_LOAD_PENDING_EVENTS, &parameters);
    enum status status = pipeline_run(pipeline, &results);
    *count = status == STATUS_OK ? (size_t)PQntuples(results[0]) : 0;
    *events = ARENA_ARRAY(arena, struct pending_event, *count);
    for (size_t i = 0; i < *count; i++) {
        (*events)[i] = (struct pending_event){
            .position = row_int8(results[0], (int)i, 0),
            .fingerprint = (uint64_t)row_int8(results[0], (int)i, 1),
            .body = arena_copy(arena, row_bytes(results[0], (int)i, 2))};
    }
    return status;
}

enum status pending_delete(struct pipeline *pipeline, struct arena *arena, int64_t position) {
    struct parameters parameters = {.count = 0};
    parameters_add_int8(&parameters, arena, position);
    pipeline_queue(pipeline, STATEMENT_BEGIN, NULL);
    pipeline_queue(pipeline, STATEMENT_DELETE_PENDING_EVENTS, &parameters);
    enum status status = pipeline_run(pipeline, NULL);
    if (status != STATUS_OK) {
        pipeline_rollback(pipeline);
        return status;
    }
    return pipeline_commit(pipeline);
}
