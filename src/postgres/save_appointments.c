/* Appointments: releasing updates, and new ones by (patient, start), those that ended in the batch
 * in their final state. */
#include "postgres/save_parts.h"

#include <stdlib.h>

void save_updated_appointments(struct save *save, const struct world *world) {
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
            save_add_seat(&seats, appointment->seat);
            array_add_bytes(
                &reasons,
                save_text_or_null(save_reason_name(appointment->cancel_reason, save->arena)));
        }
    }
    if (ids.count > 0) {
        struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
        parameters_add_array(parameters, &ids);
        parameters_add_array(parameters, &states);
        parameters_add_array(parameters, &seats);
        parameters_add_array(parameters, &reasons);
        parameters_add_time(parameters, save->arena, save->now_us);
        save_queue(save, STATEMENT_UPDATE_APPOINTMENTS, parameters, ids.count);
    }
}

static int by_patient_and_start(const void *a, const void *b) {
    const struct appointment *left = *(const struct appointment *const *)a;
    const struct appointment *right = *(const struct appointment *const *)b;
    int order = uuid_compare(left->patient_id, right->patient_id);
    return order != 0 ? order
                      : (left->starts_at_us > right->starts_at_us)
                            - (left->starts_at_us < right->starts_at_us);
}

struct appointment_columns {
    struct array ids, slots, doctors, starts, ends, patients, states, seats, rescheduled_from,
        reasons;
};

static void begin_appointments(
    struct appointment_columns *columns, struct arena *arena, size_t count) {
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

static void add_appointment(
    struct appointment_columns *columns,
    const struct appointment *appointment,
    struct arena *arena) {
    array_add_uuid(&columns->ids, appointment->appointment_id);
    array_add_uuid(&columns->slots, appointment->slot_id);
    array_add_uuid(&columns->doctors, appointment->doctor_id);
    array_add_time(&columns->starts, appointment->starts_at_us);
    array_add_time(&columns->ends, appointment->ends_at_us);
    array_add_uuid(&columns->patients, appointment->patient_id);
    array_add_bytes(&columns->states, view_text(state_name(appointment->state)));
    save_add_seat(&columns->seats, appointment->seat);
    save_add_optional_uuid(
        &columns->rescheduled_from,
        appointment->has_rescheduled_from,
        appointment->rescheduled_from);
    array_add_bytes(
        &columns->reasons, save_text_or_null(save_reason_name(appointment->cancel_reason, arena)));
}

void save_new_appointments(struct save *save, const struct world *world) {
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
        &columns.ids,
        &columns.slots,
        &columns.doctors,
        &columns.starts,
        &columns.ends,
        &columns.patients,
        &columns.states,
        &columns.seats,
        &columns.rescheduled_from,
        &columns.reasons};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        parameters_add_array(parameters, arrays[i]);
    }
    parameters_add_time(parameters, save->arena, save->now_us);
    save_queue(save, STATEMENT_INSERT_APPOINTMENTS, parameters, (long long)count);
}
