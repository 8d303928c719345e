/* One purge as `audit verify` sees it: the rows that note what it took, against its event. */
#ifndef SLOTKEEPER_CLI_AUDIT_PURGE_H
#define SLOTKEEPER_CLI_AUDIT_PURGE_H

#include "cli/audit_finding.h"
#include "domain/purge.h"

struct audit_purge {
    struct uuid event_id; /* as the rows name it */
    bool has_event;       /* an event of that id and of reason PURGED is there */
    struct uuid account_id;
    int64_t sequence;
    char detail[PURGE_RECORD_TEXT_SIZE]; /* its own; empty: none, or too long */
    struct digester heads;
    int64_t slots;
    int64_t events;
    struct uuid first_slot_id;
};

/* `detail`: the event's; data NULL: none. */
void audit_purge_begin(struct audit_purge *purge, struct view detail);
/* Slots in ascending order of their ids. */
void audit_purge_add(struct audit_purge *purge, struct uuid slot_id, const struct chain *chain);
/* Whether the event names exactly what was added. The number of appointments is nowhere else, and
 * taken from it. Ends the digest. */
bool audit_purge_is_true(struct audit_purge *purge) MUST_USE;
/* Names the event, or without one the first slot. */
struct audit_finding audit_purge_finding(const struct audit_purge *purge) MUST_USE;

#endif
