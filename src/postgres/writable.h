/* Whether a server takes what is written: not every one that calls itself a primary does. */
#ifndef SLOTKEEPER_POSTGRES_WRITABLE_H
#define SLOTKEEPER_POSTGRES_WRITABLE_H

#include "base/status.h"

#include <libpq-fe.h>

/* Proves it by a COMMIT that leaves nothing behind, and blocks until that is done. STATUS_LOST,
 * with the server left as it was: every COMMIT would wait for a synchronous standby, and there is
 * none. STATUS_RETRY: PostgreSQL refused, or the link broke. */
enum status writable_check(PGconn *connection, struct error *error) MUST_USE;

#endif
