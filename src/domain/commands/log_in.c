/* LogIn: a login and its password for a token. Every cause of a failure has the same answer. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    struct account *account = NULL;
    enum code code = rule_password_is_right(decision, &account);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    if (account->state != STATE_ACTIVE) {
        return CODE_LOGIN_FAILED;
    }
    decision_refresh_hash(decision, account);
    result_of_session(&decision->result, account);
    return CODE_ACCEPTED;
}

const struct command_definition command_log_in = {
    .name = "LogIn",
    .lane = LANE_ACCOUNTS,
    .credentials = CREDENTIALS_ONLY,
    .password = PASSWORD_OF_LOGIN,
    .eventless = true,
    .fields = {CREDENTIALS_FIELDS},
    .decide = decide,
};
