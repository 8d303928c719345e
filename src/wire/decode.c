/* A record's bytes to a command. */
#include "wire/codec_parts.h"
#include "wire/framing.h"

/* Whether an answer to this record may name it: a schema of an event is no request. */
static bool is_request(const struct schema *schema) {
    return schema_is_in(schema, "command") || schema_is_in(schema, "query");
}

/* What can still be said of a record that is not a command to us, or not a whole one. */
static void salvage(const struct schema *schema, struct view body, struct decoded *decoded) {
    struct view bytes;
    size_t position = type_field(schema->type, "command_id");
    if (!is_request(schema) || position == schema->type->member_count) {
        return;
    }
    const struct type *type = schema->type->members[position].type;
    decoded->has_command_id = type->kind == TYPE_STRING
                              && program_walk_to_field(schema->program, body, position, &bytes)
                              && field_uuid(type, bytes, &decoded->command.command_id);
}

static enum code decode_body(
    struct codec *codec,
    struct arena *arena,
    const struct schema *schema,
    struct view body,
    struct decoded *decoded) {
    const struct mapping *mapping = codec_mapping(codec, schema);
    if (mapping->definition == NULL || mapping->definition == &credentials_definition) {
        salvage(schema, body, decoded);
        return CODE_UNKNOWN_SCHEMA;
    }
    if (!program_walk_fields(schema->program, body, codec->fields)) {
        salvage(schema, body, decoded);
        return CODE_MALFORMED;
    }
    const struct command_definition *definition = mapping->definition;
    if (!mapping_read(mapping, codec->fields, arena, &decoded->command, &decoded->has_command_id)
        || (definition->well_formed != NULL && !definition->well_formed(&decoded->command))) {
        decoded->command.definition = NULL;
        return CODE_MALFORMED;
    }
    return CODE_ACCEPTED;
}

enum code codec_decode_command(
    struct codec *codec,
    struct arena *arena,
    const struct record *record,
    const struct request_headers *headers,
    struct decoded *decoded) {
    *decoded = (struct decoded){.framing = FRAMING_SINGLE_OBJECT};
    struct framed framed;
    if (record->key.size + record->value.size > codec->record_size_max
        || !framing_read(record->value, headers->schema_id, &framed)) {
        return CODE_MALFORMED;
    }
    decoded->framing = framed.kind;
    if (framed.kind != FRAMING_SINGLE_OBJECT) {
        return CODE_UNKNOWN_SCHEMA;
    }
    const struct schema *schema = schemas_by_fingerprint(codec->schemas, framed.fingerprint);
    if (schema == NULL) {
        return CODE_UNKNOWN_SCHEMA;
    }
    decoded->command_name = is_request(schema) ? schema->full_name : NULL;
    return decode_body(codec, arena, schema, framed.body, decoded);
}
