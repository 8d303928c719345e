/* Which schemas this worker was built for. */
#ifndef SLOTKEEPER_POSTGRES_SCHEMA_VERSION_H
#define SLOTKEEPER_POSTGRES_SCHEMA_VERSION_H

#include "base/status.h"

#include <libpq-fe.h>

enum { SCHEMA_VERSION = 3 };

/* STATUS_OK if the database's schema is SCHEMA_VERSION, or a later one that still takes workers of
 * SCHEMA_VERSION; else STATUS_FATAL with a sentence that names both. STATUS_RETRY: the link broke.
 */
enum status schema_version_check(PGconn *connection, struct error *error) MUST_USE;

#endif
