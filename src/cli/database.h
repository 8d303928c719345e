/* Statements of the subcommands that talk to PostgreSQL: one after the other, each checked. */
#ifndef SLOTKEEPER_CLI_DATABASE_H
#define SLOTKEEPER_CLI_DATABASE_H

#include "base/status.h"
#include "cli/cli.h"

#include <libpq-fe.h>

/* The owner's connection, database.admin_url. NULL with *error set; *exit_status says which of
 * EXIT_USAGE (the setting is missing) and EXIT_FAILED it is. */
PGconn *database_open(const struct cli *cli, int *exit_status, struct error *error) MUST_USE;

/* Runs one statement; parameters and results are text, a NULL parameter is null. *result is set on
 * STATUS_OK alone, the caller clears it. STATUS_RETRY: the server refuses, *error says why. */
struct statement {
    const char *sql;
    const char *const *values;
    int value_count;
};

enum status database_run(
    PGconn *connection,
    const struct statement *statement,
    PGresult **result,
    struct error *error) MUST_USE;

/* A statement without parameters whose result does not matter. */
enum status database_do(PGconn *connection, const char *sql, struct error *error) MUST_USE;

#endif
