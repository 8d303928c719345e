/* CancelAppointment: its patient, its doctor or an admin gives the slot back. Row and event keep
 * the reason that the command names; a patient's own may be null, and then stays null. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    struct appointment *appointment = NULL;
    enum code code = rule_find_booked(decision, &appointment);
    if (code == CODE_ACCEPTED) {
        code = rule_may_cancel(decision, appointment);
    }
    if (code == CODE_ACCEPTED) {
        const struct value *reason = decision_value(decision, "reason");
        decision_end_appointment(
            decision,
            appointment,
            STATE_CANCELLED,
            reason->present ? reason->as.reason : REASON_NONE,
            NULL);
        result_of_appointment(&decision->result, appointment);
    }
    return code;
}

const struct command_definition command_cancel_appointment = {
    .name = "CancelAppointment",
    .roles = ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .fields =
        {
            {.name = "slot_id", .type = FIELD_UUID, .row = ROW_SLOT},
            {.name = "appointment_id", .type = FIELD_UUID, .row = ROW_APPOINTMENT},
            {.name = "reason", .type = FIELD_REASON, .nullable = true},
        },
    .decide = decide,
};
