/* Opening a connection to PostgreSQL. */
#ifndef SLOTKEEPER_POSTGRES_CONNECT_H
#define SLOTKEEPER_POSTGRES_CONNECT_H

#include "base/status.h"

#include <libpq-fe.h>

#include <stddef.h>

/* A connection from a conninfo string or a URI, which may name connect_timeout (else 5 s) and
 * tcp_user_timeout (else 10 s); client_encoding is UTF8 and the session's time zone UTC whatever it
 * says. search_path is the role's own, pinned by the migrations. The first `skip` of its hosts are
 * left out, which must be fewer than there are. Blocks up to the connect timeout a host. NULL with
 * *error set, which never holds the password. The caller closes it with PQfinish.
 */
PGconn *postgres_connect(const char *url, size_t skip, struct error *error) MUST_USE;

/* How many hosts it names; 1 for one that names none, or cannot be read. */
size_t postgres_host_count(const char *url) MUST_USE;

/* What the server said of a result that failed: SQLSTATE and its one-line message, without the
 * detail that quotes rows. `result` NULL: what libpq says of the connection. Returns `status`. */
enum status postgres_error(
    struct error *error, enum status status, const PGconn *connection, const PGresult *result);

/* Statements of which the last returns no rows; blocks until they are done. STATUS_RETRY:
 * PostgreSQL refused, or the link broke; *error is what postgres_error says. */
enum status postgres_run(PGconn *connection, const char *sql, struct error *error) MUST_USE;

#endif
