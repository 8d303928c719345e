/* Schema resolution as far as commands need it. */
#include "wire/mapping.h"

#include "base/time.h"

static enum status fail(
    struct error *error, const struct schema *writer, const char *field, const char *reason) {
    return error_set(
        error, STATUS_INVALID, "schema %s, field %s: %s", writer->full_name, field, reason);
}

static bool is_number(const struct type *type) {
    return (type->kind == TYPE_LONG || type->kind == TYPE_INT)
           && (type->logical == LOGICAL_NONE || type->logical == LOGICAL_TIMESTAMP_MICROS);
}

static bool is_text(const struct type *type) {
    return type->kind == TYPE_STRING
           && (type->logical == LOGICAL_NONE || type->logical == LOGICAL_UUID);
}

static bool fits(const struct type *type, enum field_type wanted) {
    switch (wanted) {
    case FIELD_UUID:
        return is_text(type);
    case FIELD_TIME:
        return is_number(type);
    case FIELD_REASON:
        return type->kind == TYPE_ENUM;
    }
    return false;
}

/* A symbol of the writer's as our reason: one that our schema does not have is read as our schema's
 * default. */
static enum reason reason_of(const char *symbol, const struct type *ours) {
    enum reason reason = REASON_NONE;
    if (type_symbol(ours, view_text(symbol)) == ours->symbol_count) {
        symbol = ours->symbol_default;
    }
    if (symbol == NULL || !reason_parse(view_text(symbol), &reason)) {
        return REASON_NONE;
    }
    return reason;
}

static void map_reasons(
    struct field_mapping *field, const struct type *theirs, const struct type *ours) {
    for (size_t i = 0; i < theirs->symbol_count; i++) {
        field->reasons[i] = (uint8_t)reason_of(theirs->symbols[i], ours);
    }
}

/* The default of our own schema, for a field that the writer does not have. */
static bool read_fallback(struct field_mapping *field, const struct type_member *ours) {
    const json_t *json = ours->fallback;
    const char *text = json_string_value(json);
    struct view view = text == NULL ? (struct view){0} : view_text(text);
    field->fallback.present = !json_is_null(json);
    if (json == NULL || json_is_null(json)) {
        return json != NULL && field->nullable;
    }
    switch (field->type) {
    case FIELD_UUID:
        return uuid_parse(view, &field->fallback.as.uuid);
    case FIELD_TIME:
        field->fallback.as.time_us = json_integer_value(json);
        return json_is_integer(json);
    case FIELD_REASON:
        return reason_parse(view, &field->fallback.as.reason);
    }
    return false;
}

static enum status map_present(
    struct field_mapping *field,
    const struct schema *writer,
    const struct type *theirs,
    const struct type *ours,
    struct error *error) {
    const char *name = writer->type->members[field->position].name;
    size_t null_branch = 0;
    size_t value_branch = 0;
    field->in_writer = true;
    field->is_union = type_nullable(theirs, &null_branch, &value_branch);
    field->null_branch = (int)null_branch;
    theirs = type_unwrapped(theirs);
    if (!fits(theirs, field->type)) {
        return fail(error, writer, name, "the writer's type is not the command's");
    }
    field->is_int = theirs->kind == TYPE_INT;
    if (field->type == FIELD_REASON) {
        map_reasons(field, theirs, ours);
    }
    return STATUS_OK;
}

static enum status map_field(
    struct field_mapping *field,
    const struct schema *writer,
    const struct schema *reader,
    const struct field *wanted,
    struct error *error) {
    size_t ours = type_field(reader->type, wanted->name);
    if (ours == reader->type->member_count) {
        return fail(error, reader, wanted->name, "missing from the schema built in");
    }
    const struct type *our_type = type_unwrapped(reader->type->members[ours].type);
    *field = (struct field_mapping){.type = wanted->type, .nullable = wanted->nullable};
    if (!fits(our_type, wanted->type)) {
        return fail(error, reader, wanted->name, "not of the command's type");
    }
    field->position = type_field(writer->type, wanted->name);
    if (field->position < writer->type->member_count) {
        const struct type *their_type = writer->type->members[field->position].type;
        return map_present(field, writer, their_type, our_type, error);
    }
    if (!read_fallback(field, &reader->type->members[ours])) {
        return fail(error, writer, wanted->name, "the writer lacks it and it has no default");
    }
    return STATUS_OK;
}

enum status mapping_init(
    struct mapping *mapping,
    const struct schema *writer,
    const struct schema *reader,
    const struct command_definition *definition,
    struct error *error) {
    *mapping = (struct mapping){0};
    mapping->command_id_position = type_field(writer->type, "command_id");
    if (mapping->command_id_position == writer->type->member_count
        || !is_text(writer->type->members[mapping->command_id_position].type)) {
        return fail(error, writer, "command_id", "missing, or not a string");
    }
    for (size_t i = 0; definition->fields[i].name != NULL; i++) {
        enum status status =
            map_field(&mapping->fields[i], writer, reader, &definition->fields[i], error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    mapping->definition = definition;
    return STATUS_OK;
}

bool mapping_read_uuid(const avro_value_t *value, struct uuid *uuid) {
    const char *text = NULL;
    size_t size = 0;
    return avro_value_get_string(value, &text, &size) == 0 && size == UUID_TEXT_SIZE + 1
           && uuid_parse(view_of(text, UUID_TEXT_SIZE), uuid);
}

static bool read_time(
    const struct field_mapping *field, const avro_value_t *value, int64_t *time_us) {
    int32_t number = 0;
    int result =
        field->is_int ? avro_value_get_int(value, &number) : avro_value_get_long(value, time_us);
    if (field->is_int) {
        *time_us = number;
    }
    return result == 0 && *time_us >= TIME_MIN_US && *time_us <= TIME_MAX_US;
}

static bool read_reason(
    const struct field_mapping *field, const avro_value_t *value, enum reason *reason) {
    int index = -1;
    if (avro_value_get_enum(value, &index) != 0 || index < 0 || index >= TYPE_SYMBOLS_MAX) {
        return false;
    }
    *reason = (enum reason)field->reasons[index];
    return *reason != REASON_NONE;
}

static bool read_present(
    const struct field_mapping *field, const avro_value_t *from, struct value *value) {
    value->present = true;
    switch (field->type) {
    case FIELD_UUID:
        return mapping_read_uuid(from, &value->as.uuid);
    case FIELD_TIME:
        return read_time(field, from, &value->as.time_us);
    case FIELD_REASON:
        return read_reason(field, from, &value->as.reason);
    }
    return false;
}

static bool read_field(
    const struct field_mapping *field, const avro_value_t *record, struct value *value) {
    if (!field->in_writer) {
        *value = field->fallback;
        return true;
    }
    avro_value_t from;
    int branch = -1;
    if (avro_value_get_by_index(record, field->position, &from, NULL) != 0) {
        return false;
    }
    if (!field->is_union) {
        return read_present(field, &from, value);
    }
    if (avro_value_get_discriminant(&from, &branch) != 0) {
        return false;
    }
    if (branch == field->null_branch) {
        return field->nullable;
    }
    return avro_value_get_current_branch(&from, &from) == 0 && read_present(field, &from, value);
}

bool mapping_read(
    const struct mapping *mapping,
    const avro_value_t *record,
    struct command *command,
    bool *has_command_id) {
    avro_value_t id;
    *command = (struct command){.definition = mapping->definition};
    *has_command_id = avro_value_get_by_index(record, mapping->command_id_position, &id, NULL) == 0
                      && mapping_read_uuid(&id, &command->command_id);
    bool good = *has_command_id;
    for (size_t i = 0; good && mapping->definition->fields[i].name != NULL; i++) {
        good = read_field(&mapping->fields[i], record, &command->values[i]);
    }
    return good;
}
