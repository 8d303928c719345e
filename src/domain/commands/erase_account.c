/* EraseAccount: login and password of a deactivated account go for good; its id, and the history
 * that names it, stay. Its owner's tokens are dead by then, so he sends his password instead. */
#include "domain/decision.h"

static enum code check_password(struct decision *decision) {
    struct account *account = NULL;
    enum code code = rule_password_is_right(decision, &account);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    return uuid_equal(account->account_id, decision_value(decision, "account_id")->as.uuid)
               ? CODE_ACCEPTED
               : CODE_LOGIN_FAILED;
}

static enum code decide(struct decision *decision) {
    struct account *account = NULL;
    enum code code = decision->credentials != NULL ? check_password(decision) : CODE_ACCEPTED;
    if (code == CODE_ACCEPTED) {
        code = rule_find_account(decision, &account);
    }
    if (code != CODE_ACCEPTED) {
        return code;
    }
    if (account->state == STATE_ACTIVE) {
        return CODE_ACCOUNT_ACTIVE;
    }
    decision_move_account(decision, account, STATE_ERASED);
    result_of_account(&decision->result, account);
    return CODE_ACCEPTED;
}

const struct command_definition command_erase_account = {
    .name = "EraseAccount",
    .roles = ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_ACCOUNTS,
    .credentials = CREDENTIALS_OR_TOKEN,
    .password = PASSWORD_OF_LOGIN,
    .ends_account = true,
    .fields =
        {
            {.name = "account_id", .type = FIELD_UUID, .row = ROW_ACCOUNT},
            {.name = "key_id", .type = FIELD_TEXT, .nullable = true},
            {.name = "sealed", .type = FIELD_BYTES, .nullable = true},
        },
    .decide = decide,
};
