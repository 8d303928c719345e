/* ChangePassword: the caller's own, for a new one and a new token; every older token ends. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    struct account *account = NULL;
    enum code code = rule_password_is_right(decision, &account);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    if (!uuid_equal(account->account_id, decision->caller_id)) {
        return CODE_LOGIN_FAILED;
    }
    if (!decision->credentials->password_good) {
        return CODE_PASSWORD_WEAK;
    }
    decision_set_password(
        decision, account, decision->credentials->proof.new_hash, REASON_PASSWORD_CHANGED);
    result_of_session(&decision->result, account);
    return CODE_ACCEPTED;
}

const struct command_definition command_change_password = {
    .name = "ChangePassword",
    .roles = ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_ACCOUNTS,
    .credentials = CREDENTIALS_BESIDE_TOKEN,
    .password = PASSWORD_OF_LOGIN,
    .fields = {CREDENTIALS_FIELDS},
    .decide = decide,
};
