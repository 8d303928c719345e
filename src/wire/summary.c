/* A few fields of a body, without reading the others into values. */
#include "wire/codec_parts.h"
#include "wire/cursor.h"

#include <assert.h>

/* The bytes of a field's value: of a nullable one behind its branch; false: null, or not so far
 * good. */
static bool find_value(
    const struct schema *schema, struct view body, const char *field, struct cursor *value) {
    struct view bytes;
    size_t null_branch = 0;
    size_t value_branch = 0;
    uint64_t branch = 0;
    size_t position = type_field(schema->type, field);
    if (position == schema->type->member_count
        || !program_walk_to_field(schema->program, body, position, &bytes)) {
        return false;
    }
    *value = cursor_of(bytes);
    const struct type *type = schema->type->members[position].type;
    return !type_nullable(type, &null_branch, &value_branch)
           || (cursor_varint(value, &branch) && branch >> 1U == value_branch);
}

static bool field_text(
    const struct schema *schema, struct view body, const char *field, struct view *text) {
    struct cursor cursor;
    return find_value(schema, body, field, &cursor) && cursor_bytes(&cursor, text);
}

static bool field_long(
    const struct schema *schema, struct view body, const char *field, int64_t *number) {
    struct cursor cursor;
    return find_value(schema, body, field, &cursor) && cursor_long(&cursor, number);
}

bool field_uuid(
    const struct schema *schema, struct view body, const char *field, struct uuid *uuid) {
    struct view text;
    return field_text(schema, body, field, &text) && uuid_parse(text, uuid);
}

bool codec_read_outcome(struct codec *codec, struct view body, struct outcome_summary *summary) {
    const struct schema *schema = codec->outcome.schema;
    struct view code;
    return program_walk(schema->program, body)
           && field_uuid(schema, body, "outcome_id", &summary->outcome_id)
           && field_text(schema, body, "code", &code) && code_parse(code, &summary->code)
           && field_long(schema, body, "decided_at", &summary->decided_at_us);
}

struct view
codec_outcome_without_result(const struct codec *codec, struct arena *arena, struct view body) {
    static const uint8_t null_branch = 0; /* of the last field, as outcome_writer_init has checked */
    const struct schema *schema = codec->outcome.schema;
    struct view result;
    bool found = program_walk_to_field(
        schema->program, body, type_field(schema->type, "result"), &result);
    assert(found);
    (void)found;
    size_t kept = body.size - result.size;
    uint8_t *bytes = arena_take(arena, kept + 1);
    memcpy(bytes, body.data, kept);
    bytes[kept] = null_branch;
    return view_of(bytes, kept + 1);
}

bool codec_read_event(struct codec *codec, struct view body, struct event_summary *summary) {
    const struct schema *schema = codec->event.schema;
    return program_walk(schema->program, body)
           && field_uuid(schema, body, "event_id", &summary->event_id)
           && (field_uuid(schema, body, "slot_id", &summary->chain_id)
               || field_uuid(schema, body, "entity_id", &summary->chain_id))
           && field_long(schema, body, "occurred_at", &summary->occurred_at_us);
}
