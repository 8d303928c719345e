/* WithdrawSlot: a doctor takes an open slot back, for good. A slot whose appointment was completed
 * or missed stays as it is: it has an appointment. */
#include "domain/decision.h"

static enum code check(const struct decision *decision, const struct slot *slot) {
    if (slot == NULL || !uuid_equal(slot->doctor_id, decision->caller_id)) {
        return CODE_SLOT_NOT_FOUND;
    }
    if (slot->withdrawn) {
        return CODE_SLOT_WITHDRAWN;
    }
    if (slot->active != NULL) {
        return CODE_SLOT_HAS_APPOINTMENT;
    }
    if (slot->starts_at_us <= decision->now_us) {
        return CODE_SLOT_IN_PAST;
    }
    return CODE_ACCEPTED;
}

static enum code decide(struct decision *decision) {
    struct slot *slot = world_slot(decision->world, decision_value(decision, "slot_id")->as.uuid);
    enum code code = check(decision, slot);
    if (code == CODE_ACCEPTED) {
        decision_withdraw_slot(decision, slot, REASON_NONE);
        result_of_slot(&decision->result, slot);
    }
    return code;
}

const struct command_definition command_withdraw_slot = {
    .name = "WithdrawSlot",
    .roles = ROLE_BIT(ROLE_DOCTOR),
    .fields = {{.name = "slot_id", .type = FIELD_UUID, .row = ROW_SLOT}},
    .decide = decide,
};
