/* Rules that the commands of accounts share. */
#include "domain/decision.h"

static bool is_throttled(struct decision *decision) {
    const struct proof *proof = &decision->credentials->proof;
    if (proof->state != PROOF_THROTTLED) {
        return false;
    }
    decision->retry_after_us = proof->retry_after_us;
    return true;
}

enum code rule_password_is_right(struct decision *decision, struct account **account) {
    const struct proof *proof = &decision->credentials->proof;
    *account = NULL;
    if (is_throttled(decision)) {
        return CODE_LOGIN_THROTTLED;
    }
    decision->needs_proof = proof->state == PROOF_NONE;
    if (proof->state != PROOF_RIGHT) {
        return CODE_LOGIN_FAILED;
    }
    struct account *found = world_account(decision->world, proof->account_id);
    /* Another password since it was looked at: the old one has lost its race. */
    if (found == NULL || found->credential_version != proof->credential_version) {
        return CODE_LOGIN_FAILED;
    }
    *account = found;
    return CODE_ACCEPTED;
}

enum code rule_find_account(const struct decision *decision, struct account **found) {
    struct uuid account_id = decision_value(decision, "account_id")->as.uuid;
    struct account *account = world_account(decision->world, account_id);
    bool may_see = decision->anonymous || decision->caller_role == ROLE_ADMIN
                   || uuid_equal(account_id, decision->caller_id);
    if (account == NULL || !may_see) {
        return CODE_ACCOUNT_NOT_FOUND;
    }
    *found = account;
    return account->state == STATE_ERASED ? CODE_ACCOUNT_ERASED : CODE_ACCEPTED;
}

enum code decide_registration(struct decision *decision, enum role role) {
    const struct credentials *credentials = decision->credentials;
    const struct proof *proof = &credentials->proof;
    if (is_throttled(decision)) {
        return CODE_LOGIN_THROTTLED;
    }
    if (credentials->login.data == NULL) {
        return CODE_LOGIN_INVALID;
    }
    if (proof->state == PROOF_NONE) {
        decision->needs_proof = true;
        return CODE_LOGIN_TAKEN;
    }
    if (!credentials->password_good) {
        return CODE_PASSWORD_WEAK;
    }
    if (world_account_by_login(decision->world, credentials->login) != NULL) {
        return CODE_LOGIN_TAKEN;
    }
    if (proof->new_hash == NULL) { /* taken when it was looked at, and free since */
        decision->needs_proof = true;
        return CODE_LOGIN_TAKEN;
    }
    result_of_account(&decision->result, decision_register(decision, role));
    return CODE_ACCEPTED;
}

void result_of_account(struct result *result, const struct account *account) {
    *result = (struct result){
        .type = RESULT_ACCOUNT,
        .as.account = {
            .account_id = account->account_id, .role = account->role, .state = account->state}};
}

void result_of_session(struct result *result, const struct account *account) {
    *result = (struct result){
        .type = RESULT_SESSION,
        .as.session = {
            .account_id = account->account_id,
            .role = account->role,
            .token_version = account->token_version}};
}
