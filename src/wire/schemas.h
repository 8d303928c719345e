/* The schemas of this release, those that earlier releases wrote with, and those that later ones
 * do; shared by all threads. */
#ifndef SLOTKEEPER_WIRE_SCHEMAS_H
#define SLOTKEEPER_WIRE_SCHEMAS_H

#include "base/status.h"
#include "base/view.h"

struct schema;  /* one record schema */
struct schemas; /* all of them */

enum { SCHEMAS_ADDED_MAX = 64 };

/* What is built in. NULL with *error set: a schema does not parse, or one of an earlier release
 * cannot be read any more, which is a defect of the build. */
struct schemas *schemas_new(struct error *error) MUST_USE;
void schemas_destroy(struct schemas *schemas);

/* Adds what another release writes with, until schemas_destroy; *added is false if it is known
 * already. Other threads may read meanwhile, none may add. STATUS_INVALID with *error set, and
 * nothing is added: no schema of a record, none of a name that this release has, one that cannot be
 * read as ours, or more than SCHEMAS_ADDED_MAX. */
enum status schemas_add(
    struct schemas *schemas, struct view text, bool *added, struct error *error) MUST_USE;

/* Any, by CRC-64-AVRO of the Parsing Canonical Form; NULL: none. */
const struct schema *schemas_by_fingerprint(const struct schemas *schemas, uint64_t fingerprint);
/* Of this release, by full name ("slotkeeper.command.BookSlot"); NULL: none. */
const struct schema *schemas_by_name(const struct schemas *schemas, const char *full_name);
/* Of this release, sorted by full name. */
size_t schemas_count(const struct schemas *schemas);
const struct schema *schemas_at(const struct schemas *schemas, size_t index);

const char *schema_full_name(const struct schema *schema);
const char *schema_name(const struct schema *schema); /* without namespace */
uint64_t schema_fingerprint(const struct schema *schema);
const char *schema_canonical_form(const struct schema *schema);
const char *schema_text(const struct schema *schema); /* the .avsc */

/* CRC-64-AVRO of any bytes, as the Avro specification defines it. */
uint64_t crc64_avro(struct view bytes);

#endif
