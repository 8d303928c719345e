/* An Avro schema as a tree of our own: avro-c keeps neither defaults nor logical types, knows no
 * canonical form and checks nothing that it reads. */
#ifndef SLOTKEEPER_WIRE_TYPE_H
#define SLOTKEEPER_WIRE_TYPE_H

#include "base/arena.h"

#include <jansson.h>

enum type_kind {
    TYPE_NULL,
    TYPE_BOOLEAN,
    TYPE_INT,
    TYPE_LONG,
    TYPE_FLOAT,
    TYPE_DOUBLE,
    TYPE_BYTES,
    TYPE_STRING,
    TYPE_FIXED,
    TYPE_ENUM,
    TYPE_RECORD,
    TYPE_ARRAY,
    TYPE_MAP,
    TYPE_UNION,
};

enum type_logical { LOGICAL_NONE, LOGICAL_UUID, LOGICAL_TIMESTAMP_MICROS, LOGICAL_OTHER };

enum {
    TYPE_DEPTH_MAX = 32,  /* of nested types, once names are followed */
    TYPE_NAMED_MAX = 64,  /* named types of one schema */
    TYPE_SYMBOLS_MAX = 64 /* of an enum */
};

struct type;

struct type_member {
    const char *name; /* a field's; else NULL */
    const struct type *type;
    const json_t *fallback; /* a field's default, as JSON; NULL: none */
};

struct type {
    enum type_kind kind;
    enum type_logical logical;
    const char *full_name;       /* of records, enums and fixed; else NULL */
    struct type_member *members; /* fields, branches; one of an array or a map: the items */
    size_t member_count;
    const char **symbols; /* an enum's */
    size_t symbol_count;
    const char *symbol_default; /* NULL: none */
    size_t fixed_size;
};

/* The tree of a schema, in the arena; it points into `json`, which must outlive it. A type that is
 * defined once and named again is one node, so a schema may go in circles. NULL with *error set: no
 * Avro schema, or beyond the bounds above. */
const struct type *type_parse(
    const json_t *json, struct arena *arena, struct error *error) MUST_USE;

/* The name in a schema of a kind without a name of its own ("long", "array"). */
const char *type_kind_name(enum type_kind kind);

/* The position of a record's field; member_count: none. */
size_t type_field(const struct type *record, const char *name);
/* The position of an enum's symbol; symbol_count: none. */
size_t type_symbol(const struct type *enumeration, struct view symbol);
/* The position of the null branch, and of the only other one, of a union of two; false: not such a
 * union. */
bool type_nullable(const struct type *type, size_t *null_branch, size_t *value_branch) MUST_USE;
/* The type itself, or the branch that is not null of a nullable one. */
const struct type *type_unwrapped(const struct type *type);

/* The Parsing Canonical Form, in the arena; NULL: nested too deeply. */
char *type_canonical_form(const struct type *type, struct arena *arena) MUST_USE;

#endif
