/* A member of the worker group on one request topic: gathers batches of records, and hands
 * rebalances to the session. One a session. */
#ifndef SLOTKEEPER_KAFKA_MEMBER_H
#define SLOTKEEPER_KAFKA_MEMBER_H

#include "base/arena.h"
#include "kafka/property.h"
#include "wire/record.h"

#include <librdkafka/rdkafka.h>

struct member_settings {
    struct kafka_properties properties;
    const char *group;
    const char *topic;
    const char *instance_id; /* "": dynamic membership */
    size_t batch_max;        /* records */
    size_t batch_bytes_max; /* values, keys and headers together; a single larger record still comes
                               alone */
    int64_t interval_us;    /* at least so long after a batch of more than one record comes one that
                               is not full, */
    int64_t linger_us;      /* and so long after any batch one that may wait */
};

/* A partition that the group gives to this member. */
struct assigned_partition {
    int32_t number;
    int64_t start_offset; /* set by the session */
    bool consume;         /* set by the session; false: it is stopped */
};

/* Called inside member_gather and member_close, in the session's thread. */
struct member_events {
    void *self;
    enum status (*assigned)(void *self, struct assigned_partition *partitions, size_t count);
    void (*revoked)(void *self);
    void (*reached_end)(
        void *self, int32_t partition, int64_t offset); /* nothing more stands below */
    void (*cannot_read)(
        void *self, int32_t partition, const char *why); /* the partition is stopped */
    /* Nothing more is there now than records[0 .. count), which only grow until the batch is given
     * or a rebalance throws them away: may they wait for more? */
    bool (*may_wait)(void *self, const struct record *records, size_t count);
};

struct member;

/* Subscribes. What the settings point to must outlive it. NULL with *error set. */
struct member *member_new(
    const struct member_settings *settings,
    const struct member_events *events,
    struct error *error) MUST_USE;
/* Leaves the group: the partitions are revoked first. */
void member_close(struct member *member);

rd_kafka_t *member_client(struct member *member);

/* Waits up to wait_ms for a first record and takes what else is there, up to the batch's bounds; of
 * records that may wait, takes what comes until linger_us after the last batch, or until one comes
 * that may not; of others, what comes until interval_us after it, if that held more than one.
 * The records' headers are in the arena; all views are valid until member_release. STATUS_OK with
 * *count 0: nothing came, or a rebalance threw away what had come. STATUS_LOST or STATUS_RETRY: the
 * session ends. */
enum status member_gather(
    struct member *member,
    int wait_ms,
    struct arena *arena,
    struct record **records,
    size_t *count) MUST_USE;
void member_release(struct member *member);

/* The end of the partition as the broker last told, or a negative number: it has not. */
int64_t member_high_watermark(struct member *member, int32_t partition);

#endif
