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

#endif
