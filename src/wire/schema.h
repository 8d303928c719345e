/* What the wire layer knows of one schema. */
#ifndef SLOTKEEPER_WIRE_SCHEMA_H
#define SLOTKEEPER_WIRE_SCHEMA_H

#include "wire/schemas.h"
#include "wire/walker.h"

#include <avro.h>

enum { SCHEMA_TEXT_MAX = 256 * 1024, SCHEMA_FIELDS_MAX = 64 };

struct schema {
    size_t index; /* among all: those of this release by full name, earlier ones, added ones */
    const char *text;
    const char *full_name;
    const char *name;
    const char *canonical_form;
    uint64_t fingerprint;
    const struct type *type; /* a record */
    const struct program *program;
    json_t *json;       /* what `type` points into */
    avro_schema_t avro; /* its reference count is atomic: threads may share it */
};

/* One record schema from its text, which must outlive it; the parts are in the arena. After a
 * failure, too, schema_clean_up gives back what is not. */
enum status schema_init(
    struct schema *schema, const char *text, struct arena *arena, struct error *error) MUST_USE;
void schema_clean_up(struct schema *schema);

/* All of them; NULL: not so many. */
const struct schema *schemas_any_at(const struct schemas *schemas, size_t index);
/* More than any index, now and later. */
size_t schemas_capacity(const struct schemas *schemas);

/* True for slotkeeper.<space>. */
bool schema_is_in(const struct schema *schema, const char *space);

#endif
