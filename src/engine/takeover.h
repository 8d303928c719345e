/* Whether a partition may be gone on with, from what PostgreSQL and Kafka each say of it. Pure. */
#ifndef SLOTKEEPER_ENGINE_TAKEOVER_H
#define SLOTKEEPER_ENGINE_TAKEOVER_H

#include "engine/ports.h"

struct takeover {
    const struct partition *partition; /* as the database has it */
    const char *cluster_in_database;
    const char *cluster_here;
    int64_t committed_offset; /* the group's, stable; negative: none */
    int64_t low_watermark;
    int64_t high_watermark;
};

/* NULL: go on. Else one word for what was found, and in *error the sentence for an operator; the
 * partition stays stopped until `slotkeeper recover`, or until the cause is gone. */
const char *takeover_refusal(const struct takeover *takeover, struct error *error) MUST_USE;

/* Where to consume from: the last record consumed, if it is still there, so that it can be seen to
 * be the same one; else behind it. */
int64_t takeover_start_offset(const struct takeover *takeover);

/* Where queries go on: at Kafka's committed offset, or at the first record there is. */
int64_t takeover_first_query(const struct takeover *takeover);

/* The first offset whose answer may be unpublished. Kafka's own word counts, so that an operator
 * who sets the group back has the answers published again. */
int64_t takeover_publish_from(const struct takeover *takeover);

/* False: the record at last_offset is not the one that was consumed there, so the topic has been
 * made again. */
bool takeover_same_record(
    const struct partition *partition, int64_t append_time_us, struct view value);

#endif
