/* slotkeeper.event.AuditEvent, written and read. */
#include "wire/codec_parts.h"
#include "wire/writer.h"

enum {
    EVENT_ID,
    ENTITY,
    ENTITY_ID,
    SLOT_ID,
    SEQUENCE,
    OLD_STATE,
    NEW_STATE,
    ACTOR_ID,
    ACTOR_ROLE,
    COMMAND_ID,
    REASON,
    RELATED_ID,
    DETAIL,
    OCCURRED_AT,
    PREVIOUS_HASH,
    HASH,
    EVENT_FIELDS
};

static const char *const event_fields[EVENT_FIELDS] = {
    [EVENT_ID] = "event_id",
    [ENTITY] = "entity",
    [ENTITY_ID] = "entity_id",
    [SLOT_ID] = "slot_id",
    [SEQUENCE] = "sequence",
    [OLD_STATE] = "old_state",
    [NEW_STATE] = "new_state",
    [ACTOR_ID] = "actor_id",
    [ACTOR_ROLE] = "actor_role",
    [COMMAND_ID] = "command_id",
    [REASON] = "reason",
    [RELATED_ID] = "related_id",
    [DETAIL] = "detail",
    [OCCURRED_AT] = "occurred_at",
    [PREVIOUS_HASH] = "previous_hash",
    [HASH] = "hash",
};

/* Every word that we have, REASON_NONE excepted, must have its symbol. */
static enum status bind_words(
    const struct type *type, const char *const *words, int *indexes, size_t count) {
    bind_symbols(type, words, count, indexes);
    for (size_t i = 0; i < count; i++) {
        if (words[i] != NULL && indexes[i] < 0) {
            return STATUS_FATAL;
        }
    }
    return STATUS_OK;
}

static enum status bind_enums(
    struct event_binding *binding, const struct type *record, struct error *error) {
    const char *entities[ENTITY_COUNT];
    const char *states[STATE_COUNT];
    const char *roles[ROLE_COUNT];
    const char *reasons[REASON_COUNT];
    for (unsigned i = 0; i < ENTITY_COUNT; i++) {
        entities[i] = entity_symbol((enum entity)i);
    }
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        states[i] = state_symbol((enum state)i);
    }
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        roles[i] = role_symbol((enum role)i);
    }
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        reasons[i] = reason_symbol((enum reason)i);
    }
    const struct type *types[EVENT_FIELDS];
    for (size_t i = 0; i < EVENT_FIELDS; i++) {
        types[i] = type_unwrapped(record->members[binding->fields[i].position].type);
    }
    if (bind_words(types[ENTITY], entities, binding->entities, ENTITY_COUNT) != STATUS_OK
        || bind_words(types[OLD_STATE], states, binding->states, STATE_COUNT) != STATUS_OK
        || bind_words(types[NEW_STATE], states, binding->states, STATE_COUNT) != STATUS_OK
        || bind_words(types[ACTOR_ROLE], roles, binding->roles, ROLE_COUNT) != STATUS_OK
        || bind_words(types[REASON], reasons, binding->reasons, REASON_COUNT) != STATUS_OK) {
        return error_set(error, STATUS_FATAL, "schema AuditEvent: an enum lacks a symbol");
    }
    return STATUS_OK;
}

enum status event_binding_init(
    struct event_binding *binding, const struct type *record, struct error *error) {
    enum status status = bind_fields(record, event_fields, EVENT_FIELDS, binding->fields, error);
    return status == STATUS_OK ? bind_enums(binding, record, error) : status;
}

enum status event_writer_init(
    struct event_writer *writer, const struct schemas *schemas, struct error *error) {
    writer->schema = schemas_by_name(schemas, "slotkeeper.event.AuditEvent");
    if (writer->schema == NULL || !generic_init(&writer->generic, writer->schema)) {
        return error_set(error, STATUS_FATAL, "no schema AuditEvent");
    }
    return event_binding_init(&writer->binding, writer->schema->type, error);
}

static void put_cause(
    const struct event_binding *binding, avro_value_t *record, const struct audit_event *event) {
    const struct bound_field *fields = binding->fields;
    put_uuid(record, &fields[ACTOR_ID], event->actor_id);
    put_symbol(record, &fields[ACTOR_ROLE], binding->roles[event->actor_role]);
    put_uuid(record, &fields[COMMAND_ID], event->command_id);
    if (event->reason == REASON_NONE) {
        put_null(record, &fields[REASON]);
    } else {
        put_symbol(record, &fields[REASON], binding->reasons[event->reason]);
    }
    put_uuid_if(record, &fields[RELATED_ID], event->has_related_id, event->related_id);
    put_text(record, &fields[DETAIL], event->detail);
}

void put_event(
    const struct event_binding *binding, avro_value_t *record, const struct audit_event *event) {
    const struct bound_field *fields = binding->fields;
    put_uuid(record, &fields[EVENT_ID], event->event_id);
    put_symbol(record, &fields[ENTITY], binding->entities[event->entity]);
    put_uuid(record, &fields[ENTITY_ID], event->entity_id);
    put_uuid_if(record, &fields[SLOT_ID], event->has_slot_id, event->slot_id);
    put_long(record, &fields[SEQUENCE], event->sequence);
    if (event->has_old_state) {
        put_symbol(record, &fields[OLD_STATE], binding->states[event->old_state]);
    } else {
        put_null(record, &fields[OLD_STATE]);
    }
    put_symbol(record, &fields[NEW_STATE], binding->states[event->new_state]);
    put_cause(binding, record, event);
    put_long(record, &fields[OCCURRED_AT], event->occurred_at_us);
    put_fixed(
        record,
        &fields[PREVIOUS_HASH],
        view_of(event->previous_hash.bytes, sizeof event->previous_hash.bytes));
    put_fixed(record, &fields[HASH], view_of(event->hash.bytes, sizeof event->hash.bytes));
}

struct view codec_encode_event(
    struct codec *codec, struct arena *arena, const struct audit_event *event) {
    avro_value_t *record = &codec->event.generic.value;
    put_event(&codec->event.binding, record, event);
    return codec_write(codec, arena, record);
}

bool codec_read_event(
    struct codec *codec, uint64_t fingerprint, struct view body, struct event_summary *summary) {
    const struct schema *writer = writer_of(codec->schemas, codec->event.schema, fingerprint);
    const struct view *fields = codec->fields;
    return writer != NULL && program_walk_fields(writer->program, body, codec->fields)
           && record_uuid(writer->type, fields, "event_id", &summary->event_id)
           && (record_uuid(writer->type, fields, "slot_id", &summary->chain_id)
               || record_uuid(writer->type, fields, "entity_id", &summary->chain_id))
           && record_long(writer->type, fields, "occurred_at", &summary->occurred_at_us);
}
