/* The records that an outcome's result may be: a row each of the table below. */
#include "wire/codec_parts.h"

#include <assert.h>

enum { SLOT_ID, SLOT_DOCTOR_ID, SLOT_STARTS_AT, SLOT_ENDS_AT, SLOT_STATE, SLOT_FIELDS };

static const char *const slot_fields[SLOT_FIELDS] = {
    [SLOT_ID] = "slot_id",
    [SLOT_DOCTOR_ID] = "doctor_id",
    [SLOT_STARTS_AT] = "starts_at",
    [SLOT_ENDS_AT] = "ends_at",
    [SLOT_STATE] = "state",
};

enum {
    APPOINTMENT_ID,
    APPOINTMENT_SLOT_ID,
    APPOINTMENT_DOCTOR_ID,
    APPOINTMENT_PATIENT_ID,
    APPOINTMENT_STARTS_AT,
    APPOINTMENT_ENDS_AT,
    APPOINTMENT_STATE,
    APPOINTMENT_RESCHEDULED_FROM,
    APPOINTMENT_RESCHEDULED_TO,
    APPOINTMENT_FIELDS
};

static const char *const appointment_fields[APPOINTMENT_FIELDS] = {
    [APPOINTMENT_ID] = "appointment_id",
    [APPOINTMENT_SLOT_ID] = "slot_id",
    [APPOINTMENT_DOCTOR_ID] = "doctor_id",
    [APPOINTMENT_PATIENT_ID] = "patient_id",
    [APPOINTMENT_STARTS_AT] = "starts_at",
    [APPOINTMENT_ENDS_AT] = "ends_at",
    [APPOINTMENT_STATE] = "state",
    [APPOINTMENT_RESCHEDULED_FROM] = "rescheduled_from",
    [APPOINTMENT_RESCHEDULED_TO] = "rescheduled_to",
};

enum { ACCOUNT_ID, ACCOUNT_ROLE, ACCOUNT_STATE, ACCOUNT_FIELDS };

static const char *const account_fields[ACCOUNT_FIELDS] = {
    [ACCOUNT_ID] = "account_id",
    [ACCOUNT_ROLE] = "role",
    [ACCOUNT_STATE] = "state",
};

enum { SESSION_SEALED, SESSION_FIELDS };

static const char *const session_fields[SESSION_FIELDS] = {[SESSION_SEALED] = "sealed"};

enum { PURGED_SLOTS, PURGED_APPOINTMENTS, PURGED_EVENTS, PURGED_MORE, PURGED_FIELDS };

static const char *const purged_fields[PURGED_FIELDS] = {
    [PURGED_SLOTS] = "slots",
    [PURGED_APPOINTMENTS] = "appointments",
    [PURGED_EVENTS] = "events",
    [PURGED_MORE] = "more",
};

enum { KEYS_SEAL_KEYS, KEYS_JWKS, KEYS_STATEMENT, KEYS_FIELDS };

static const char *const keys_fields[KEYS_FIELDS] = {
    [KEYS_SEAL_KEYS] = "seal_keys",
    [KEYS_JWKS] = "jwks",
    [KEYS_STATEMENT] = "statement",
};

enum { SEAL_KEY_ID, SEAL_KEY_PUBLIC_KEY, SEAL_KEY_FIELDS };

static const char *const seal_key_fields[SEAL_KEY_FIELDS] = {
    [SEAL_KEY_ID] = "key_id",
    [SEAL_KEY_PUBLIC_KEY] = "public_key",
};

enum { PAGE_ITEMS, PAGE_NEXT_CURSOR, PAGE_FIELDS };

static const char *const page_fields[PAGE_FIELDS] = {
    [PAGE_ITEMS] = "items",
    [PAGE_NEXT_CURSOR] = "next_cursor",
};

struct result_row {
    const char *full_name; /* NULL: null */
    const char *const *names;
    size_t count;
    unsigned states; /* those that its field "state" must have; 0: it has no such field */
};

static const struct result_row rows[RESULT_TYPE_COUNT] = {
    [RESULT_SLOT] =
        {
            "slotkeeper.event.Slot",
            slot_fields,
            SLOT_FIELDS,
            STATE_BIT(STATE_OPEN) | STATE_BIT(STATE_BOOKED) | STATE_BIT(STATE_WITHDRAWN),
        },
    [RESULT_APPOINTMENT] =
        {
            "slotkeeper.event.Appointment",
            appointment_fields,
            APPOINTMENT_FIELDS,
            STATE_BIT(STATE_BOOKED) | STATE_BIT(STATE_CANCELLED) | STATE_BIT(STATE_FULFILLED)
                | STATE_BIT(STATE_NOSHOW),
        },
    [RESULT_ACCOUNT] =
        {
            "slotkeeper.event.Account",
            account_fields,
            ACCOUNT_FIELDS,
            STATE_BIT(STATE_ACTIVE) | STATE_BIT(STATE_DEACTIVATED) | STATE_BIT(STATE_ERASED),
        },
    [RESULT_SESSION] = {"slotkeeper.event.Session", session_fields, SESSION_FIELDS, 0},
    [RESULT_PURGED] = {"slotkeeper.event.Purged", purged_fields, PURGED_FIELDS, 0},
    [RESULT_SERVICE_KEYS] = {"slotkeeper.event.ServiceKeys", keys_fields, KEYS_FIELDS, 0},
    [RESULT_SLOT_PAGE] = {"slotkeeper.event.SlotPage", page_fields, PAGE_FIELDS, 0},
    [RESULT_APPOINTMENT_PAGE] = {"slotkeeper.event.AppointmentPage", page_fields, PAGE_FIELDS, 0},
    [RESULT_HISTORY_PAGE] = {"slotkeeper.event.HistoryPage", page_fields, PAGE_FIELDS, 0},
};

static const struct type *member_of(const struct type *record, const char *name) {
    return record->members[type_field(record, name)].type;
}

static enum status bind_states(
    struct result_binding *binding,
    const struct type *record,
    unsigned needed,
    struct error *error) {
    const char *words[STATE_COUNT];
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        words[i] = state_symbol((enum state)i);
    }
    bind_symbols(member_of(record, "state"), words, STATE_COUNT, binding->states);
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        if ((needed & STATE_BIT(i)) != 0 && binding->states[i] < 0) {
            return error_set(
                error, STATUS_FATAL, "schema %s lacks %s", record->full_name, words[i]);
        }
    }
    return STATUS_OK;
}

/* The position of a record among the results; member_count: none. */
static size_t find_result(const struct type *results, const char *full_name) {
    size_t branch = 0;
    while (branch < results->member_count
           && (results->members[branch].type->kind != TYPE_RECORD
               || strcmp(results->members[branch].type->full_name, full_name) != 0)) {
        branch++;
    }
    return branch;
}

static enum status bind_record(
    struct result_binding *binding,
    const struct type *record,
    const struct result_row *row,
    struct error *error) {
    enum status status = bind_fields(record, row->names, row->count, binding->fields, error);
    return status == STATUS_OK && row->states != 0
               ? bind_states(binding, record, row->states, error)
               : status;
}

static enum status bind_row(
    struct result_binding *binding,
    const struct type *results,
    const struct result_row *row,
    struct error *error) {
    size_t branch = find_result(results, row->full_name);
    if (branch == results->member_count) {
        return error_set(error, STATUS_FATAL, "schema Outcome: no result %s", row->full_name);
    }
    binding->branch = (int)branch;
    return bind_record(binding, results->members[branch].type, row, error);
}

/* The record that a page's items are of; NULL: items is no list. */
static const struct type *items_of(
    const struct result_writer *writer, const struct type *results, enum result_type page) {
    const struct type *list =
        member_of(results->members[writer->results[page].branch].type, "items");
    return list->kind == TYPE_ARRAY ? list->members[0].type : NULL;
}

static enum status bind_items(
    struct result_writer *writer, const struct type *results, struct error *error) {
    const struct type *slot = items_of(writer, results, RESULT_SLOT_PAGE);
    const struct type *appointment = items_of(writer, results, RESULT_APPOINTMENT_PAGE);
    const struct type *event = items_of(writer, results, RESULT_HISTORY_PAGE);
    if (slot == NULL || appointment == NULL || event == NULL) {
        return error_set(error, STATUS_FATAL, "schema Outcome: a page without a list of items");
    }
    enum status status = bind_record(&writer->slot, slot, &rows[RESULT_SLOT], error);
    if (status == STATUS_OK) {
        status = bind_record(&writer->appointment, appointment, &rows[RESULT_APPOINTMENT], error);
    }
    return status == STATUS_OK ? event_binding_init(&writer->event, event, error) : status;
}

/* What only one kind of result has. */
static enum status bind_others(
    struct result_writer *writer, const struct type *results, struct error *error) {
    const struct type *account = results->members[writer->results[RESULT_ACCOUNT].branch].type;
    const struct type *keys = results->members[writer->results[RESULT_SERVICE_KEYS].branch].type;
    const struct type *list = member_of(keys, "seal_keys");
    if (!bind_roles(member_of(account, "role"), writer->roles) || list->kind != TYPE_ARRAY) {
        return error_set(error, STATUS_FATAL, "schema Outcome: a role is missing, or seal_keys");
    }
    return bind_fields(
        list->members[0].type, seal_key_fields, SEAL_KEY_FIELDS, writer->seal_key, error);
}

enum status result_writer_init(
    struct result_writer *writer, const struct type *results, struct error *error) {
    enum status status = STATUS_OK;
    for (unsigned i = RESULT_NONE + 1; status == STATUS_OK && i < RESULT_TYPE_COUNT; i++) {
        status = bind_row(&writer->results[i], results, &rows[i], error);
    }
    if (status == STATUS_OK) {
        status = bind_items(writer, results, error);
    }
    return status == STATUS_OK ? bind_others(writer, results, error) : status;
}

static void put_slot(
    const struct result_binding *binding, avro_value_t *record, const struct slot_result *slot) {
    const struct bound_field *fields = binding->fields;
    put_uuid(record, &fields[SLOT_ID], slot->slot_id);
    put_uuid(record, &fields[SLOT_DOCTOR_ID], slot->doctor_id);
    put_long(record, &fields[SLOT_STARTS_AT], slot->starts_at_us);
    put_long(record, &fields[SLOT_ENDS_AT], slot->ends_at_us);
    put_symbol(record, &fields[SLOT_STATE], binding->states[slot->state]);
}

static void put_appointment(
    const struct result_binding *binding,
    avro_value_t *record,
    const struct appointment_result *appointment) {
    const struct bound_field *fields = binding->fields;
    put_uuid(record, &fields[APPOINTMENT_ID], appointment->appointment_id);
    put_uuid(record, &fields[APPOINTMENT_SLOT_ID], appointment->slot_id);
    put_uuid(record, &fields[APPOINTMENT_DOCTOR_ID], appointment->doctor_id);
    put_uuid(record, &fields[APPOINTMENT_PATIENT_ID], appointment->patient_id);
    put_long(record, &fields[APPOINTMENT_STARTS_AT], appointment->starts_at_us);
    put_long(record, &fields[APPOINTMENT_ENDS_AT], appointment->ends_at_us);
    put_symbol(record, &fields[APPOINTMENT_STATE], binding->states[appointment->state]);
    put_uuid_if(
        record,
        &fields[APPOINTMENT_RESCHEDULED_FROM],
        appointment->has_rescheduled_from,
        appointment->rescheduled_from);
    put_uuid_if(
        record,
        &fields[APPOINTMENT_RESCHEDULED_TO],
        appointment->has_rescheduled_to,
        appointment->rescheduled_to);
}

static void put_account(
    const struct result_writer *writer,
    avro_value_t *record,
    const struct account_result *account) {
    const struct result_binding *binding = &writer->results[RESULT_ACCOUNT];
    put_uuid(record, &binding->fields[ACCOUNT_ID], account->account_id);
    put_symbol(record, &binding->fields[ACCOUNT_ROLE], writer->roles[account->role]);
    put_symbol(record, &binding->fields[ACCOUNT_STATE], binding->states[account->state]);
}

static void put_purged(
    const struct result_binding *binding,
    avro_value_t *record,
    const struct purged_result *purged) {
    const struct bound_field *fields = binding->fields;
    put_long(record, &fields[PURGED_SLOTS], purged->slots);
    put_long(record, &fields[PURGED_APPOINTMENTS], purged->appointments);
    put_long(record, &fields[PURGED_EVENTS], purged->events);
    put_boolean(record, &fields[PURGED_MORE], purged->more);
}

static void put_service_keys(
    const struct result_writer *writer,
    avro_value_t *record,
    const struct service_keys_result *keys) {
    const struct bound_field *fields = writer->results[RESULT_SERVICE_KEYS].fields;
    avro_value_t list;
    avro_must(avro_value_get_by_index(record, fields[KEYS_SEAL_KEYS].position, &list, NULL));
    avro_must(avro_value_reset(&list));
    for (size_t i = 0; i < keys->seal_key_count; i++) {
        const struct seal_key_result *key = &keys->seal_keys[i];
        avro_value_t item;
        avro_must(avro_value_append(&list, &item, NULL));
        put_text(&item, &writer->seal_key[SEAL_KEY_ID], key->key_id);
        put_fixed(
            &item,
            &writer->seal_key[SEAL_KEY_PUBLIC_KEY],
            view_of(key->public_key, PUBLIC_KEY_SIZE));
    }
    put_text(record, &fields[KEYS_JWKS], keys->jwks);
    put_text(record, &fields[KEYS_STATEMENT], keys->statement);
}

/* The list of a page's items, emptied; its next_cursor is set. */
static avro_value_t begin_page(
    const struct result_binding *binding, avro_value_t *record, struct view next_cursor) {
    avro_value_t list;
    if (next_cursor.data == NULL) {
        put_null(record, &binding->fields[PAGE_NEXT_CURSOR]);
    } else {
        put_bytes(record, &binding->fields[PAGE_NEXT_CURSOR], next_cursor);
    }
    avro_must(avro_value_get_by_index(record, binding->fields[PAGE_ITEMS].position, &list, NULL));
    avro_must(avro_value_reset(&list));
    return list;
}

static void put_slot_page(
    const struct result_writer *writer, avro_value_t *record, const struct slot_page_result *page) {
    avro_value_t list = begin_page(&writer->results[RESULT_SLOT_PAGE], record, page->next_cursor);
    for (size_t i = 0; i < page->count; i++) {
        avro_value_t item;
        avro_must(avro_value_append(&list, &item, NULL));
        put_slot(&writer->slot, &item, &page->items[i]);
    }
}

static void put_appointment_page(
    const struct result_writer *writer,
    avro_value_t *record,
    const struct appointment_page_result *page) {
    avro_value_t list =
        begin_page(&writer->results[RESULT_APPOINTMENT_PAGE], record, page->next_cursor);
    for (size_t i = 0; i < page->count; i++) {
        avro_value_t item;
        avro_must(avro_value_append(&list, &item, NULL));
        put_appointment(&writer->appointment, &item, &page->items[i]);
    }
}

static void put_history_page(
    const struct result_writer *writer,
    avro_value_t *record,
    const struct history_page_result *page) {
    avro_value_t list =
        begin_page(&writer->results[RESULT_HISTORY_PAGE], record, page->next_cursor);
    for (size_t i = 0; i < page->count; i++) {
        avro_value_t item;
        avro_must(avro_value_append(&list, &item, NULL));
        put_event(&writer->event, &item, &page->items[i]);
    }
}

void put_result(
    const struct result_writer *writer, avro_value_t *value, const struct result *result) {
    avro_value_t record;
    const struct result_binding *binding = &writer->results[result->type];
    avro_must(avro_value_set_branch(value, binding->branch, &record));
    switch (result->type) {
    case RESULT_NONE: /* branch 0: null */
        return;
    case RESULT_SLOT:
        put_slot(binding, &record, &result->as.slot);
        return;
    case RESULT_APPOINTMENT:
        put_appointment(binding, &record, &result->as.appointment);
        return;
    case RESULT_ACCOUNT:
        put_account(writer, &record, &result->as.account);
        return;
    case RESULT_SESSION:
        put_bytes(&record, &binding->fields[SESSION_SEALED], result->as.session.sealed);
        return;
    case RESULT_PURGED:
        put_purged(binding, &record, &result->as.purged);
        return;
    case RESULT_SERVICE_KEYS:
        put_service_keys(writer, &record, &result->as.service_keys);
        return;
    case RESULT_SLOT_PAGE:
        put_slot_page(writer, &record, &result->as.slot_page);
        return;
    case RESULT_APPOINTMENT_PAGE:
        put_appointment_page(writer, &record, &result->as.appointment_page);
        return;
    case RESULT_HISTORY_PAGE:
        put_history_page(writer, &record, &result->as.history_page);
        return;
    case RESULT_TYPE_COUNT:
        return;
    }
}
