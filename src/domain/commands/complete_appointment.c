/* CompleteAppointment: the patient came. From the slot's start on; the slot stays taken. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    struct appointment *appointment = NULL;
    enum code code = rule_find_booked(decision, &appointment);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    if (decision->now_us < appointment->starts_at_us) {
        return CODE_COMPLETE_TOO_EARLY;
    }
    decision_end_appointment(decision, appointment, STATE_FULFILLED, REASON_NONE, NULL);
    result_of_appointment(&decision->result, appointment);
    return CODE_ACCEPTED;
}

const struct command_definition command_complete_appointment = {
    .name = "CompleteAppointment",
    .roles = ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .fields =
        {
            {.name = "slot_id", .type = FIELD_UUID, .row = ROW_SLOT},
            {.name = "appointment_id", .type = FIELD_UUID, .row = ROW_APPOINTMENT},
        },
    .decide = decide,
};
