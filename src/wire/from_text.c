/* A record from the words of a command line. */
#include "base/time.h"
#include "wire/codec_parts.h"
#include "wire/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

static const char not_from_text[] = "cannot be given as text";

/* Each of these sets `value` from text: NULL, or what the text should have been. */
static const char *set_text(avro_value_t *value, const struct type *type, const char *text) {
    struct view view = view_text(text);
    char lower[UUID_TEXT_SIZE + 1];
    struct uuid uuid;
    if (type->logical == LOGICAL_UUID) {
        if (!uuid_parse(view, &uuid)) {
            return "takes a UUID, 8-4-4-4-12 hexadecimal digits";
        }
        uuid_format(uuid, lower);
        text = lower;
    }
    if (!utf8_is_text(view)) {
        return "takes UTF-8";
    }
    avro_must(avro_value_set_string_len(value, text, strlen(text) + 1));
    return NULL;
}

static const char *set_number(avro_value_t *value, const struct type *type, const char *text) {
    char *end = NULL;
    int64_t number = 0;
    if (type->logical == LOGICAL_TIMESTAMP_MICROS) {
        if (!time_parse(view_text(text), &number)) {
            return "takes a time as 2026-11-22T17:30:00Z";
        }
    } else {
        errno = 0;
        number = strtoll(text, &end, 10);
        if (errno != 0 || end == text || *end != '\0') {
            return "takes a whole number";
        }
    }
    if (type->kind == TYPE_LONG) {
        avro_must(avro_value_set_long(value, number));
        return NULL;
    }
    if (number < INT32_MIN || number > INT32_MAX) {
        return "takes a whole number of 32 bits";
    }
    avro_must(avro_value_set_int(value, (int32_t)number));
    return NULL;
}

static const char *set_real(avro_value_t *value, const struct type *type, const char *text) {
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || *end != '\0') {
        return "takes a number";
    }
    avro_must(
        type->kind == TYPE_DOUBLE ? avro_value_set_double(value, number)
                                  : avro_value_set_float(value, (float)number));
    return NULL;
}

static const char *set_symbol(avro_value_t *value, const struct type *type, const char *text) {
    size_t index = 0;
    while (index < type->symbol_count && strcasecmp(type->symbols[index], text) != 0) {
        index++;
    }
    if (index == type->symbol_count) {
        return "takes one of the symbols that its schema lists";
    }
    avro_must(avro_value_set_enum(value, (int)index));
    return NULL;
}

static const char *set_boolean(avro_value_t *value, const char *text) {
    bool truth = strcasecmp(text, "true") == 0;
    if (!truth && strcasecmp(text, "false") != 0) {
        return "takes true or false";
    }
    avro_must(avro_value_set_boolean(value, truth));
    return NULL;
}

static int hex_digit(char digit) {
    static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
    const char *found = digit == '\0' ? NULL : strchr(digits, digit);
    return found == NULL ? -1 : (int)(found - digits) / 2;
}

static const char *set_bytes(
    avro_value_t *value, const struct type *type, const char *text, struct arena *arena) {
    size_t size = strlen(text) / 2;
    uint8_t *bytes = arena_take(arena, size + 1);
    if (strlen(text) % 2 != 0 || (type->kind == TYPE_FIXED && size != type->fixed_size)) {
        return "takes two hexadecimal digits a byte, and as many bytes as its schema says";
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return "takes hexadecimal digits";
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    avro_must(
        type->kind == TYPE_FIXED ? avro_value_set_fixed(value, bytes, size)
                                 : avro_value_set_bytes(value, bytes, size));
    return NULL;
}

static const char *set_value(
    avro_value_t *value, const struct type *type, const char *text, struct arena *arena) {
    switch (type->kind) {
    case TYPE_BOOLEAN:
        return set_boolean(value, text);
    case TYPE_INT:
    case TYPE_LONG:
        return set_number(value, type, text);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return set_real(value, type, text);
    case TYPE_STRING:
        return set_text(value, type, text);
    case TYPE_BYTES:
    case TYPE_FIXED:
        return set_bytes(value, type, text, arena);
    case TYPE_ENUM:
        return set_symbol(value, type, text);
    case TYPE_NULL:
    case TYPE_RECORD:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_UNION:
        return not_from_text;
    }
    return not_from_text;
}

/* The text of a default, as somebody would have typed it; NULL: not one of those. */
static const char *fallback_text(const json_t *fallback, struct arena *arena) {
    char number[24];
    if (json_is_null(fallback)) {
        return "null";
    }
    if (json_is_boolean(fallback)) {
        return json_is_true(fallback) ? "true" : "false";
    }
    if (json_is_integer(fallback)) {
        int size =
            snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(fallback));
        return arena_text(arena, view_of(number, (size_t)size));
    }
    return json_string_value(fallback);
}

static const char *set_field(
    avro_value_t *record,
    const struct type *type,
    size_t position,
    const char *text,
    struct arena *arena) {
    const struct type_member *member = &type->members[position];
    avro_value_t value;
    size_t null_branch = 0;
    size_t value_branch = 0;
    if (text == NULL) {
        text = fallback_text(member->fallback, arena);
    }
    if (text == NULL) {
        return "is missing";
    }
    avro_must(avro_value_get_by_index(record, position, &value, NULL));
    if (type_nullable(member->type, &null_branch, &value_branch)) {
        bool null = strcasecmp(text, "null") == 0;
        size_t branch = null ? null_branch : value_branch;
        avro_must(avro_value_set_branch(&value, (int)branch, &value));
        if (null) {
            return NULL;
        }
    }
    return set_value(&value, type_unwrapped(member->type), text, arena);
}

static size_t count_of(const struct field_text *fields, size_t count, const char *name) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += strcmp(fields[i].name, name) == 0 ? 1 : 0;
    }
    return found;
}

static enum status check_names(
    const struct type *type, const struct field_text *fields, size_t count, struct error *error) {
    for (size_t i = 0; i < count; i++) {
        const char *name = fields[i].name;
        if (type_field(type, name) == type->member_count) {
            return error_set(error, STATUS_INVALID, "%s has no field %s", type->full_name, name);
        }
        if (count_of(fields, count, name) > 1) {
            return error_set(error, STATUS_INVALID, "field %s stands twice", name);
        }
    }
    return STATUS_OK;
}

static const char *find_text(const struct field_text *fields, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return fields[i].text;
        }
    }
    return NULL;
}

/* NOLINTNEXTLINE(readability-function-size): all of it is the caller's */
enum status codec_from_text(
    struct codec *codec,
    struct arena *arena,
    const struct schema *schema,
    const struct field_text *fields,
    size_t field_count,
    struct view *body,
    struct error *error) {
    const struct type *type = schema->type;
    struct generic generic = {0};
    enum status status = check_names(type, fields, field_count, error);
    if (status == STATUS_OK && !generic_init(&generic, schema)) {
        status = error_set(error, STATUS_FATAL, "no Avro value for %s", schema->full_name);
    }
    for (size_t i = 0; status == STATUS_OK && i < type->member_count; i++) {
        const char *name = type->members[i].name;
        const char *text = find_text(fields, field_count, name);
        const char *wrong = set_field(&generic.value, type, i, text, arena);
        if (wrong != NULL) {
            status = error_set(error, STATUS_INVALID, "field %s %s", name, wrong);
        }
    }
    if (status == STATUS_OK) {
        *body = codec_write(codec, arena, &generic.value);
    }
    generic_clean_up(&generic);
    return status;
}
