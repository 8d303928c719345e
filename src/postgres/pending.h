/* Audit events that were written without a request record, by `admin`, and wait for a worker to
 * publish them. */
#ifndef SLOTKEEPER_POSTGRES_PENDING_H
#define SLOTKEEPER_POSTGRES_PENDING_H

#include "engine/answer.h"
#include "postgres/pipeline.h"

struct pending_event {
    int64_t position; /* rises; gaps are possible */
    uint64_t fingerprint;
    struct view body;
};

enum { PENDING_EVENTS_MAX = 100 };

/* At most PENDING_EVENTS_MAX of them, the oldest first, in the arena. */
enum status pending_load(
    struct pipeline *pipeline,
    struct arena *arena,
    struct pending_event **events,
    size_t *count) MUST_USE;
/* Those below `position` are published. */
enum status pending_delete(
    struct pipeline *pipeline, struct arena *arena, int64_t position) MUST_USE;

#endif
