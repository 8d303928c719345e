/* DeactivateAccount: nobody books with the account any more. Whoever holds a booked appointment
 * settles that first; a doctor's slots to come are withdrawn in the same step. */
#include "domain/decision.h"

static enum code check(const struct decision *decision, struct account **found) {
    enum code code = rule_find_account(decision, found);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    const struct account *account = *found;
    if (account->state != STATE_ACTIVE) {
        return CODE_ACCOUNT_INACTIVE;
    }
    if (account->role == ROLE_ADMIN && decision->world->active_admins <= 1) {
        return CODE_LAST_ADMIN;
    }
    return account->has_booked ? CODE_HAS_UPCOMING_APPOINTMENTS : CODE_ACCEPTED;
}

/* Not one that holds an appointment which is over, although its time seems to come: a clock was set
 * back, and the slot is not open. */
static void withdraw_slots(struct decision *decision, const struct account *doctor) {
    for (struct slot *slot = doctor->calendar; slot != NULL; slot = slot->next_of_doctor) {
        if (!slot->withdrawn && slot->active == NULL && slot->starts_at_us > decision->now_us) {
            decision_withdraw_slot(decision, slot, REASON_DOCTOR_DEACTIVATED);
        }
    }
}

static enum code decide(struct decision *decision) {
    struct account *account = NULL;
    enum code code = check(decision, &account);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    decision_move_account(decision, account, STATE_DEACTIVATED);
    withdraw_slots(decision, account);
    result_of_account(&decision->result, account);
    return CODE_ACCEPTED;
}

const struct command_definition command_deactivate_account = {
    .name = "DeactivateAccount",
    .roles = ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .loads = LOAD_TARGETS_HOLDINGS,
    .lane = LANE_ACCOUNTS,
    .ends_account = true,
    .fields = {{.name = "account_id", .type = FIELD_UUID, .row = ROW_ACCOUNT}},
    .decide = decide,
};
