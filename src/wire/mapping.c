/* Schema resolution as far as commands need it. */
#include "wire/mapping.h"

#include "base/time.h"
#include "wire/cursor.h"

#include <assert.h>

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
    case FIELD_TEXT:
        return type->kind == TYPE_STRING;
    case FIELD_BYTES:
        return type->kind == TYPE_BYTES || type->kind == TYPE_FIXED;
    case FIELD_INT:
        return type->kind == TYPE_INT && type->logical == LOGICAL_NONE;
    case FIELD_STATE:
        return type->kind == TYPE_ENUM;
    }
    return false;
}

/* A symbol of the writer's as ours: one that our schema does not have is read as our schema's
 * default; NULL: it has none. */
static const char *symbol_of(const char *symbol, const struct type *ours) {
    bool known = type_symbol(ours, view_text(symbol)) < ours->symbol_count;
    return known ? symbol : ours->symbol_default;
}

static enum reason reason_of(const char *symbol) {
    enum reason reason = REASON_NONE;
    return symbol != NULL && reason_parse(view_text(symbol), &reason) ? reason : REASON_NONE;
}

static enum state state_of(const char *symbol) {
    enum state state = STATE_COUNT;
    return symbol != NULL && state_parse(view_text(symbol), &state) ? state : STATE_COUNT;
}

static void map_symbols(
    struct field_mapping *field, const struct type *theirs, const struct type *ours) {
    for (size_t i = 0; i < theirs->symbol_count; i++) {
        const char *symbol = symbol_of(theirs->symbols[i], ours);
        field->symbols[i] =
            (uint8_t)(field->type == FIELD_REASON ? (unsigned)reason_of(symbol) : (unsigned)state_of(symbol));
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
    case FIELD_TEXT:
        field->fallback.as.bytes = view;
        return text != NULL;
    case FIELD_INT:
        field->fallback.as.number = (int32_t)json_integer_value(json);
        return json_is_integer(json);
    case FIELD_BYTES:
    case FIELD_STATE:
        return false; /* none of ours has one but null */
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
    size_t value_branch = 0;
    field->in_writer = true;
    field->is_union = type_nullable(theirs, &field->null_branch, &value_branch);
    theirs = type_unwrapped(theirs);
    if (!fits(theirs, field->type)) {
        return fail(error, writer, name, "the writer's type is not the command's");
    }
    field->is_fixed = theirs->kind == TYPE_FIXED;
    if (field->type == FIELD_BYTES
        && (theirs->kind != ours->kind || theirs->fixed_size != ours->fixed_size)) {
        return fail(error, writer, name, "bytes of another size");
    }
    if (theirs->kind == TYPE_ENUM) {
        map_symbols(field, theirs, ours);
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

static bool read_uuid(struct cursor *from, struct uuid *uuid) {
    struct view text;
    return cursor_bytes(from, &text) && uuid_parse(text, uuid);
}

static bool read_time(struct cursor *from, int64_t *time_us) {
    return cursor_long(from, time_us) && *time_us >= TIME_MIN_US && *time_us <= TIME_MAX_US;
}

static bool read_int(struct cursor *from, int32_t *number) {
    int64_t wide = 0;
    bool good = cursor_long(from, &wide) && wide >= INT32_MIN && wide <= INT32_MAX;
    *number = good ? (int32_t)wide : 0;
    return good;
}

/* The walk has held the index against the writer's symbols. */
static bool read_symbol(const struct field_mapping *field, struct cursor *from, unsigned *symbol) {
    uint64_t raw = 0;
    if (!cursor_varint(from, &raw)) {
        return false;
    }
    assert(raw >> 1U < TYPE_SYMBOLS_MAX);
    *symbol = field->symbols[raw >> 1U];
    return true;
}

static bool read_reason(
    const struct field_mapping *field, struct cursor *from, enum reason *reason) {
    unsigned symbol = REASON_NONE;
    bool good = read_symbol(field, from, &symbol);
    *reason = (enum reason)symbol;
    return good && *reason != REASON_NONE;
}

static bool read_state(const struct field_mapping *field, struct cursor *from, enum state *state) {
    unsigned symbol = STATE_COUNT;
    bool good = read_symbol(field, from, &symbol);
    *state = (enum state)symbol;
    return good && *state != STATE_COUNT;
}

static bool read_bytes(
    const struct field_mapping *field,
    struct cursor *from,
    struct arena *arena,
    struct view *bytes) {
    *bytes = view_of(from->at, cursor_left(from));
    if (!field->is_fixed && !cursor_bytes(from, bytes)) {
        return false;
    }
    if (arena != NULL) {
        *bytes = arena_copy(arena, *bytes);
    }
    return true;
}

static bool read_present(
    const struct field_mapping *field,
    struct cursor *from,
    struct arena *arena,
    struct value *value) {
    value->present = true;
    switch (field->type) {
    case FIELD_UUID:
        return read_uuid(from, &value->as.uuid);
    case FIELD_TIME:
        return read_time(from, &value->as.time_us);
    case FIELD_REASON:
        return read_reason(field, from, &value->as.reason);
    case FIELD_TEXT:
    case FIELD_BYTES:
        return read_bytes(field, from, arena, &value->as.bytes);
    case FIELD_INT:
        return read_int(from, &value->as.number);
    case FIELD_STATE:
        return read_state(field, from, &value->as.state);
    }
    return false;
}

static bool read_field(
    const struct field_mapping *field,
    const struct view *fields,
    struct arena *arena,
    struct value *value) {
    uint64_t branch = 0;
    if (!field->in_writer) {
        *value = field->fallback;
        return true;
    }
    struct cursor from = cursor_of(fields[field->position]);
    if (field->is_union && !cursor_varint(&from, &branch)) {
        return false;
    }
    if (field->is_union && branch >> 1U == field->null_branch) {
        return field->nullable;
    }
    return read_present(field, &from, arena, value);
}

bool mapping_read(
    const struct mapping *mapping,
    const struct view *fields,
    struct arena *arena,
    struct command *command,
    bool *has_command_id) {
    *command = (struct command){.definition = mapping->definition};
    struct cursor id = cursor_of(fields[mapping->command_id_position]);
    *has_command_id = read_uuid(&id, &command->command_id);
    bool good = *has_command_id;
    for (size_t i = 0; good && mapping->definition->fields[i].name != NULL; i++) {
        good = read_field(&mapping->fields[i], fields, arena, &command->values[i]);
    }
    return good;
}
