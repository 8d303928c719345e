/* The audit trail's new rows, in the order of decision. */
#include "postgres/save_parts.h"

#include <assert.h>

struct event_columns {
    struct array chains, sequences, ids, entities, entity_ids, old_states, new_states, actors,
        roles, commands, reasons, related, details, hashes;
};

static void begin_events(struct event_columns *columns, struct arena *arena, size_t count) {
    array_begin(&columns->chains, arena, ELEMENT_UUID, count);
    array_begin(&columns->sequences, arena, ELEMENT_INT8, count);
    array_begin(&columns->ids, arena, ELEMENT_UUID, count);
    array_begin(&columns->entities, arena, ELEMENT_TEXT, count);
    array_begin(&columns->entity_ids, arena, ELEMENT_UUID, count);
    array_begin(&columns->old_states, arena, ELEMENT_TEXT, count);
    array_begin(&columns->new_states, arena, ELEMENT_TEXT, count);
    array_begin(&columns->actors, arena, ELEMENT_UUID, count);
    array_begin(&columns->roles, arena, ELEMENT_TEXT, count);
    array_begin(&columns->commands, arena, ELEMENT_UUID, count);
    array_begin(&columns->reasons, arena, ELEMENT_TEXT, count);
    array_begin(&columns->related, arena, ELEMENT_UUID, count);
    array_begin(&columns->details, arena, ELEMENT_TEXT, count);
    array_begin(&columns->hashes, arena, ELEMENT_BYTEA, count);
}

static void add_event(
    struct event_columns *columns, const struct audit_event *event, struct arena *arena) {
    static const char *const entities[ENTITY_COUNT] = {"slot", "appointment", "account"};
    assert(event->has_slot_id == (event->entity != ENTITY_ACCOUNT));
    array_add_uuid(&columns->chains, event->has_slot_id ? event->slot_id : event->entity_id);
    array_add_int8(&columns->sequences, event->sequence);
    array_add_uuid(&columns->ids, event->event_id);
    array_add_bytes(&columns->entities, view_text(entities[event->entity]));
    array_add_uuid(&columns->entity_ids, event->entity_id);
    array_add_bytes(
        &columns->old_states,
        event->has_old_state ? view_text(state_name(event->old_state)) : view_of(NULL, 0));
    array_add_bytes(&columns->new_states, view_text(state_name(event->new_state)));
    array_add_uuid(&columns->actors, event->actor_id);
    array_add_bytes(&columns->roles, view_text(role_name(event->actor_role)));
    array_add_uuid(&columns->commands, event->command_id);
    array_add_bytes(&columns->reasons, save_text_or_null(save_reason_name(event->reason, arena)));
    save_add_optional_uuid(&columns->related, event->has_related_id, event->related_id);
    array_add_bytes(&columns->details, save_text_or_null(event->detail));
    array_add_bytes(&columns->hashes, view_of(event->hash.bytes, sizeof event->hash.bytes));
}

/* Of one table: the chains of slots, or those of accounts. */
static void save_chains(
    struct save *save, const struct world *world, bool of_slots, enum statement statement) {
    struct event_columns columns;
    long long count = 0;
    begin_events(&columns, save->arena, world->event_count);
    for (size_t i = 0; i < world->event_count; i++) {
        if (world->events[i].has_slot_id == of_slots) {
            add_event(&columns, &world->events[i], save->arena);
            count++;
        }
    }
    if (count == 0) {
        return;
    }
    const struct array *arrays[] = {
        &columns.chains,
        &columns.sequences,
        &columns.ids,
        &columns.entities,
        &columns.entity_ids,
        &columns.old_states,
        &columns.new_states,
        &columns.actors,
        &columns.roles,
        &columns.commands,
        &columns.reasons,
        &columns.related,
        &columns.details};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        parameters_add_array(parameters, arrays[i]);
    }
    parameters_add_time(parameters, save->arena, save->now_us);
    parameters_add_array(parameters, &columns.hashes);
    save_queue(save, statement, parameters, count);
}

void save_events(struct save *save, const struct world *world) {
    if (world->event_count > 0) {
        save_chains(save, world, true, STATEMENT_INSERT_SLOT_EVENTS);
        save_chains(save, world, false, STATEMENT_INSERT_ACCOUNT_EVENTS);
    }
}
