/* Reading an event by the names of its fields. */
#include "cli/audit_event.h"

#include "base/time.h"
#include "cli/options.h"

#include <string.h>

/* data NULL: the field is null or absent. */
static struct view text_of(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return view_of(json_string_value(value), json_string_length(value));
}

static bool read_uuid(const json_t *object, const char *name, struct uuid *uuid) {
    struct view text = text_of(object, name);
    return text.data != NULL && uuid_parse(text, uuid);
}

static bool read_optional_uuid(
    const json_t *object, const char *name, bool *present, struct uuid *uuid) {
    *present = text_of(object, name).data != NULL;
    return !*present || read_uuid(object, name, uuid);
}

static bool read_hash(const json_t *object, const char *name, struct digest *hash) {
    struct view text = text_of(object, name);
    size_t size;
    return text.data != NULL
           && hex_parse((const char *)text.data, hash->bytes, sizeof hash->bytes, &size)
           && size == sizeof hash->bytes;
}

static bool read_entity(const json_t *object, enum entity *entity) {
    struct view text = text_of(object, "entity");
    for (size_t i = 0; text.data != NULL && i < ENTITY_COUNT; i++) {
        if (view_is(text, entity_symbol((enum entity)i))) {
            *entity = (enum entity)i;
            return true;
        }
    }
    return false;
}

static bool read_words(const json_t *object, struct audit_event *event) {
    struct view old_state = text_of(object, "old_state");
    struct view reason = text_of(object, "reason");
    event->has_old_state = old_state.data != NULL;
    return read_entity(object, &event->entity)
           && (!event->has_old_state || state_parse(old_state, &event->old_state))
           && state_parse(text_of(object, "new_state"), &event->new_state)
           && role_parse(text_of(object, "actor_role"), &event->actor_role)
           && (reason.data == NULL || reason_parse(reason, &event->reason));
}

static bool read_numbers(const json_t *object, struct audit_event *event) {
    const json_t *sequence = json_object_get(object, "sequence");
    struct view occurred_at = text_of(object, "occurred_at");
    event->sequence = json_integer_value(sequence);
    return json_is_integer(sequence) && occurred_at.data != NULL
           && time_parse(occurred_at, &event->occurred_at_us);
}

bool audit_event_from_json(const json_t *object, struct audit_event *event) {
    *event = (struct audit_event){.reason = REASON_NONE};
    event->detail = (const char *)text_of(object, "detail").data;
    return read_words(object, event) && read_numbers(object, event)
           && read_uuid(object, "event_id", &event->event_id)
           && read_uuid(object, "entity_id", &event->entity_id)
           && read_optional_uuid(object, "slot_id", &event->has_slot_id, &event->slot_id)
           && read_uuid(object, "actor_id", &event->actor_id)
           && read_uuid(object, "command_id", &event->command_id)
           && read_optional_uuid(object, "related_id", &event->has_related_id, &event->related_id)
           && read_hash(object, "previous_hash", &event->previous_hash)
           && read_hash(object, "hash", &event->hash);
}
