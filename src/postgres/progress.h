/* Who owns a partition and how far it has come: the rows of partition_progress. */
#ifndef SLOTKEEPER_POSTGRES_PROGRESS_H
#define SLOTKEEPER_POSTGRES_PROGRESS_H

#include "engine/ports.h"
#include "postgres/pipeline.h"
#include "wire/codec.h"

struct progress_owner {
    struct view topic;
    struct view cluster_id;
    struct uuid owner;            /* this session's: unique per incarnation */
    struct view transactional_id; /* what a successor must fence */
};

struct progress_taken {
    int32_t number;     /* given: which partition */
    int64_t low_offset; /* given: where a new row begins */
    struct partition partition;
    char cluster_id[128]; /* as the row has it: another one is another cluster's */
    char *to_fence;       /* transactional ids, separated by spaces; in the arena */
};

/* Makes the row ours and commits. The commit is the barrier: from
 * here on nothing that an owner before has left undecided can become durable. */
enum status progress_take(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    struct arena *arena,
    struct progress_taken *taken) MUST_USE;

/* The rest say WHERE owner = ours, and are STATUS_LOST if it no longer is. */
enum status progress_drop_fenced(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    int32_t number,
    struct view transactional_id,
    struct arena *arena) MUST_USE;
enum status progress_release(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    const struct partition *partition,
    struct arena *arena) MUST_USE;
/* Writes published_offset, which the next claim would do too, while no record comes. */
enum status progress_note_published(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    const struct partition *partition,
    struct arena *arena) MUST_USE;

/* All records below end_offset are answered and published: goes on from there. The partition's
 * offsets follow. */
enum status progress_note_end(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    struct partition *partition,
    struct arena *arena) MUST_USE;

struct unpublished_window {
    int32_t number;
    int64_t from_offset;
    int64_t below_offset;
};

struct answer_reader {
    struct arena *arena;
    struct codec *codec;
    struct answer *answers; /* set by the call */
    size_t count;
};

enum { PROGRESS_UNPUBLISHED_MAX = 200 };
/* At most PROGRESS_UNPUBLISHED_MAX answers of the window, in order, in the arena. STATUS_FATAL: a
 * row cannot be read. */
enum status progress_load_unpublished(
    struct pipeline *pipeline,
    const struct progress_owner *owner,
    const struct unpublished_window *window,
    struct answer_reader *reader) MUST_USE;

#endif
