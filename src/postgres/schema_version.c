/* The migrations keep one row: the schema's version, and the oldest worker that it still takes. */
#include "postgres/schema_version.h"

#include <stdlib.h>

static enum status judge_versions(long version, long oldest_worker, struct error *error) {
    if (version < SCHEMA_VERSION) {
        return error_set(
            error,
            STATUS_FATAL,
            "the database's schema is version %ld, this worker needs version %d: deploy the "
            "migrations first",
            version,
            (int)SCHEMA_VERSION);
    }
    if (oldest_worker > SCHEMA_VERSION) {
        return error_set(
            error,
            STATUS_FATAL,
            "the database's schema is version %ld and takes workers built for version %ld or "
            "later, this one was"
            " built for version %d: install a later worker",
            version,
            oldest_worker,
            (int)SCHEMA_VERSION);
    }
    return STATUS_OK;
}

enum status schema_version_check(PGconn *connection, struct error *error) {
    PGresult *result = PQexec(connection, "SELECT version, oldest_worker FROM schema_version");
    enum status status = STATUS_OK;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        status = judge_versions(
            strtol(PQgetvalue(result, 0, 0), NULL, 10),
            strtol(PQgetvalue(result, 0, 1), NULL, 10),
            error);
    } else if (PQstatus(connection) == CONNECTION_OK) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        status = error_set(
            error,
            STATUS_FATAL,
            "the database holds no slotkeeper schema that this role may read (SQLSTATE %s): deploy "
            "the migrations"
            " first, and check database.url",
            state == NULL ? "none" : state);
    } else {
        status = error_set(
            error, STATUS_RETRY, "the database link broke while the schema's version was read");
    }
    PQclear(result);
    return status;
}
