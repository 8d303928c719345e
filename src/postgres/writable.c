/* A primary whose standby was promoted, and which is started again as it was, takes connections and
 * statements, and lets every COMMIT wait for a standby that never comes. A session that found that
 * out in the group would keep its partitions from healthy workers meanwhile. */
#include "postgres/writable.h"

#include "postgres/connect.h"

#include <string.h>

/* Of a standby's row only its existence is shown to whoever lacks pg_read_all_stats. */
static const char standby_sql[] =
    "SELECT current_setting('synchronous_standby_names') = '' OR EXISTS (SELECT FROM "
    "pg_stat_get_wal_senders() WHERE sync_state IS NULL OR sync_state IN ('sync', 'quorum'))";

/* A record in the write-ahead log that means nothing to anybody: without one a COMMIT waits for
 * nothing. */
static const char write_sql[] =
    "BEGIN; SELECT pg_logical_emit_message(true, 'slotkeeper', ''); COMMIT";

static enum status find_standby(PGconn *connection, struct error *error) {
    PGresult *result = PQexec(connection, standby_sql);
    enum status status = STATUS_OK;
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        status = postgres_error(error, STATUS_RETRY, connection, result);
    } else if (strcmp(PQgetvalue(result, 0, 0), "t") != 0) {
        status = error_set(
            error,
            STATUS_LOST,
            "PostgreSQL at %s port %s waits for a synchronous standby that is not there: nothing "
            "could be committed",
            PQhost(connection),
            PQport(connection));
    }
    PQclear(result);
    return status;
}

enum status writable_check(PGconn *connection, struct error *error) {
    enum status status = find_standby(connection, error);
    return status == STATUS_OK ? postgres_run(connection, write_sql, error) : status;
}
