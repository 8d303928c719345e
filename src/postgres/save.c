/* Saves what changed, in an order that no other worker's save can cross: releasing updates first, then slots by
 * (doctor, start), appointments by (patient, start), events, answers by (caller, command_id). */
#include "base/log.h"
#include "postgres/row.h"
#include "postgres/store.h"

#include <assert.h>
#include <stdlib.h>

/* The statements of one save and how many rows each must touch. */
struct save {
    struct store *store;
    struct arena *arena;
    int64_t now_us;
    struct {
        enum statement statement;
        size_t expected;
    } queued[PIPELINE_MAX];
    size_t count;
};

static void queue(struct save *save, enum statement statement, const struct parameters *parameters, size_t expected) {
    pipeline_queue(save->store->pipeline, statement, parameters);
    save->queued[save->count].statement = statement;
    save->queued[save->count++].expected = expected;
}

static struct view text_or_null(const char *text) {
    return text == NULL ? view_of(NULL, 0) : view_text(text);
}

static const char *reason_name(enum reason reason, struct arena *arena) {
    const char *symbol = reason_symbol(reason);
    if (symbol == NULL) {
        return NULL;
    }
    char *name = arena_text(arena, view_text(symbol));
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    }
    return name;
}

static void add_seat(struct array *array, int16_t seat) {
    if (seat == 0) {
        array_add_null(array);
    } else {
        array_add_int2(array, seat);
    }
}

static void add_optional_uuid(struct array *array, bool present, struct uuid value) {
    if (present) {
        array_add_uuid(array, value);
    } else {
        array_add_null(array);
    }
}

static void queue_updated_appointments(struct save *save, const struct world *world) {
    struct array ids, states, seats, reasons;
    array_begin(&ids, save->arena, ELEMENT_UUID, world->changed_appointment_count);
    array_begin(&states, save->arena, ELEMENT_TEXT, world->changed_appointment_count);
    array_begin(&seats, save->arena, ELEMENT_INT2, world->changed_appointment_count);
    array_begin(&reasons, save->arena, ELEMENT_TEXT, world->changed_appointment_count);
    for (size_t i = 0; i < world->changed_appointment_count; i++) {
        const struct appointment *appointment = world->changed_appointments[i];
        if (appointment->change == CHANGE_UPDATE) {
            array_add_uuid(&ids, appointment->appointment_id);
            array_add_bytes(&states, view_text(state_name(appointment->state)));
            add_seat(&seats, appointment->seat);
            array_add_bytes(&reasons, text_or_null(reason_name(appointment->cancel_reason, save->arena)));
        }
    }
    if (ids.count > 0) {
        struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
        parameters_add_array(parameters, &ids);
        parameters_add_array(parameters, &states);
        parameters_add_array(parameters, &seats);
        parameters_add_array(parameters, &reasons);
        parameters_add_time(parameters, save->arena, save->now_us);
        queue(save, STATEMENT_UPDATE_APPOINTMENTS, parameters, (size_t)ids.count);
    }
}

static void queue_withdrawn_slots(struct save *save, const struct world *world) {
    struct array ids, reasons;
    array_begin(&ids, save->arena, ELEMENT_UUID, world->changed_slot_count);
    array_begin(&reasons, save->arena, ELEMENT_TEXT, world->changed_slot_count);
    for (size_t i = 0; i < world->changed_slot_count; i++) {
        if (world->changed_slots[i]->change == CHANGE_UPDATE) {
            array_add_uuid(&ids, world->changed_slots[i]->slot_id);
            array_add_bytes(
                &reasons, text_or_null(reason_name(world->changed_slots[i]->withdrawal_reason, save->arena)));
        }
    }
    if (ids.count > 0) {
        struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
        parameters_add_array(parameters, &ids);
        parameters_add_array(parameters, &reasons);
        parameters_add_time(parameters, save->arena, save->now_us);
        queue(save, STATEMENT_WITHDRAW_SLOTS, parameters, (size_t)ids.count);
    }
}

static int by_doctor_and_start(const void *a, const void *b) {
    const struct slot *left = *(const struct slot *const *)a;
    const struct slot *right = *(const struct slot *const *)b;
    int order = uuid_compare(left->doctor_id, right->doctor_id);
    return order != 0 ? order : (left->starts_at_us > right->starts_at_us) - (left->starts_at_us < right->starts_at_us);
}

static void queue_new_slots(struct save *save, const struct world *world) {
    const struct slot **slots = ARENA_ARRAY(save->arena, const struct slot *, world->changed_slot_count);
    size_t count = 0;
    for (size_t i = 0; i < world->changed_slot_count; i++) {
        if (world->changed_slots[i]->change == CHANGE_INSERT) {
            slots[count++] = world->changed_slots[i];
        }
    }
    if (count == 0) {
        return;
    }
    qsort(slots, count, sizeof slots[0], by_doctor_and_start);
    struct array ids, doctors, starts, ends, withdrawn, reasons;
    array_begin(&ids, save->arena, ELEMENT_UUID, count);
    array_begin(&doctors, save->arena, ELEMENT_UUID, count);
    array_begin(&starts, save->arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&ends, save->arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&withdrawn, save->arena, ELEMENT_BOOL, count);
    array_begin(&reasons, save->arena, ELEMENT_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        array_add_uuid(&ids, slots[i]->slot_id);
        array_add_uuid(&doctors, slots[i]->doctor_id);
        array_add_time(&starts, slots[i]->starts_at_us);
        array_add_time(&ends, slots[i]->ends_at_us);
        array_add_bool(&withdrawn, slots[i]->withdrawn);
        array_add_bytes(&reasons, text_or_null(reason_name(slots[i]->withdrawal_reason, save->arena)));
    }
    const struct array *columns[] = {&ids, &doctors, &starts, &ends, &withdrawn, &reasons};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        parameters_add_array(parameters, columns[i]);
    }
    parameters_add_time(parameters, save->arena, save->now_us);
    queue(save, STATEMENT_INSERT_SLOTS, parameters, count);
}

static int by_patient_and_start(const void *a, const void *b) {
    const struct appointment *left = *(const struct appointment *const *)a;
    const struct appointment *right = *(const struct appointment *const *)b;
    int order = uuid_compare(left->patient_id, right->patient_id);
    return order != 0 ? order : (left->starts_at_us > right->starts_at_us) - (left->starts_at_us < right->starts_at_us);
}

struct appointment_columns {
    struct array ids, slots, doctors, starts, ends, patients, states, seats, rescheduled_from, reasons;
};

static void begin_appointments(struct appointment_columns *columns, struct arena *arena, size_t count) {
    array_begin(&columns->ids, arena, ELEMENT_UUID, count);
    array_begin(&columns->slots, arena, ELEMENT_UUID, count);
    array_begin(&columns->doctors, arena, ELEMENT_UUID, count);
    array_begin(&columns->starts, arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&columns->ends, arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&columns->patients, arena, ELEMENT_UUID, count);
    array_begin(&columns->states, arena, ELEMENT_TEXT, count);
    array_begin(&columns->seats, arena, ELEMENT_INT2, count);
    array_begin(&columns->rescheduled_from, arena, ELEMENT_UUID, count);
    array_begin(&columns->reasons, arena, ELEMENT_TEXT, count);
}

static void
add_appointment(struct appointment_columns *columns, const struct appointment *appointment, struct arena *arena) {
    array_add_uuid(&columns->ids, appointment->appointment_id);
    array_add_uuid(&columns->slots, appointment->slot_id);
    array_add_uuid(&columns->doctors, appointment->doctor_id);
    array_add_time(&columns->starts, appointment->starts_at_us);
    array_add_time(&columns->ends, appointment->ends_at_us);
    array_add_uuid(&columns->patients, appointment->patient_id);
    array_add_bytes(&columns->states, view_text(state_name(appointment->state)));
    add_seat(&columns->seats, appointment->seat);
    add_optional_uuid(
        &columns->rescheduled_from, appointment->has_rescheduled_from, appointment->rescheduled_from);
    array_add_bytes(&columns->reasons, text_or_null(reason_name(appointment->cancel_reason, arena)));
}

static void queue_new_appointments(struct save *save, const struct world *world) {
    const struct appointment **rows =
        ARENA_ARRAY(save->arena, const struct appointment *, world->changed_appointment_count);
    size_t count = 0;
    for (size_t i = 0; i < world->changed_appointment_count; i++) {
        if (world->changed_appointments[i]->change == CHANGE_INSERT) {
            rows[count++] = world->changed_appointments[i];
        }
    }
    if (count == 0) {
        return;
    }
    qsort(rows, count, sizeof rows[0], by_patient_and_start);
    struct appointment_columns columns;
    begin_appointments(&columns, save->arena, count);
    for (size_t i = 0; i < count; i++) {
        add_appointment(&columns, rows[i], save->arena);
    }
    const struct array *arrays[] = {
        &columns.ids,      &columns.slots,  &columns.doctors, &columns.starts,           &columns.ends,
        &columns.patients, &columns.states, &columns.seats,   &columns.rescheduled_from, &columns.reasons};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        parameters_add_array(parameters, arrays[i]);
    }
    parameters_add_time(parameters, save->arena, save->now_us);
    queue(save, STATEMENT_INSERT_APPOINTMENTS, parameters, count);
}

struct event_columns {
    struct array chains, sequences, ids, entities, entity_ids, old_states, new_states, actors, roles, commands, reasons,
        related, details, hashes;
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

static void add_event(struct event_columns *columns, const struct audit_event *event, struct arena *arena) {
    assert(event->has_slot_id && event->entity != ENTITY_ACCOUNT);
    array_add_uuid(&columns->chains, event->slot_id);
    array_add_int8(&columns->sequences, event->sequence);
    array_add_uuid(&columns->ids, event->event_id);
    array_add_bytes(&columns->entities, view_text(event->entity == ENTITY_SLOT ? "slot" : "appointment"));
    array_add_uuid(&columns->entity_ids, event->entity_id);
    array_add_bytes(
        &columns->old_states, event->has_old_state ? view_text(state_name(event->old_state)) : view_of(NULL, 0));
    array_add_bytes(&columns->new_states, view_text(state_name(event->new_state)));
    array_add_uuid(&columns->actors, event->actor_id);
    array_add_bytes(&columns->roles, view_text(role_name(event->actor_role)));
    array_add_uuid(&columns->commands, event->command_id);
    array_add_bytes(&columns->reasons, text_or_null(reason_name(event->reason, arena)));
    add_optional_uuid(&columns->related, event->has_related_id, event->related_id);
    array_add_bytes(&columns->details, text_or_null(event->detail));
    array_add_bytes(&columns->hashes, view_of(event->hash.bytes, sizeof event->hash.bytes));
}

static void queue_events(struct save *save, const struct world *world) {
    if (world->event_count == 0) {
        return;
    }
    struct event_columns columns;
    begin_events(&columns, save->arena, world->event_count);
    for (size_t i = 0; i < world->event_count; i++) {
        add_event(&columns, &world->events[i], save->arena);
    }
    const struct array *arrays[] = {
        &columns.chains,     &columns.sequences, &columns.ids,   &columns.entities, &columns.entity_ids, &columns.old_states,
        &columns.new_states, &columns.actors,    &columns.roles, &columns.commands, &columns.reasons,    &columns.related,
        &columns.details};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        parameters_add_array(parameters, arrays[i]);
    }
    parameters_add_time(parameters, save->arena, save->now_us);
    parameters_add_array(parameters, &columns.hashes);
    queue(save, STATEMENT_INSERT_SLOT_EVENTS, parameters, world->event_count);
}

static int by_caller_and_command(const void *a, const void *b) {
    const struct answer *left = *(const struct answer *const *)a;
    const struct answer *right = *(const struct answer *const *)b;
    int order = uuid_compare(left->caller, right->caller);
    order = order != 0 ? order : uuid_compare(left->command_id, right->command_id);
    return order != 0 ? order : (left->offset > right->offset) - (left->offset < right->offset);
}

struct answer_columns {
    struct array partitions, offsets, append_times, callers, command_ids, hashes, recallable, codes, outcome_schemas,
        outcomes, event_schemas, events, routes, dead_letters;
};

static void begin_answers(struct answer_columns *columns, struct arena *arena, size_t count) {
    array_begin(&columns->partitions, arena, ELEMENT_INT4, count);
    array_begin(&columns->offsets, arena, ELEMENT_INT8, count);
    array_begin(&columns->append_times, arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&columns->callers, arena, ELEMENT_UUID, count);
    array_begin(&columns->command_ids, arena, ELEMENT_UUID, count);
    array_begin(&columns->hashes, arena, ELEMENT_BYTEA, count);
    array_begin(&columns->recallable, arena, ELEMENT_BOOL, count);
    array_begin(&columns->codes, arena, ELEMENT_TEXT, count);
    array_begin(&columns->outcome_schemas, arena, ELEMENT_INT8, count);
    array_begin(&columns->outcomes, arena, ELEMENT_BYTEA, 4 * count);
    array_begin(&columns->event_schemas, arena, ELEMENT_INT8, count);
    array_begin(&columns->events, arena, ELEMENT_BYTEA, 5 * count);
    array_begin(&columns->routes, arena, ELEMENT_BYTEA, 3 * count);
    array_begin(&columns->dead_letters, arena, ELEMENT_BYTEA, count);
}

static void add_answer(struct answer_columns *columns, const struct answer *answer, struct arena *arena) {
    struct view hash = view_of(answer->content_hash.bytes, sizeof answer->content_hash.bytes);
    struct view dead_letter =
        answer->dead_letter.needed ? dead_letter_encode(arena, &answer->dead_letter) : view_of(NULL, 0);
    array_add_int4(&columns->partitions, answer->partition);
    array_add_int8(&columns->offsets, answer->offset);
    array_add_time(&columns->append_times, answer->append_time_us);
    add_optional_uuid(&columns->callers, answer->has_caller, answer->caller);
    add_optional_uuid(&columns->command_ids, answer->has_command_id, answer->command_id);
    array_add_bytes(&columns->hashes, answer->recallable ? hash : view_of(NULL, 0));
    array_add_bool(&columns->recallable, answer->recallable);
    array_add_bytes(&columns->codes, view_text(code_text(answer->code)));
    array_add_int8(&columns->outcome_schemas, (int64_t)answer->outcome_fingerprint);
    array_add_bytes(&columns->outcomes, answer->outcome);
    if (answer->event_count > 0) {
        array_add_int8(&columns->event_schemas, (int64_t)answer->event_fingerprint);
    } else {
        array_add_null(&columns->event_schemas);
    }
    array_add_bytes(&columns->events, event_bodies_encode(arena, answer));
    array_add_bytes(&columns->routes, route_encode(arena, &answer->route));
    array_add_bytes(&columns->dead_letters, dead_letter);
}

static void queue_answers(struct save *save, const struct answer *answers, size_t count) {
    const struct answer **rows = ARENA_ARRAY(save->arena, const struct answer *, count);
    for (size_t i = 0; i < count; i++) {
        rows[i] = &answers[i];
    }
    qsort(rows, count, sizeof rows[0], by_caller_and_command);
    struct answer_columns columns;
    begin_answers(&columns, save->arena, count);
    for (size_t i = 0; i < count; i++) {
        add_answer(&columns, rows[i], save->arena);
    }
    const struct array *arrays[] = {
        &columns.partitions, &columns.offsets,    &columns.append_times,    &columns.callers,  &columns.command_ids,
        &columns.hashes,     &columns.recallable, &columns.codes,           &columns.outcome_schemas,
        &columns.outcomes,   &columns.event_schemas, &columns.events,       &columns.routes,   &columns.dead_letters};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    parameters_add_text(parameters, save->store->topic);
    parameters_add_time(parameters, save->arena, save->now_us);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        parameters_add_array(parameters, arrays[i]);
    }
    queue(save, STATEMENT_INSERT_ANSWERS, parameters, count);
}

/* A patient's other appointments are read without a lock on their slots, so one of them may have ended meanwhile: a
 * race. All other rows are locked or new. */
static enum status judge_count(const struct save *save, size_t index, size_t touched) {
    if (touched == save->queued[index].expected) {
        return STATUS_OK;
    }
    if (save->queued[index].statement == STATEMENT_UPDATE_APPOINTMENTS) {
        return STATUS_CONFLICT;
    }
    log_error(
        "a save touched another number of rows than it should",
        LOG_TEXT("statement", statement_text(save->queued[index].statement)->name),
        LOG_INT("touched", touched),
        LOG_INT("expected", save->queued[index].expected));
    return STATUS_FATAL;
}

static enum status compare_counts(const struct save *save, PGresult **results) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < save->count; i++) {
        status = judge_count(save, i, result_affected(results[i]));
    }
    return status;
}

enum status store_save(
    struct store *store,
    const struct world *world,
    const struct answer *answers,
    size_t count,
    struct arena *arena) {
    struct save save = {.store = store, .arena = arena, .now_us = answers[0].decided_at_us};
    queue_updated_appointments(&save, world);
    queue_withdrawn_slots(&save, world);
    queue_new_slots(&save, world);
    queue_new_appointments(&save, world);
    queue_events(&save, world);
    queue_answers(&save, answers, count);
    PGresult **results = NULL;
    enum status status = pipeline_run(store->pipeline, &results);
    return status == STATUS_OK ? compare_counts(&save, results) : status;
}
