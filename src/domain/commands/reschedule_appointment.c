/* RescheduleAppointment: a patient changes one slot for another, in one step or not at all.
 *
 * Both halves are checked before either is carried out. Two events: the old appointment's
 * cancellation in the old slot's chain, then the new one's booking in the new slot's; each names
 * the other appointment, and both say RESCHEDULED. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    struct appointment *given_up = NULL;
    struct slot *new_slot = NULL;
    enum code code = rule_find_booked(decision, &given_up);
    if (code == CODE_ACCEPTED) {
        code = rule_may_cancel(decision, given_up);
    }
    if (code == CODE_ACCEPTED) {
        struct uuid new_slot_id = decision_value(decision, "new_slot_id")->as.uuid;
        code = rule_may_book(decision, new_slot_id, given_up, &new_slot);
    }
    if (code == CODE_ACCEPTED) {
        struct uuid new_id = appointment_id_of(decision->outcome_id);
        decision_end_appointment(decision, given_up, STATE_CANCELLED, REASON_RESCHEDULED, &new_id);
        result_of_appointment(&decision->result, decision_book(decision, new_slot, given_up));
    }
    return code;
}

const struct command_definition command_reschedule_appointment = {
    .name = "RescheduleAppointment",
    .roles = ROLE_BIT(ROLE_PATIENT),
    .loads = LOAD_CALLERS_APPOINTMENTS,
    .fields =
        {
            {.name = "slot_id", .type = FIELD_UUID, .row = ROW_SLOT},
            {.name = "appointment_id", .type = FIELD_UUID, .row = ROW_APPOINTMENT},
            {.name = "new_slot_id", .type = FIELD_UUID, .row = ROW_SLOT},
        },
    .decide = decide,
};
