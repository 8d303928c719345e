/* The clinic of domain_fixture.h and the commands of its accounts: what is sealed beside a command,
 * what came of looking at the password, and one call for each command. */
#ifndef SLOTKEEPER_TESTS_DOMAIN_ACCOUNT_FIXTURE_H
#define SLOTKEEPER_TESTS_DOMAIN_ACCOUNT_FIXTURE_H

#include "domain_fixture.h"

enum { /* callers without a token: digests of their reply keys, of which there is no account */
       STRANGER = 0xe1,
       STRANGER_2 = 0xe2,
};

static inline struct account *the_account(struct fixture *fixture, unsigned account) {
    struct account *row = world_account(&fixture->world, id(account));
    assert_non_null(row);
    return row;
}

static inline void set_bytes(struct fixture *fixture, const char *field, const char *text) {
    *value_of(fixture, field) = (struct value){.present = true, .as.bytes = view_text(text)};
}

/* Credentials beside the command that was begun: a login (or NULL: none that may be one) and a good
 * password to be set, nothing of it looked at yet. */
static inline struct proof *seal(struct fixture *fixture, const char *login) {
    set_bytes(fixture, "key_id", "seal-1");
    set_bytes(fixture, "sealed", login == NULL ? "box" : login); /* stands for what is inside */
    fixture->credentials = (struct credentials){
        .login = login == NULL ? view_of(NULL, 0) : view_text(login), .password_good = true};
    fixture->decision.credentials = &fixture->credentials;
    return &fixture->credentials.proof;
}

/* The caller has no token, and is who holds the reply key. */
static inline void be_anonymous(struct fixture *fixture, unsigned stranger) {
    struct decision *decision = &fixture->decision;
    decision->anonymous = true;
    decision->caller_id = id(stranger);
    decision->has_token_version = false;
    decision->token_issued_at_us = 0;
}

/* The password was looked at, and is that of the account as its row is now. */
static inline void prove(struct fixture *fixture, unsigned account) {
    struct proof *proof = &fixture->credentials.proof;
    const struct account *row = the_account(fixture, account);
    proof->state = PROOF_RIGHT;
    proof->account_id = row->account_id;
    proof->credential_version = row->credential_version;
}

static inline void throttle_proof(struct fixture *fixture, int64_t retry_after_us) {
    fixture->credentials.proof =
        (struct proof){.state = PROOF_THROTTLED, .retry_after_us = retry_after_us};
}

/* Registering. The attempt is counted and the password hashed, unless the test says otherwise. */
static inline void begin_register_patient(struct fixture *fixture, const char *login) {
    begin_command(fixture, STRANGER, "RegisterPatient");
    be_anonymous(fixture, STRANGER);
    *seal(fixture, login) = (struct proof){.state = PROOF_RIGHT, .new_hash = "new hash"};
}

static inline enum code register_patient(struct fixture *fixture, const char *login) {
    begin_register_patient(fixture, login);
    return decide_command(fixture);
}

static inline void begin_register_doctor(
    struct fixture *fixture, unsigned admin, const char *login) {
    begin_command(fixture, admin, "RegisterDoctor");
    *seal(fixture, login) = (struct proof){.state = PROOF_RIGHT, .new_hash = "new hash"};
}

static inline enum code register_doctor(
    struct fixture *fixture, unsigned admin, const char *login) {
    begin_register_doctor(fixture, admin, login);
    return decide_command(fixture);
}

/* Logging in, with the right password of the account, which needs no new hash. */
static inline void begin_log_in(struct fixture *fixture, unsigned account) {
    begin_command(fixture, STRANGER, "LogIn");
    be_anonymous(fixture, STRANGER);
    (void)seal(fixture, "a login");
    prove(fixture, account);
}

static inline enum code log_in(struct fixture *fixture, unsigned account) {
    begin_log_in(fixture, account);
    return decide_command(fixture);
}

/* With the right old password. */
static inline void begin_change_password(struct fixture *fixture, unsigned account) {
    begin_command(fixture, account, "ChangePassword");
    (void)seal(fixture, "a login");
    prove(fixture, account);
    fixture->credentials.proof.new_hash = "new hash";
}

static inline enum code change_password(struct fixture *fixture, unsigned account) {
    begin_change_password(fixture, account);
    return decide_command(fixture);
}

/* With the admin's right password. */
static inline void begin_reset_password(struct fixture *fixture, unsigned admin, unsigned account) {
    begin_command(fixture, admin, "ResetPassword");
    set_uuid(fixture, "account_id", id(account));
    (void)seal(fixture, NULL);
    prove(fixture, admin);
    fixture->credentials.proof.new_hash = "new hash";
}

static inline enum code reset_password(struct fixture *fixture, unsigned admin, unsigned account) {
    begin_reset_password(fixture, admin, account);
    return decide_command(fixture);
}

static inline void begin_on_account(
    struct fixture *fixture, unsigned caller, const char *name, unsigned account) {
    begin_command(fixture, caller, name);
    set_uuid(fixture, "account_id", id(account));
}

static inline enum code deactivate(struct fixture *fixture, unsigned caller, unsigned account) {
    begin_on_account(fixture, caller, "DeactivateAccount", account);
    return decide_command(fixture);
}

static inline enum code reactivate(struct fixture *fixture, unsigned caller, unsigned account) {
    begin_on_account(fixture, caller, "ReactivateAccount", account);
    return decide_command(fixture);
}

/* By an admin's token. */
static inline enum code erase(struct fixture *fixture, unsigned admin, unsigned account) {
    begin_on_account(fixture, admin, "EraseAccount", account);
    return decide_command(fixture);
}

/* By the account's own password, which is right. */
static inline void begin_erase_sealed(struct fixture *fixture, unsigned account) {
    begin_on_account(fixture, STRANGER, "EraseAccount", account);
    be_anonymous(fixture, STRANGER);
    (void)seal(fixture, "a login");
    prove(fixture, account);
}

static inline enum code erase_sealed(struct fixture *fixture, unsigned account) {
    begin_erase_sealed(fixture, account);
    return decide_command(fixture);
}

/* What came of it. ---------------------------------------------------------------------------- */

static inline void assert_account_result(
    const struct fixture *fixture, struct uuid account_id, enum role role, enum state state) {
    const struct result *result = &fixture->decision.result;
    assert_int_equal(result->type, RESULT_ACCOUNT);
    assert_uuid(account_id, result->as.account.account_id);
    assert_int_equal(result->as.account.role, role);
    assert_int_equal(result->as.account.state, state);
}

/* What the engine makes a token of. */
static inline void assert_session(
    const struct fixture *fixture, unsigned account, enum role role, int32_t token_version) {
    const struct result *result = &fixture->decision.result;
    assert_int_equal(result->type, RESULT_SESSION);
    assert_uuid(id(account), result->as.session.account_id);
    assert_int_equal(result->as.session.role, role);
    assert_int_equal(result->as.session.token_version, token_version);
    assert_null(result->as.session.sealed.data); /* the engine's to seal */
}

/* The event stands next in the chain that had `before`, says what this command made of the account,
 * and is that chain's head. */
static inline void assert_account_event(
    const struct fixture *fixture, const struct account *account, struct chain before) {
    const struct audit_event *event = event_at(fixture, 0);
    struct digest hash;
    assert_uuid(event_id_of(fixture->decision.outcome_id, 0), event->event_id);
    assert_int_equal(event->entity, ENTITY_ACCOUNT);
    assert_uuid(account->account_id, event->entity_id);
    assert_false(event->has_slot_id);
    assert_int_equal(event->new_state, account->state);
    assert_uuid(fixture->command.command_id, event->command_id);
    assert_false(event->has_related_id);
    assert_null(event->detail);
    assert_int_equal(event->occurred_at_us, fixture->now_us);
    assert_int_equal(event->sequence, before.sequence + 1);
    assert_true(digest_equal(&event->previous_hash, &before.head));
    audit_event_hash(event, &hash);
    assert_true(digest_equal(&event->hash, &hash));
    assert_int_equal(account->chain.sequence, event->sequence);
    assert_true(digest_equal(&account->chain.head, &event->hash));
}

static inline void assert_actor(
    const struct audit_event *event, struct uuid actor_id, enum role role) {
    assert_uuid(actor_id, event->actor_id);
    assert_int_equal(event->actor_role, role);
}

/* A refusal of step 10: remembered, and nothing else. */
static inline void assert_untouched(const struct fixture *fixture) {
    assert_int_equal(changes(fixture), 0);
    assert_int_equal(fixture->decision.event_count, 0);
    assert_int_equal(fixture->decision.result.type, RESULT_NONE);
}

/* The password has to be looked at: no answer, no trace, nothing to recall. */
static inline void assert_needs_proof(const struct fixture *fixture) {
    assert_true(fixture->decision.needs_proof);
    assert_null(fixture->decision.remembered);
    assert_int_equal(fixture->world.new_recall_count, 0);
    assert_untouched(fixture);
}

/* An answer of the moment: when to come again, and nothing to recall. */
static inline void assert_throttled(const struct fixture *fixture, int64_t retry_after_us) {
    assert_false(fixture->decision.needs_proof);
    assert_int_equal(fixture->decision.retry_after_us, retry_after_us);
    assert_null(fixture->decision.remembered);
    assert_int_equal(fixture->world.new_recall_count, 0);
    assert_untouched(fixture);
}

#endif
