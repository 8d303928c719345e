/* The folder of schemas that other releases write with (`schemas.dir`). */
#ifndef SLOTKEEPER_APP_WRITER_SCHEMAS_H
#define SLOTKEEPER_APP_WRITER_SCHEMAS_H

#include "wire/schemas.h"

/* Adds what *.avsc files of the folder hold and is not known yet, in the order of their names. By
 * one thread at a time; others may use the schemas meanwhile. STATUS_INVALID with *error naming the
 * folder, or the first file that is not taken: those before it are. *count: how many were added. */
enum status writer_schemas_read(
    struct schemas *schemas, const char *folder, size_t *count, struct error *error) MUST_USE;

/* The same while running, with what came of it in the log; nothing for an empty `folder`. */
void writer_schemas_reload(struct schemas *schemas, const char *folder);

#endif
