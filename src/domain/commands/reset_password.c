/* ResetPassword: an admin, who proves himself with his own password, gives an account a new one. */
#include "domain/decision.h"

static enum code check_password(struct decision *decision) {
    struct account *admin = NULL;
    enum code code = rule_password_is_right(decision, &admin);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    return admin == decision->caller ? CODE_ACCEPTED : CODE_LOGIN_FAILED;
}

static enum code decide(struct decision *decision) {
    struct account *account = NULL;
    enum code code = check_password(decision);
    if (code == CODE_ACCEPTED) {
        code = rule_find_account(decision, &account);
    }
    if (code != CODE_ACCEPTED) {
        return code;
    }
    if (!decision->credentials->password_good) {
        return CODE_PASSWORD_WEAK;
    }
    decision_set_password(
        decision, account, decision->credentials->proof.new_hash, REASON_PASSWORD_RESET);
    result_of_account(&decision->result, account);
    return CODE_ACCEPTED;
}

const struct command_definition command_reset_password = {
    .name = "ResetPassword",
    .roles = ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_ACCOUNTS,
    .credentials = CREDENTIALS_BESIDE_TOKEN,
    .password = PASSWORD_OF_CALLER,
    .fields =
        {
            {.name = "account_id", .type = FIELD_UUID, .row = ROW_ACCOUNT},
            CREDENTIALS_FIELDS,
        },
    .decide = decide,
};
