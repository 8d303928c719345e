/* What an accepted command does to an account: the row changed, marked for save, and the audit
 * event appended to the account's chain. Nothing here refuses. */
#include "domain/decision.h"

#include <assert.h>

/* Who did it: the caller, or the account itself where the caller is known by a password or not at
 * all. */
static const struct account *actor_of(
    const struct decision *decision, const struct account *account) {
    return decision->caller != NULL ? decision->caller : account;
}

static void append_event(
    struct decision *decision, struct account *account, const struct audit_event *more) {
    const struct account *actor = actor_of(decision, account);
    struct audit_event event = *more;
    event.entity = ENTITY_ACCOUNT;
    event.entity_id = account->account_id;
    event.new_state = account->state;
    event.actor_id = actor->account_id;
    event.actor_role = actor->role;
    decision_append_event(decision, &account->chain, &event);
}

/* Another hash, or none: what was proven of the one before, and by whom, counts no more. */
static void replace_hash(struct account *account, const char *hash) {
    account->password_hash = hash;
    account->rehashed = true;
    account->credential_version++;
    account->forgets_devices = true;
    account->forgets_failures = true;
}

static void end_tokens(const struct decision *decision, struct account *account) {
    account->token_version++;
    account->tokens_valid_from_us = decision->now_us;
}

struct account *decision_register(struct decision *decision, enum role role) {
    const struct credentials *credentials = decision->credentials;
    assert(credentials->login.data != NULL && credentials->proof.new_hash != NULL);
    struct account *account =
        world_new_account(decision->world, account_id_of(decision->outcome_id), credentials->login);
    account->role = role;
    account->state = STATE_ACTIVE;
    account->credential_version = 1;
    account->token_version = 1;
    account->password_hash = credentials->proof.new_hash;
    append_event(decision, account, &(struct audit_event){.reason = REASON_NONE});
    return account;
}

void decision_set_password(
    struct decision *decision, struct account *account, const char *hash, enum reason reason) {
    assert(hash != NULL);
    replace_hash(account, hash);
    end_tokens(decision, account);
    world_mark_account(decision->world, account);
    append_event(
        decision,
        account,
        &(struct audit_event){
            .has_old_state = true, .old_state = account->state, .reason = reason});
}

void decision_refresh_hash(struct decision *decision, struct account *account) {
    if (decision->credentials->proof.new_hash != NULL) {
        account->password_hash = decision->credentials->proof.new_hash;
        account->rehashed = true;
        world_mark_account(decision->world, account);
    }
}

void decision_move_account(struct decision *decision, struct account *account, enum state state) {
    enum state old_state = account->state;
    account->state = state;
    if (state == STATE_ERASED) {
        account->login = view_of(NULL, 0);
        replace_hash(account, NULL);
    }
    end_tokens(decision, account);
    world_mark_account(decision->world, account);
    append_event(
        decision, account, &(struct audit_event){.has_old_state = true, .old_state = old_state});
}

void decision_purge(struct decision *decision, int64_t before_us) {
    struct account *admin = decision->caller;
    struct purge *purge = &decision->world->purge;
    assert(purge->decided_by == NULL); /* such a command is alone in its batch */
    purge->record.before_us = before_us;
    purge_record_format(&purge->record, purge->detail);
    purge->decided_by = admin;
    append_event(
        decision,
        admin,
        &(struct audit_event){
            .has_old_state = true,
            .old_state = admin->state,
            .reason = REASON_PURGED,
            .detail = purge->detail});
}
