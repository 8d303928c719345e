/* A page's statement, its parameters and its rows. */
#include "postgres/pipeline.h"
#include "postgres/reader.h"
#include "postgres/row.h"

#include <assert.h>

enum {
    HISTORY_EVENT_BYTES = 400,      /* an encoded event without its detail, at most */
    HISTORY_BYTES_MAX = 512 * 1024, /* so that a page goes into a Kafka message of a MiB */
};

static const enum statement statement_of[PAGE_KIND_COUNT] = {
    [PAGE_OPEN_SLOTS] = STATEMENT_READ_OPEN_SLOTS,
    [PAGE_DOCTORS_OPEN_SLOTS] = STATEMENT_READ_DOCTORS_OPEN_SLOTS,
    [PAGE_DOCTORS_APPOINTMENTS] = STATEMENT_READ_DOCTORS_APPOINTMENTS,
    [PAGE_PATIENTS_APPOINTMENTS] = STATEMENT_READ_PATIENTS_APPOINTMENTS,
    [PAGE_SLOT_HISTORY] = STATEMENT_READ_SLOT_HISTORY,
    [PAGE_APPOINTMENT_HISTORY] = STATEMENT_READ_APPOINTMENT_HISTORY,
};

static void add_states(struct parameters *parameters, struct arena *arena, unsigned states) {
    struct array names;
    array_begin(&names, arena, ELEMENT_TEXT, STATE_COUNT);
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        if ((states & STATE_BIT(i)) != 0) {
            array_add_bytes(&names, view_text(state_name((enum state)i)));
        }
    }
    parameters_add_array(parameters, &names);
}

static void add_window(
    struct parameters *parameters, struct arena *arena, const struct page *page) {
    parameters_add_time(parameters, arena, page->after.at);
    if (page->kind != PAGE_DOCTORS_OPEN_SLOTS) {
        parameters_add_uuid(parameters, arena, page->after.id);
    }
    parameters_add_time(parameters, arena, page->until_us);
    parameters_add_int4(parameters, arena, page->limit + 1);
}

void page_queue(struct pipeline *pipeline, const struct page *page, struct arena *arena) {
    struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
    if (page->kind != PAGE_OPEN_SLOTS) {
        parameters_add_uuid(parameters, arena, page->subject);
    }
    switch (page->kind) {
    case PAGE_OPEN_SLOTS:
    case PAGE_DOCTORS_OPEN_SLOTS:
        add_window(parameters, arena, page);
        break;
    case PAGE_DOCTORS_APPOINTMENTS:
    case PAGE_PATIENTS_APPOINTMENTS:
        add_states(parameters, arena, page->states);
        add_window(parameters, arena, page);
        break;
    case PAGE_SLOT_HISTORY:
    case PAGE_APPOINTMENT_HISTORY:
        parameters_add_int8(parameters, arena, page->after.at);
        parameters_add_int4(parameters, arena, page->limit + 1);
        break;
    case PAGE_NONE:
    case PAGE_KIND_COUNT:
        assert(false);
    }
    if (page->kind == PAGE_SLOT_HISTORY) {
        parameters_add_uuids(parameters, arena, &page->viewer, page->only_viewers ? 1 : 0);
    }
    pipeline_queue(pipeline, statement_of[page->kind], parameters);
}

/* What of a row says whether it is an item, and what comes after it. */
struct row_place {
    struct page_position position;
    bool shown;
    bool last_looked_at;
};

/* True: the row is the page's next item. False: it only says that there is more. */
static bool take(struct page *page, const struct row_place *place) {
    if (page->count == (size_t)page->limit) {
        page->more = true;
        return false;
    }
    page->last = place->position;
    page->more = place->last_looked_at;
    return place->shown;
}

static void fill_slots(struct page *page, const PGresult *result, struct arena *arena) {
    int rows = PQntuples(result);
    page->slots = ARENA_ARRAY(arena, struct slot_result, (size_t)rows);
    for (int row = 0; row < rows; row++) {
        const struct row_place place = {
            .position = {row_time_us(result, row, 2), row_uuid(result, row, 0)},
            .shown = row_bool(result, row, 4),
            .last_looked_at = row_bool(result, row, 5)};
        if (take(page, &place)) {
            page->slots[page->count++] = (struct slot_result){
                .slot_id = place.position.id,
                .doctor_id = row_uuid(result, row, 1),
                .starts_at_us = place.position.at,
                .ends_at_us = row_time_us(result, row, 3),
                .state = STATE_OPEN};
        }
    }
}

static bool uuid_if(const PGresult *result, int row, int column, struct uuid *uuid) {
    bool present = !row_is_null(result, row, column);
    if (present) {
        *uuid = row_uuid(result, row, column);
    }
    return present;
}

static void read_appointment(
    const PGresult *result, int row, struct appointment_result *appointment) {
    *appointment = (struct appointment_result){
        .appointment_id = row_uuid(result, row, 0),
        .slot_id = row_uuid(result, row, 1),
        .doctor_id = row_uuid(result, row, 2),
        .patient_id = row_uuid(result, row, 3),
        .starts_at_us = row_time_us(result, row, 4),
        .ends_at_us = row_time_us(result, row, 5)};
    bool known = state_parse(row_bytes(result, row, 6), &appointment->state);
    assert(known);
    (void)known;
    appointment->has_rescheduled_from = uuid_if(result, row, 7, &appointment->rescheduled_from);
    appointment->has_rescheduled_to = uuid_if(result, row, 8, &appointment->rescheduled_to);
}

static void fill_appointments(struct page *page, const PGresult *result, struct arena *arena) {
    int rows = PQntuples(result);
    page->appointments = ARENA_ARRAY(arena, struct appointment_result, (size_t)rows);
    for (int row = 0; row < rows; row++) {
        const struct row_place place = {
            .position = {row_time_us(result, row, 4), row_uuid(result, row, 0)}, .shown = true};
        if (take(page, &place)) {
            read_appointment(result, row, &page->appointments[page->count++]);
        }
    }
}

/* Columns of an event, as HISTORY_COLUMNS has them behind the doctor and the patient. */
enum {
    COLUMN_DOCTOR_ID,
    COLUMN_PATIENT_ID,
    COLUMN_SEQUENCE,
    COLUMN_VISIBLE,
    COLUMN_LAST_LOOKED_AT,
    COLUMN_SLOT_ID,
    COLUMN_EVENT_ID,
    COLUMN_ENTITY,
    COLUMN_ENTITY_ID,
    COLUMN_OLD_STATE,
    COLUMN_NEW_STATE,
    COLUMN_ACTOR_ID,
    COLUMN_ACTOR_ROLE,
    COLUMN_COMMAND_ID,
    COLUMN_REASON,
    COLUMN_RELATED_ID,
    COLUMN_DETAIL,
    COLUMN_OCCURRED_AT,
    COLUMN_HASH,
    COLUMN_HASH_BEFORE,
};

static void read_words(const PGresult *result, int row, struct audit_event *event) {
    bool of_slot = view_is(row_bytes(result, row, COLUMN_ENTITY), "slot");
    event->entity = of_slot ? ENTITY_SLOT : ENTITY_APPOINTMENT;
    event->has_old_state = !row_is_null(result, row, COLUMN_OLD_STATE);
    bool known = state_parse(row_bytes(result, row, COLUMN_NEW_STATE), &event->new_state)
                 && role_parse(row_bytes(result, row, COLUMN_ACTOR_ROLE), &event->actor_role);
    if (event->has_old_state) {
        known = known && state_parse(row_bytes(result, row, COLUMN_OLD_STATE), &event->old_state);
    }
    if (!row_is_null(result, row, COLUMN_REASON)) {
        known = known && reason_parse(row_bytes(result, row, COLUMN_REASON), &event->reason);
    }
    assert(known);
    (void)known;
}

static void read_event(
    const PGresult *result, int row, struct arena *arena, struct audit_event *event) {
    *event = (struct audit_event){
        .event_id = row_uuid(result, row, COLUMN_EVENT_ID),
        .entity_id = row_uuid(result, row, COLUMN_ENTITY_ID),
        .has_slot_id = true,
        .slot_id = row_uuid(result, row, COLUMN_SLOT_ID),
        .sequence = row_int8(result, row, COLUMN_SEQUENCE),
        .actor_id = row_uuid(result, row, COLUMN_ACTOR_ID),
        .command_id = row_uuid(result, row, COLUMN_COMMAND_ID),
        .occurred_at_us = row_time_us(result, row, COLUMN_OCCURRED_AT),
        .hash = row_digest(result, row, COLUMN_HASH)};
    read_words(result, row, event);
    event->has_related_id = uuid_if(result, row, COLUMN_RELATED_ID, &event->related_id);
    if (!row_is_null(result, row, COLUMN_DETAIL)) {
        event->detail = arena_text(arena, row_bytes(result, row, COLUMN_DETAIL));
    }
    if (!row_is_null(result, row, COLUMN_HASH_BEFORE)) {
        event->previous_hash = row_digest(result, row, COLUMN_HASH_BEFORE);
    }
}

/* One row without an event stands for a chain that has none behind the position. */
static void fill_history(struct page *page, const PGresult *result, struct arena *arena) {
    int rows = PQntuples(result);
    size_t bytes = 0;
    page->exists = rows > 0;
    page->events = ARENA_ARRAY(arena, struct audit_event, (size_t)rows);
    for (int row = 0; row < rows; row++) {
        page->doctor_id = row_uuid(result, row, COLUMN_DOCTOR_ID);
        (void)uuid_if(result, row, COLUMN_PATIENT_ID, &page->patient_id);
        if (row_is_null(result, row, COLUMN_SEQUENCE)) {
            return;
        }
        bytes += HISTORY_EVENT_BYTES + row_bytes(result, row, COLUMN_DETAIL).size;
        if (bytes > HISTORY_BYTES_MAX) {
            page->more = true;
            return;
        }
        const struct row_place place = {
            .position = {.at = row_int8(result, row, COLUMN_SEQUENCE)},
            .shown = row_bool(result, row, COLUMN_VISIBLE),
            .last_looked_at = row_bool(result, row, COLUMN_LAST_LOOKED_AT)};
        if (take(page, &place)) {
            read_event(result, row, arena, &page->events[page->count++]);
        }
    }
}

void page_fill(struct page *page, const PGresult *result, struct arena *arena) {
    page->count = 0;
    page->more = false;
    switch (page->kind) {
    case PAGE_OPEN_SLOTS:
    case PAGE_DOCTORS_OPEN_SLOTS:
        fill_slots(page, result, arena);
        return;
    case PAGE_DOCTORS_APPOINTMENTS:
    case PAGE_PATIENTS_APPOINTMENTS:
        fill_appointments(page, result, arena);
        return;
    case PAGE_SLOT_HISTORY:
    case PAGE_APPOINTMENT_HISTORY:
        fill_history(page, result, arena);
        return;
    case PAGE_NONE:
    case PAGE_KIND_COUNT:
        assert(false);
    }
}
