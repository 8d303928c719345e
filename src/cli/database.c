/* Statements, each checked. */
#include "cli/database.h"

#include "postgres/connect.h"

PGconn *database_open(const struct cli *cli, int *exit_status, struct error *error) {
    const char *url = cli->settings->database_admin_url;
    *exit_status = EXIT_FAILED;
    if (url[0] == '\0') {
        *exit_status = EXIT_USAGE;
        (void)error_set(error, STATUS_INVALID, "database.admin_url is not set");
        return NULL;
    }
    return postgres_connect(url, 0, error);
}

enum status database_run(
    PGconn *connection, const struct statement *statement, PGresult **result, struct error *error) {
    *result = PQexecParams(
        connection, statement->sql, statement->value_count, NULL, statement->values, NULL, NULL, 0);
    ExecStatusType outcome = PQresultStatus(*result);
    if (outcome == PGRES_TUPLES_OK || outcome == PGRES_COMMAND_OK) {
        return STATUS_OK;
    }
    enum status status = postgres_error(error, STATUS_RETRY, connection, *result);
    PQclear(*result);
    *result = NULL;
    return status;
}

enum status database_do(PGconn *connection, const char *sql, struct error *error) {
    struct statement statement = {.sql = sql};
    PGresult *result;
    enum status status = database_run(connection, &statement, &result, error);
    if (status == STATUS_OK) {
        PQclear(result);
    }
    return status;
}
