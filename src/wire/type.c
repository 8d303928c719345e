/* JSON to types. What is still to be parsed stands on a stack of its own, last in first out, which
 * visits a schema in the order in which it is written: names are defined before they are used. */
#include "wire/type.h"

#include <stdio.h>

enum { PENDING_MAX = 256, NAME_SIZE_MAX = 256 };

struct pending {
    const json_t *json;
    const struct type **place;
    const char *space; /* the enclosing namespace, "" for none */
};

struct parser {
    struct arena *arena;
    struct error *error;
    struct pending pending[PENDING_MAX];
    size_t pending_count;
    const struct type *named[TYPE_NAMED_MAX];
    size_t named_count;
};

static const char *const kind_names[] = {
    [TYPE_NULL] = "null",
    [TYPE_BOOLEAN] = "boolean",
    [TYPE_INT] = "int",
    [TYPE_LONG] = "long",
    [TYPE_FLOAT] = "float",
    [TYPE_DOUBLE] = "double",
    [TYPE_BYTES] = "bytes",
    [TYPE_STRING] = "string",
    [TYPE_FIXED] = "fixed",
    [TYPE_ENUM] = "enum",
    [TYPE_RECORD] = "record",
    [TYPE_ARRAY] = "array",
    [TYPE_MAP] = "map",
    [TYPE_UNION] = "union",
};

const char *type_kind_name(enum type_kind kind) {
    return kind_names[kind];
}

static bool fail(struct parser *parser, const char *reason) {
    (void)error_set(parser->error, STATUS_INVALID, "not an Avro schema that is taken: %s", reason);
    return false;
}

static bool push(
    struct parser *parser, const json_t *json, const struct type **place, const char *space) {
    if (json == NULL) {
        return fail(parser, "a type is missing");
    }
    if (parser->pending_count == PENDING_MAX) {
        return fail(parser, "too large");
    }
    parser->pending[parser->pending_count++] = (struct pending){json, place, space};
    return true;
}

static bool is_name(const char *text, bool dots) {
    bool start = true;
    for (const char *c = text; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
        bool digit = *c >= '0' && *c <= '9';
        bool dot = dots && *c == '.';
        if (start ? !letter : !letter && !digit && !dot) {
            return false;
        }
        start = *c == '.';
    }
    return !start && strlen(text) <= NAME_SIZE_MAX;
}

static const char *full_name(struct parser *parser, const char *space, const char *name) {
    if (*space == '\0' || strchr(name, '.') != NULL) {
        return name;
    }
    size_t size = strlen(space) + 1 + strlen(name) + 1;
    char *text = arena_take(parser->arena, size);
    (void)snprintf(text, size, "%s.%s", space, name);
    return text;
}

/* What a record's own definitions are in: its full name up to the last dot. */
static const char *space_of(struct parser *parser, const struct type *type) {
    const char *dot = strrchr(type->full_name, '.');
    size_t size = dot == NULL ? 0 : (size_t)(dot - type->full_name);
    return arena_text(parser->arena, view_of(type->full_name, size));
}

static const struct type *find_named(const struct parser *parser, const char *name) {
    for (size_t i = 0; i < parser->named_count; i++) {
        if (strcmp(parser->named[i]->full_name, name) == 0) {
            return parser->named[i];
        }
    }
    return NULL;
}

static bool set_name(
    struct parser *parser, struct type *type, const json_t *json, const char *space) {
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *own_space = json_string_value(json_object_get(json, "namespace"));
    if (own_space != NULL) {
        space = own_space;
    }
    if (name == NULL || !is_name(name, true) || (*space != '\0' && !is_name(space, true))) {
        return fail(parser, "a name is missing or misspelt");
    }
    type->full_name = full_name(parser, space, name);
    if (find_named(parser, type->full_name) != NULL) {
        return fail(parser, "a name is defined twice");
    }
    if (parser->named_count == TYPE_NAMED_MAX) {
        return fail(parser, "too many names");
    }
    parser->named[parser->named_count++] = type;
    return true;
}

/* In reverse, so that the first is taken first. */
static bool push_fields(struct parser *parser, struct type *type, const json_t *fields) {
    const char *space = space_of(parser, type);
    for (size_t i = type->member_count; i > 0; i--) {
        const json_t *json = json_object_get(json_array_get(fields, i - 1), "type");
        if (!push(parser, json, &type->members[i - 1].type, space)) {
            return false;
        }
    }
    return true;
}

static bool take_record(
    struct parser *parser, struct type *type, const json_t *json, const char *space) {
    const json_t *fields = json_object_get(json, "fields");
    if (!set_name(parser, type, json, space)) {
        return false;
    }
    if (!json_is_array(fields)) {
        return fail(parser, "a record has no fields");
    }
    type->member_count = json_array_size(fields);
    type->members = ARENA_ARRAY(parser->arena, struct type_member, type->member_count);
    for (size_t i = 0; i < type->member_count; i++) {
        const json_t *field = json_array_get(fields, i);
        const char *name = json_string_value(json_object_get(field, "name"));
        if (name == NULL || !is_name(name, false)) {
            return fail(parser, "a field has no name");
        }
        type->members[i].name = name;
        type->members[i].fallback = json_object_get(field, "default");
    }
    return push_fields(parser, type, fields);
}

static bool take_enum(
    struct parser *parser, struct type *type, const json_t *json, const char *space) {
    const json_t *symbols = json_object_get(json, "symbols");
    if (!set_name(parser, type, json, space)) {
        return false;
    }
    type->symbol_count = json_array_size(symbols);
    if (type->symbol_count == 0 || type->symbol_count > TYPE_SYMBOLS_MAX) {
        return fail(parser, "an enum has no symbols, or too many");
    }
    type->symbols = ARENA_ARRAY(parser->arena, const char *, type->symbol_count);
    for (size_t i = 0; i < type->symbol_count; i++) {
        type->symbols[i] = json_string_value(json_array_get(symbols, i));
        if (type->symbols[i] == NULL || !is_name(type->symbols[i], false)) {
            return fail(parser, "an enum's symbol is misspelt");
        }
    }
    type->symbol_default = json_string_value(json_object_get(json, "default"));
    if (type->symbol_default != NULL
        && type_symbol(type, view_text(type->symbol_default)) == type->symbol_count) {
        return fail(parser, "an enum's default is none of its symbols");
    }
    return true;
}

static bool take_fixed(
    struct parser *parser, struct type *type, const json_t *json, const char *space) {
    const json_t *size = json_object_get(json, "size");
    if (!json_is_integer(size) || json_integer_value(size) < 0
        || json_integer_value(size) > INT32_MAX) {
        return fail(parser, "a fixed has no size");
    }
    type->fixed_size = (size_t)json_integer_value(size);
    return set_name(parser, type, json, space);
}

static bool take_items(
    struct parser *parser, struct type *type, const json_t *items, const char *space) {
    type->member_count = 1;
    type->members = ARENA_ARRAY(parser->arena, struct type_member, 1);
    return push(parser, items, &type->members[0].type, space);
}

static bool take_union(
    struct parser *parser, struct type *type, const json_t *json, const char *space) {
    type->member_count = json_array_size(json);
    type->members = ARENA_ARRAY(parser->arena, struct type_member, type->member_count);
    for (size_t i = type->member_count; i > 0; i--) {
        const json_t *branch = json_array_get(json, i - 1);
        if (json_is_array(branch)) {
            return fail(parser, "a union stands in a union");
        }
        if (!push(parser, branch, &type->members[i - 1].type, space)) {
            return false;
        }
    }
    return true;
}

static enum type_logical logical_of(const json_t *json) {
    const json_t *logical = json_object_get(json, "logicalType");
    if (logical == NULL) {
        return LOGICAL_NONE;
    }
    const char *name = json_string_value(logical);
    if (name != NULL && strcmp(name, "uuid") == 0) {
        return LOGICAL_UUID;
    }
    if (name != NULL && strcmp(name, "timestamp-micros") == 0) {
        return LOGICAL_TIMESTAMP_MICROS;
    }
    return LOGICAL_OTHER;
}

/* TYPE_UNION, which has no name in a schema, stands for "no kind's name". */
static enum type_kind kind_of_name(const char *name) {
    enum type_kind kind = TYPE_NULL;
    while (kind != TYPE_UNION && strcmp(kind_names[kind], name) != 0) {
        kind = (enum type_kind)(kind + 1);
    }
    return kind;
}

static bool take_kind(struct parser *parser, const struct pending *pending, struct type *type) {
    const json_t *json = pending->json;
    switch (type->kind) {
    case TYPE_RECORD:
        return take_record(parser, type, json, pending->space);
    case TYPE_ENUM:
        return take_enum(parser, type, json, pending->space);
    case TYPE_FIXED:
        return take_fixed(parser, type, json, pending->space);
    case TYPE_ARRAY:
        return take_items(parser, type, json_object_get(json, "items"), pending->space);
    case TYPE_MAP:
        return take_items(parser, type, json_object_get(json, "values"), pending->space);
    case TYPE_UNION:
        return take_union(parser, type, json, pending->space);
    case TYPE_NULL:
    case TYPE_BOOLEAN:
    case TYPE_INT:
    case TYPE_LONG:
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
    case TYPE_BYTES:
    case TYPE_STRING:
        type->logical = logical_of(json);
        return true;
    }
    return false;
}

static bool take(struct parser *parser, const struct pending *pending) {
    const json_t *json = pending->json;
    const json_t *inner = json_is_object(json) ? json_object_get(json, "type") : json;
    if (json_is_object(json) && !json_is_string(inner)) {
        return push(parser, inner, pending->place, pending->space);
    }
    enum type_kind kind = TYPE_UNION;
    if (!json_is_array(inner)) {
        const char *name = json_string_value(inner);
        if (name == NULL) {
            return fail(parser, "a type is neither text, object nor list");
        }
        kind = kind_of_name(name);
        if (kind == TYPE_UNION) {
            *pending->place = find_named(parser, full_name(parser, pending->space, name));
            return *pending->place != NULL || fail(parser, "a name is used before its definition");
        }
    }
    struct type *type = arena_take(parser->arena, sizeof *type);
    type->kind = kind;
    *pending->place = type;
    return take_kind(parser, pending, type);
}

const struct type *type_parse(const json_t *json, struct arena *arena, struct error *error) {
    struct parser parser = {.arena = arena, .error = error};
    const struct type *root = NULL;
    bool good = push(&parser, json, &root, "");
    while (good && parser.pending_count > 0) {
        struct pending pending = parser.pending[--parser.pending_count];
        good = take(&parser, &pending);
    }
    return good ? root : NULL;
}

size_t type_field(const struct type *record, const char *name) {
    size_t i = 0;
    while (i < record->member_count && strcmp(record->members[i].name, name) != 0) {
        i++;
    }
    return i;
}

size_t type_symbol(const struct type *enumeration, struct view symbol) {
    size_t i = 0;
    while (i < enumeration->symbol_count && !view_is(symbol, enumeration->symbols[i])) {
        i++;
    }
    return i;
}

bool type_nullable(const struct type *type, size_t *null_branch, size_t *value_branch) {
    if (type->kind != TYPE_UNION || type->member_count != 2) {
        return false;
    }
    *null_branch = type->members[0].type->kind == TYPE_NULL ? 0 : 1;
    *value_branch = 1 - *null_branch;
    return type->members[*null_branch].type->kind == TYPE_NULL
           && type->members[*value_branch].type->kind != TYPE_NULL;
}

const struct type *type_unwrapped(const struct type *type) {
    size_t null_branch = 0;
    size_t value_branch = 0;
    return type_nullable(type, &null_branch, &value_branch) ? type->members[value_branch].type
                                                            : type;
}
