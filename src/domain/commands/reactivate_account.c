/* ReactivateAccount: an admin lets a deactivated account in again. Older tokens stay dead. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    struct account *account = NULL;
    enum code code = rule_find_account(decision, &account);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    if (account->state == STATE_ACTIVE) {
        return CODE_ACCOUNT_ACTIVE;
    }
    decision_move_account(decision, account, STATE_ACTIVE);
    result_of_account(&decision->result, account);
    return CODE_ACCEPTED;
}

const struct command_definition command_reactivate_account = {
    .name = "ReactivateAccount",
    .roles = ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_ACCOUNTS,
    .fields = {{.name = "account_id", .type = FIELD_UUID, .row = ROW_ACCOUNT}},
    .decide = decide,
};
