/* The chains as the audit topic has them, against those of the database. */
#ifndef SLOTKEEPER_CLI_AUDIT_TOPIC_H
#define SLOTKEEPER_CLI_AUDIT_TOPIC_H

#include "cli/audit_finding.h"
#include "cli/consumer.h"
#include "cli/render.h"

struct audit_topic {
    struct consumer *consumer;
    struct renderer *renderer;
    /* High watermarks: an event below the first was in the database before the snapshot; an event
     * that was published before the snapshot is below the second. One offset a partition each. */
    const int64_t *ends_before;
    const int64_t *ends_after;
    int64_t timeout_us; /* without any record or end */
};

/* Reads up to ends_after, marks what it sees, and stops at the first finding: a record that is no
 * event, differs, or is not in the set although it is older than the snapshot. */
enum status audit_topic_read(
    const struct audit_topic *topic,
    struct audit_set *set,
    struct audit_counts *counts,
    struct audit_finding *finding,
    struct error *error) MUST_USE;

/* What is in the set and was not seen, and should have been: the first by chain and sequence. */
void audit_topic_find_missing(
    const struct audit_set *set, struct audit_counts *counts, struct audit_finding *finding);

#endif
