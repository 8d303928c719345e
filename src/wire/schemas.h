/* The schemas built in, parsed once, read-only afterwards and shared by all threads. */
#ifndef SLOTKEEPER_WIRE_SCHEMAS_H
#define SLOTKEEPER_WIRE_SCHEMAS_H

#include "base/status.h"
#include "base/view.h"

struct schema;  /* one record schema */
struct schemas; /* all of them */

/* NULL with *error set: a schema built in does not parse, which is a defect of the build. */
struct schemas *schemas_new(struct error *error) MUST_USE;
void schemas_destroy(struct schemas *schemas);

/* By CRC-64-AVRO of the Parsing Canonical Form; by full name ("slotkeeper.command.BookSlot"); NULL:
 * none. */
const struct schema *schemas_by_fingerprint(const struct schemas *schemas, uint64_t fingerprint);
const struct schema *schemas_by_name(const struct schemas *schemas, const char *full_name);
size_t schemas_count(const struct schemas *schemas);
const struct schema *schemas_at(
    const struct schemas *schemas, size_t index); /* sorted by full name */

const char *schema_full_name(const struct schema *schema);
const char *schema_name(const struct schema *schema); /* without namespace */
uint64_t schema_fingerprint(const struct schema *schema);
const char *schema_canonical_form(const struct schema *schema);
const char *schema_text(const struct schema *schema); /* the .avsc */

/* CRC-64-AVRO of any bytes, as the Avro specification defines it. */
uint64_t crc64_avro(struct view bytes);

#endif
