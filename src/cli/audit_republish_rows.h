/* The database's side of `audit republish`: which events are to be published, read in chain order.
 */
#ifndef SLOTKEEPER_CLI_AUDIT_REPUBLISH_ROWS_H
#define SLOTKEEPER_CLI_AUDIT_REPUBLISH_ROWS_H

#include "app/settings.h"
#include "domain/outcome.h"
#include "kafka/topics.h"

#include <libpq-fe.h>

/* Makes the tables of this session that hold what is on the topic, and begins the snapshot. *total:
 * events in it. */
enum status republish_begin(PGconn *connection, int64_t *total, struct error *error) MUST_USE;

/* What the worker has still to publish by itself: answers from this offset of the request topic's
 * partition on. `committed` negative: Kafka says nothing, so what the database says counts. */
struct republish_border {
    const char *topic;
    bool accounts; /* it is the topic of account commands */
    int32_t partition;
    int64_t committed;
};
enum status republish_set_border(
    PGconn *connection, const struct republish_border *border, struct error *error) MUST_USE;

/* These events are on the topic. */
enum status republish_note_present(
    PGconn *connection, const struct uuid *event_ids, size_t count, struct error *error) MUST_USE;

enum republish_state {
    REPUBLISH_MISSING,
    REPUBLISH_PRESENT, /* on the topic */
    REPUBLISH_WAITING, /* a worker publishes it, or has done so since */
};

struct republish_row {
    struct audit_event event; /* previous_hash and hash set, and right */
    enum republish_state state;
    struct view route; /* of the answer that it belongs to, while the log has it; else absent */
};

/* Every event of every chain in order; stops at the first failure of `take`. STATUS_FATAL: a chain
 * that is broken. */
enum status republish_read(
    PGconn *connection,
    enum status (*take)(void *self, const struct republish_row *row, struct error *error),
    void *self,
    struct error *error) MUST_USE;

#endif
