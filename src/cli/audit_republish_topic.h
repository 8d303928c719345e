/* Kafka's side of `audit republish`: what is on the audit topic, and publishing to it. */
#ifndef SLOTKEEPER_CLI_AUDIT_REPUBLISH_TOPIC_H
#define SLOTKEEPER_CLI_AUDIT_REPUBLISH_TOPIC_H

#include "cli/audit_republish_rows.h"
#include "cli/render.h"

/* Calls `note` with the ids of the events on the topic, some at a time, up to where it ends now.
 * Records that are no events are counted like the others, and left to `audit verify`. */
struct republish_scan {
    const struct settings *settings;
    struct renderer *renderer;
    int64_t timeout_us; /* without any record or end */
    enum status (*note)(
        void *self, const struct uuid *event_ids, size_t count, struct error *error);
    void *self;
};
enum status republish_scan(
    const struct republish_scan *scan, int64_t *records, struct error *error) MUST_USE;

struct republisher;

/* `found` says how many partitions the topics have. The renderer must outlive it. NULL with *error
 * set. */
struct republisher *republisher_new(
    const struct settings *settings,
    struct renderer *renderer,
    const struct topics_found *found,
    struct error *error) MUST_USE;
void republisher_destroy(struct republisher *republisher);

/* Hands one event over: waits while librdkafka's own queue, which is bounded, is full. */
enum status republisher_publish(
    struct republisher *republisher, const struct republish_row *row, struct error *error) MUST_USE;
/* Until every event handed over is confirmed. */
enum status republisher_finish(struct republisher *republisher, struct error *error) MUST_USE;
/* Events that Kafka has confirmed. */
int64_t republisher_confirmed(const struct republisher *republisher) MUST_USE;

#endif
