/* Single fields of a body that the walk has passed, without reading the others into values. */
#include "wire/codec_parts.h"
#include "wire/cursor.h"

/* The bytes of the value itself: of a nullable one behind its branch; false: null. */
static bool begin_value(const struct type *type, struct view bytes, struct cursor *value) {
    size_t null_branch = 0;
    size_t value_branch = 0;
    uint64_t branch = 0;
    *value = cursor_of(bytes);
    return !type_nullable(type, &null_branch, &value_branch)
           || (cursor_varint(value, &branch) && branch >> 1U == value_branch);
}

bool field_text(const struct type *type, struct view bytes, struct view *text) {
    struct cursor cursor;
    return begin_value(type, bytes, &cursor) && cursor_bytes(&cursor, text);
}

bool field_long(const struct type *type, struct view bytes, int64_t *number) {
    struct cursor cursor;
    return begin_value(type, bytes, &cursor) && cursor_long(&cursor, number);
}

bool field_uuid(const struct type *type, struct view bytes, struct uuid *uuid) {
    struct view text;
    return field_text(type, bytes, &text) && uuid_parse(text, uuid);
}

bool record_text(
    const struct type *record, const struct view *fields, const char *name, struct view *text) {
    size_t at = type_field(record, name);
    return field_text(record->members[at].type, fields[at], text);
}

bool record_long(
    const struct type *record, const struct view *fields, const char *name, int64_t *number) {
    size_t at = type_field(record, name);
    return field_long(record->members[at].type, fields[at], number);
}

bool record_uuid(
    const struct type *record, const struct view *fields, const char *name, struct uuid *uuid) {
    size_t at = type_field(record, name);
    return field_uuid(record->members[at].type, fields[at], uuid);
}
