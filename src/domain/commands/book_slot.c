/* BookSlot: a patient takes an open slot. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    struct slot *slot = NULL;
    enum code code =
        rule_may_book(decision, decision_value(decision, "slot_id")->as.uuid, NULL, &slot);
    if (code == CODE_ACCEPTED) {
        result_of_appointment(&decision->result, decision_book(decision, slot, NULL));
    }
    return code;
}

const struct command_definition command_book_slot = {
    .name = "BookSlot",
    .roles = ROLE_BIT(ROLE_PATIENT),
    .loads = LOAD_CALLERS_APPOINTMENTS,
    .fields = {{.name = "slot_id", .type = FIELD_UUID, .row = ROW_SLOT}},
    .decide = decide,
};
