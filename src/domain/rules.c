/* Rules that several commands share, and what deciders read and answer with. */
#include "base/planted.h"
#include "domain/decision.h"

#include <assert.h>

const struct value *decision_value(const struct decision *decision, const char *field) {
    const struct command *command = decision->command;
    const struct value *value = command_value(command, field);
    assert(value != NULL);
    assert(value->present || command->definition->fields[value - command->values].nullable);
    return value;
}

static bool caller_takes_part(
    const struct decision *decision, const struct appointment *appointment) {
    const struct uuid part[ROLE_COUNT] = {
        [ROLE_PATIENT] = appointment->patient_id,
        [ROLE_DOCTOR] = appointment->doctor_id,
        [ROLE_ADMIN] = decision->caller_id,
    };
    return uuid_equal(part[decision->caller_role], decision->caller_id)
           || PLANTED("ownership_unchecked");
}

enum code rule_find_booked(const struct decision *decision, struct appointment **found) {
    static const enum code code_of_state[STATE_COUNT] = {
        [STATE_BOOKED] = CODE_ACCEPTED,
        [STATE_CANCELLED] = CODE_ALREADY_CANCELLED,
        [STATE_FULFILLED] = CODE_ALREADY_FULFILLED,
        [STATE_NOSHOW] = CODE_ALREADY_NOSHOW,
    };
    struct uuid slot_id = decision_value(decision, "slot_id")->as.uuid;
    struct appointment *appointment =
        world_appointment(decision->world, decision_value(decision, "appointment_id")->as.uuid);
    /* Without its slot, which was published while this batch waited for its locks, the appointment
     * is not loaded whole. */
    if (appointment == NULL || world_slot(decision->world, slot_id) == NULL
        || !uuid_equal(appointment->slot_id, slot_id)
        || !caller_takes_part(decision, appointment)) {
        return CODE_APPOINTMENT_NOT_FOUND;
    }
    *found = appointment;
    return code_of_state[appointment->state];
}

enum code rule_may_cancel(const struct decision *decision, const struct appointment *appointment) {
    int64_t cutoff_us = 0;
    if (decision->caller_role == ROLE_PATIENT) {
        cutoff_us = decision->limits->cancel_cutoff_us;
    } else if (!decision_value(decision, "reason")->present) {
        return CODE_REASON_REQUIRED;
    }
    return decision->now_us < appointment->starts_at_us - cutoff_us ? CODE_ACCEPTED
                                                                    : CODE_CANCEL_TOO_LATE;
}

static bool patient_is_free(
    const struct account *patient, const struct slot *slot, const struct appointment *given_up) {
    for (const struct appointment *other = patient->appointments; other != NULL;
         other = other->next_of_patient) {
        if (other != given_up && other->state == STATE_BOOKED
            && other->starts_at_us < slot->ends_at_us && slot->starts_at_us < other->ends_at_us) {
            return false;
        }
    }
    return true;
}

static int64_t count_to_come(const struct decision *decision, const struct appointment *given_up) {
    int64_t count = 0;
    for (const struct appointment *other = decision->caller->appointments; other != NULL;
         other = other->next_of_patient) {
        if (other != given_up && other->state == STATE_BOOKED
            && other->starts_at_us > decision->now_us) {
            count++;
        }
    }
    return count;
}

enum code rule_may_book(
    const struct decision *decision,
    struct uuid slot_id,
    const struct appointment *given_up,
    struct slot **found) {
    const struct limits *limits = decision->limits;
    struct slot *slot = world_slot(decision->world, slot_id);
    if (slot == NULL) {
        return CODE_SLOT_NOT_FOUND;
    }
    if (slot->withdrawn) {
        return CODE_SLOT_WITHDRAWN;
    }
    if ((slot->active != NULL && !PLANTED("double_booking"))
        || PLANTED_EVERY(20, "free_slot_refused")) {
        return CODE_SLOT_TAKEN;
    }
    if (slot->starts_at_us <= decision->now_us + limits->booking_lead_time_us) {
        return CODE_SLOT_IN_PAST;
    }
    if (!patient_is_free(decision->caller, slot, given_up) && !PLANTED("patient_overlap")) {
        return CODE_PATIENT_OVERLAP;
    }
    if (limits->booking_limit > 0 && count_to_come(decision, given_up) >= limits->booking_limit) {
        return CODE_BOOKING_LIMIT_REACHED;
    }
    *found = slot;
    return CODE_ACCEPTED;
}

void result_of_slot(struct result *result, const struct slot *slot) {
    *result = (struct result){
        .type = RESULT_SLOT,
        .as.slot = {
            .slot_id = slot->slot_id,
            .doctor_id = slot->doctor_id,
            .starts_at_us = slot->starts_at_us,
            .ends_at_us = slot->ends_at_us,
            .state = slot->withdrawn ? STATE_WITHDRAWN : STATE_OPEN}};
}

void result_of_appointment(struct result *result, const struct appointment *appointment) {
    *result = (struct result){
        .type = RESULT_APPOINTMENT,
        .as.appointment = {
            .appointment_id = appointment->appointment_id,
            .slot_id = appointment->slot_id,
            .doctor_id = appointment->doctor_id,
            .patient_id = appointment->patient_id,
            .starts_at_us = appointment->starts_at_us,
            .ends_at_us = appointment->ends_at_us,
            .state = appointment->state,
            .has_rescheduled_from = appointment->has_rescheduled_from,
            .rescheduled_from = appointment->rescheduled_from}};
}
