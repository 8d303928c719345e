/* Writing records field by field: where each field stands is found out once, by name. */
#include "wire/codec_parts.h"

#include <assert.h>

enum status bind_fields(
    const struct type *record,
    const char *const *names,
    size_t count,
    struct bound_field *fields,
    struct error *error) {
    assert(count <= BOUND_FIELDS_MAX);
    if (record->member_count != count) {
        return error_set(error, STATUS_FATAL, "schema %s: other fields", record->full_name);
    }
    for (size_t i = 0; i < count; i++) {
        size_t null_branch = 0;
        size_t value_branch = 0;
        size_t position = type_field(record, names[i]);
        if (position == count) {
            return error_set(
                error, STATUS_FATAL, "schema %s: no field %s", record->full_name, names[i]);
        }
        bool nullable = type_nullable(record->members[position].type, &null_branch, &value_branch);
        fields[i].position = position;
        fields[i].null_branch = nullable ? (int)null_branch : -1;
        fields[i].value_branch = nullable ? (int)value_branch : -1;
    }
    return STATUS_OK;
}

void bind_symbols(
    const struct type *enumeration, const char *const *words, size_t count, int *indexes) {
    for (size_t i = 0; i < count; i++) {
        size_t index = words[i] == NULL ? enumeration->symbol_count
                                        : type_symbol(enumeration, view_text(words[i]));
        indexes[i] = index == enumeration->symbol_count ? -1 : (int)index;
    }
}

bool bind_roles(const struct type *enumeration, int indexes[ROLE_COUNT]) {
    const char *words[ROLE_COUNT];
    bool whole = enumeration->kind == TYPE_ENUM;
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        words[i] = role_symbol((enum role)i);
    }
    bind_symbols(enumeration, words, ROLE_COUNT, indexes);
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        whole = whole && indexes[i] >= 0;
    }
    return whole;
}

static avro_value_t field_of(avro_value_t *record, const struct bound_field *field) {
    avro_value_t value;
    avro_must(avro_value_get_by_index(record, field->position, &value, NULL));
    if (field->value_branch >= 0) {
        avro_must(avro_value_set_branch(&value, field->value_branch, &value));
    }
    return value;
}

void put_null(avro_value_t *record, const struct bound_field *field) {
    assert(field->null_branch >= 0);
    avro_value_t value;
    avro_must(avro_value_get_by_index(record, field->position, &value, NULL));
    avro_must(avro_value_set_branch(&value, field->null_branch, &value));
}

void put_uuid(avro_value_t *record, const struct bound_field *field, struct uuid uuid) {
    char text[UUID_TEXT_SIZE + 1];
    avro_value_t value = field_of(record, field);
    uuid_format(uuid, text);
    avro_must(avro_value_set_string_len(&value, text, sizeof text));
}

void put_uuid_if(
    avro_value_t *record, const struct bound_field *field, bool present, struct uuid uuid) {
    if (present) {
        put_uuid(record, field, uuid);
    } else {
        put_null(record, field);
    }
}

void put_text(avro_value_t *record, const struct bound_field *field, const char *text) {
    if (text == NULL) {
        put_null(record, field);
        return;
    }
    avro_value_t value = field_of(record, field);
    avro_must(avro_value_set_string_len(&value, text, strlen(text) + 1));
}

void put_long(avro_value_t *record, const struct bound_field *field, int64_t number) {
    avro_value_t value = field_of(record, field);
    avro_must(avro_value_set_long(&value, number));
}

void put_boolean(avro_value_t *record, const struct bound_field *field, bool boolean) {
    avro_value_t value = field_of(record, field);
    avro_must(avro_value_set_boolean(&value, boolean ? 1 : 0));
}

void put_symbol(avro_value_t *record, const struct bound_field *field, int index) {
    assert(index >= 0); /* a state that its entity cannot be in */
    avro_value_t value = field_of(record, field);
    avro_must(avro_value_set_enum(&value, index));
}

/* avro-c takes bytes that are not const, and copies them all the same. */
static void *unguarded(struct view bytes) {
    void *pointer = NULL;
    memcpy(&pointer, &bytes.data, sizeof pointer);
    return pointer;
}

void put_bytes(avro_value_t *record, const struct bound_field *field, struct view bytes) {
    avro_value_t value = field_of(record, field);
    avro_must(avro_value_set_bytes(&value, unguarded(bytes), bytes.size));
}

void put_fixed(avro_value_t *record, const struct bound_field *field, struct view bytes) {
    avro_value_t value = field_of(record, field);
    avro_must(avro_value_set_fixed(&value, unguarded(bytes), bytes.size));
}
