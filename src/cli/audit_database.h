/* The chains as the database has them, read in one snapshot. */
#ifndef SLOTKEEPER_CLI_AUDIT_DATABASE_H
#define SLOTKEEPER_CLI_AUDIT_DATABASE_H

#include "cli/audit_finding.h"

#include <libpq-fe.h>

/* Begins the snapshot and makes a set of the right size, still empty. */
enum status audit_snapshot_begin(
    PGconn *connection, struct audit_set **set, struct error *error) MUST_USE;

/* Recomputes every chain, event by event, and fills the set; stops at the first finding. */
enum status audit_database_read(
    PGconn *connection,
    struct audit_set *set,
    struct audit_counts *counts,
    struct audit_finding *finding,
    struct error *error) MUST_USE;

/* What an event is read of: the columns of a row `e` of slot_event or account_event, behind the
 * chain's id in the first column. */
extern const char audit_event_columns[];

enum { AUDIT_EVENT_COLUMN_COUNT = 15 }; /* with the first */

/* Without previous_hash, which is the hash of the row before; `slot_id` is the first column,
 * whichever chain it is. `detail` is the result's. False: a word that this program does not know.
 */
bool audit_event_of_row(
    const PGresult *result, int index, bool account, struct audit_event *event) MUST_USE;

#endif
