/* What `recover` makes of a partition, from what PostgreSQL and Kafka each say of it. Pure. */
#ifndef SLOTKEEPER_CLI_RECOVER_PLAN_H
#define SLOTKEEPER_CLI_RECOVER_PLAN_H

#include "engine/takeover.h"

/* The record at the database's last_offset. */
enum last_record {
    LAST_UNKNOWN, /* the database has consumed none, or the topic no longer has it */
    LAST_SAME,
    LAST_OTHER,
};

struct recover_facts {
    struct partition partition; /* as the database has it */
    bool has_row;               /* false: `partition` is what a worker would begin with */
    const char *cluster_in_database;
    const char *cluster_here;
    int64_t committed_offset; /* the group's; negative: none */
    int64_t low_watermark;
    int64_t high_watermark;
    enum last_record last;
};

/* Offsets from .. below-1; empty when from >= below. Offsets of transactions' markers count. */
struct offset_range {
    int64_t from;
    int64_t below;
};

struct recover_plan {
    const char *found;   /* a word as the worker says it; NULL: in order, all stays as it is */
    struct error reason; /* the sentence for it */
    bool other_topic;    /* the records are not those that the database has consumed */

    struct offset_range again;  /* answered before, decided again under new ids */
    struct offset_range lost;   /* answered before; neither effect nor record is there any more */
    struct offset_range unread; /* gone before they were read: nobody answers them */
    struct offset_range resent; /* decided; their answers may be published twice, byte by byte */
    struct offset_range unsent; /* of the topic before: decided, their answers perhaps never sent */
    int64_t old_topic_read_from; /* negative; or of the topic before records from here on were not
                                    read: how many is not known */

    int64_t next_offset;
    int64_t published_offset;
    int64_t commit_offset; /* the group's offset from now on; negative: it stays */
    bool raises_generation;
};

bool range_is_empty(struct offset_range range) MUST_USE;

struct recover_plan recover_plan(const struct recover_facts *facts) MUST_USE;

/* What Kafka has answers of and the database has not: tokens from before are not to be trusted. */
bool recover_loses_effects(const struct recover_plan *plan) MUST_USE;

/* Records below it were answered before, or are decided in the database: their age counts as of
 * when they were appended. */
int64_t recover_settled_below(
    const struct recover_facts *facts, const struct recover_plan *plan) MUST_USE;

#endif
