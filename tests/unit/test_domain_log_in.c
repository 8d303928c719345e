/* LogIn, ChangePassword and ResetPassword: what a password opens, and what a new one ends. */
#include "domain_account_fixture.h"

/* What all three share. ----------------------------------------------------------------------- */

static void begin_named(struct fixture *fixture, size_t which) {
    switch (which) {
    case 0:
        begin_log_in(fixture, PATIENT);
        break;
    case 1:
        begin_change_password(fixture, PATIENT);
        break;
    default:
        begin_reset_password(fixture, ADMIN, PATIENT);
    }
}

enum { COMMANDS = 3 };

static void a_password_is_looked_at_first(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COMMANDS; i++) {
        begin_named(fixture, i);
        fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
        (void)decide_command(fixture);
        assert_needs_proof(fixture);
        assert_int_equal(fixture->decision.retry_after_us, -1);
    }
}

/* Before anything else that is wrong with it. */
static void a_throttled_attempt_is_told_when_to_come_again(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COMMANDS; i++) {
        begin_named(fixture, i);
        fixture->credentials.password_good = false;
        throttle_proof(fixture, (int64_t)i + 5);
        assert_code(LOGIN_THROTTLED, decide_command(fixture));
        assert_throttled(fixture, (int64_t)i + 5);
    }
}

static void assert_log_in_failed(struct fixture *fixture, enum code code) {
    assert_code(LOGIN_FAILED, code);
    assert_untouched(fixture);
    assert_false(fixture->decision.needs_proof);
    assert_non_null(fixture->decision.remembered);
    assert_int_equal(fixture->decision.retry_after_us, -1);
}

static void a_wrong_password_fails(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COMMANDS; i++) {
        begin_named(fixture, i);
        fixture->credentials.proof.state = PROOF_WRONG;
        fixture->credentials.password_good = false;
        assert_log_in_failed(fixture, decide_command(fixture));
    }
}

/* Verified against the row as it was then; another password has been set since. */
static void an_old_password_loses_its_race(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COMMANDS; i++) {
        begin_named(fixture, i);
        fixture->credentials.proof.new_hash = "hash of the old password";
        fixture->credentials.proof.credential_version--;
        assert_log_in_failed(fixture, decide_command(fixture));
        fixture->credentials.proof.credential_version += 2;
        fixture->command.command_id = minted_id(fixture, 0xc0);
        assert_log_in_failed(fixture, decide_command(fixture));
    }
    assert_string_equal(the_account(fixture, PATIENT)->password_hash, "given hash");
}

static void a_password_of_no_account_fails(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COMMANDS; i++) {
        begin_named(fixture, i);
        fixture->credentials.proof.account_id = id(NOBODY);
        assert_log_in_failed(fixture, decide_command(fixture));
    }
}

/* LogIn. -------------------------------------------------------------------------------------- */

static void a_log_in_is_a_session_and_no_event(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, DOCTOR)->token_version = 9;
    assert_accepted(log_in(fixture, DOCTOR));
    assert_session(fixture, DOCTOR, ROLE_DOCTOR, 9);
    assert_int_equal(fixture->decision.event_count, 0);
    assert_int_equal(changes(fixture), 0);
    assert_non_null(fixture->decision.remembered);
    assert_int_equal(the_account(fixture, DOCTOR)->chain.sequence, 1);
    assert_accepted(log_in(fixture, PATIENT));
    assert_session(fixture, PATIENT, ROLE_PATIENT, GIVEN_TOKEN_VERSION);
    assert_accepted(log_in(fixture, ADMIN));
    assert_session(fixture, ADMIN, ROLE_ADMIN, GIVEN_TOKEN_VERSION);
}

/* Its answer is the same as that for a wrong password. */
static void only_an_active_account_logs_in(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    begin_log_in(fixture, PATIENT);
    fixture->credentials.proof.new_hash = "fresh hash";
    assert_log_in_failed(fixture, decide_command(fixture));
    the_account(fixture, PATIENT)->state = STATE_ERASED;
    assert_log_in_failed(fixture, log_in(fixture, PATIENT));
    assert_string_equal(the_account(fixture, PATIENT)->password_hash, "given hash");
}

static void an_old_hash_is_made_anew(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = the_account(fixture, PATIENT);
    begin_log_in(fixture, PATIENT);
    fixture->credentials.proof.new_hash = "fresh hash";
    assert_accepted(decide_command(fixture));
    assert_string_equal(patient->password_hash, "fresh hash");
    assert_int_equal(patient->change, CHANGE_UPDATE);
    assert_int_equal(fixture->world.changed_account_count, 1);
    assert_int_equal(fixture->decision.event_count, 0);
    assert_int_equal(patient->credential_version, GIVEN_CREDENTIAL_VERSION);
    assert_int_equal(patient->token_version, GIVEN_TOKEN_VERSION);
    assert_int_equal(patient->tokens_valid_from_us, NOW_US - DAY_US);
    assert_false(patient->forgets_devices || patient->forgets_failures);
    assert_session(fixture, PATIENT, ROLE_PATIENT, GIVEN_TOKEN_VERSION);
}

/* Two at once, each with a hash of its own: the password is the same, so both are right. */
static void a_new_hash_of_the_same_password_ends_nothing(void **state) {
    struct fixture *fixture = *state;
    begin_log_in(fixture, PATIENT);
    struct proof other = fixture->credentials.proof;
    fixture->credentials.proof.new_hash = "fresh hash";
    assert_accepted(decide_command(fixture));
    begin_log_in(fixture, PATIENT);
    other.new_hash = "another fresh hash";
    fixture->credentials.proof = other;
    assert_accepted(decide_command(fixture));
    assert_string_equal(the_account(fixture, PATIENT)->password_hash, "another fresh hash");
    assert_int_equal(fixture->world.changed_account_count, 1);
}

/* ChangePassword. ----------------------------------------------------------------------------- */

static void assert_new_password(
    const struct fixture *fixture, const struct account *account, const char *hash) {
    assert_string_equal(account->password_hash, hash);
    assert_int_equal(account->credential_version, GIVEN_CREDENTIAL_VERSION + 1);
    assert_int_equal(account->token_version, GIVEN_TOKEN_VERSION + 1);
    assert_int_equal(account->tokens_valid_from_us, fixture->now_us);
    assert_true(account->forgets_devices);
    assert_true(account->forgets_failures);
    assert_true(account->login.data != NULL);
    assert_int_equal(account->change, CHANGE_UPDATE);
    assert_int_equal(fixture->world.changed_account_count, 1);
    assert_ptr_equal(fixture->world.changed_accounts[0], account);
}

static void assert_password_event(
    const struct fixture *fixture,
    const struct account *account,
    struct chain before,
    enum reason reason) {
    assert_int_equal(fixture->decision.event_count, 1);
    assert_account_event(fixture, account, before);
    const struct audit_event *event = event_at(fixture, 0);
    assert_true(event->has_old_state);
    assert_int_equal(event->old_state, event->new_state); /* nothing else changed */
    assert_int_equal(event->reason, reason);
}

static void a_changed_password_ends_every_older_token(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = the_account(fixture, PATIENT);
    struct chain before = patient->chain;
    given_slot(fixture, 0x500, DOCTOR, 60, 90);
    assert_accepted(change_password(fixture, PATIENT));
    assert_new_password(fixture, patient, "new hash");
    assert_password_event(fixture, patient, before, REASON_PASSWORD_CHANGED);
    assert_actor(event_at(fixture, 0), id(PATIENT), ROLE_PATIENT);
    assert_session(fixture, PATIENT, ROLE_PATIENT, GIVEN_TOKEN_VERSION + 1);

    begin_command(fixture, PATIENT, "BookSlot");
    set_uuid(fixture, "slot_id", id(0x500));
    fixture->decision.token_version = GIVEN_TOKEN_VERSION;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    fixture->decision.has_token_version = false; /* of somebody else's making, and older */
    fixture->decision.token_issued_at_us = NOW_US - 1;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_accepted(book(fixture, PATIENT, 0x500));
}

static void everybody_changes_his_own_password(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(change_password(fixture, DOCTOR));
    assert_actor(event_at(fixture, 0), id(DOCTOR), ROLE_DOCTOR);
    assert_accepted(change_password(fixture, ADMIN));
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
}

/* The login and its right password, of another account than the token's. */
static void nobody_changes_anybody_elses_password(void **state) {
    struct fixture *fixture = *state;
    begin_change_password(fixture, PATIENT);
    prove(fixture, PATIENT_2);
    fixture->credentials.password_good = false;
    assert_log_in_failed(fixture, decide_command(fixture));
    begin_change_password(fixture, ADMIN);
    prove(fixture, PATIENT);
    assert_log_in_failed(fixture, decide_command(fixture));
}

static void a_changed_password_is_good(void **state) {
    struct fixture *fixture = *state;
    begin_change_password(fixture, PATIENT);
    fixture->credentials.password_good = false;
    fixture->credentials.proof.new_hash = NULL;
    assert_code(PASSWORD_WEAK, decide_command(fixture));
    assert_untouched(fixture);
    assert_non_null(fixture->decision.remembered);
}

/* Both old passwords were right when they were looked at. */
static void the_second_of_two_changes_fails(void **state) {
    struct fixture *fixture = *state;
    begin_change_password(fixture, PATIENT);
    struct proof second = fixture->credentials.proof;
    assert_accepted(decide_command(fixture));
    second.new_hash = "newer hash";
    begin_change_password(fixture, PATIENT);
    fixture->credentials.proof = second;
    assert_code(LOGIN_FAILED, decide_command(fixture));
    begin_log_in(fixture, PATIENT); /* and a re-hash of the old one */
    fixture->credentials.proof = second;
    assert_code(LOGIN_FAILED, decide_command(fixture));
    assert_string_equal(the_account(fixture, PATIENT)->password_hash, "new hash");
    assert_int_equal(fixture->world.event_count, 1);
}

static void changes_of_one_batch_are_one_row_and_one_chain(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = the_account(fixture, PATIENT);
    assert_accepted(change_password(fixture, PATIENT));
    struct chain between = patient->chain;
    begin_change_password(fixture, PATIENT);
    fixture->credentials.proof.new_hash = "newer hash";
    assert_accepted(decide_command(fixture));
    assert_account_event(fixture, patient, between);
    assert_int_equal(patient->chain.sequence, 3);
    assert_int_equal(patient->token_version, GIVEN_TOKEN_VERSION + 2);
    assert_int_equal(patient->credential_version, GIVEN_CREDENTIAL_VERSION + 2);
    assert_string_equal(patient->password_hash, "newer hash");
    assert_int_equal(fixture->world.changed_account_count, 1);
}

/* ResetPassword. ------------------------------------------------------------------------------ */

static void an_admin_gives_an_account_a_new_password(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = the_account(fixture, PATIENT);
    struct chain before = patient->chain;
    assert_accepted(reset_password(fixture, ADMIN, PATIENT));
    assert_new_password(fixture, patient, "new hash");
    assert_password_event(fixture, patient, before, REASON_PASSWORD_RESET);
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
    assert_account_result(fixture, id(PATIENT), ROLE_PATIENT, STATE_ACTIVE);
    const struct account *admin = the_account(fixture, ADMIN);
    assert_int_equal(admin->change, CHANGE_NONE);
    assert_int_equal(admin->token_version, GIVEN_TOKEN_VERSION);
}

static void a_reset_needs_the_admins_own_password(void **state) {
    struct fixture *fixture = *state;
    begin_reset_password(fixture, ADMIN, PATIENT);
    prove(fixture, PATIENT); /* the right one, of the wrong account */
    assert_log_in_failed(fixture, decide_command(fixture));
}

static void an_admin_may_reset_his_own(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(reset_password(fixture, ADMIN, ADMIN));
    assert_new_password(fixture, the_account(fixture, ADMIN), "new hash");
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
    begin_reset_password(fixture, ADMIN, PATIENT);
    fixture->decision.token_version = GIVEN_TOKEN_VERSION;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
}

static void a_deactivated_account_gets_a_password_and_stays_deactivated(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, DOCTOR)->state = STATE_DEACTIVATED;
    assert_accepted(reset_password(fixture, ADMIN, DOCTOR));
    assert_account_result(fixture, id(DOCTOR), ROLE_DOCTOR, STATE_DEACTIVATED);
    assert_int_equal(event_at(fixture, 0)->old_state, STATE_DEACTIVATED);
    assert_int_equal(event_at(fixture, 0)->new_state, STATE_DEACTIVATED);
}

static void a_reset_refuses_in_the_contracts_order(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT_2)->state = STATE_ERASED;
    begin_reset_password(fixture, ADMIN, NOBODY);
    fixture->credentials.password_good = false;
    fixture->credentials.proof.new_hash = NULL;
    fixture->credentials.proof.state = PROOF_WRONG;
    assert_code(LOGIN_FAILED, decide_command(fixture));
    fixture->credentials.proof.state = PROOF_RIGHT;
    fixture->command.command_id = minted_id(fixture, 0xc0);
    assert_code(ACCOUNT_NOT_FOUND, decide_command(fixture));
    set_uuid(fixture, "account_id", id(PATIENT_2));
    fixture->command.command_id = minted_id(fixture, 0xc0);
    assert_code(ACCOUNT_ERASED, decide_command(fixture));
    set_uuid(fixture, "account_id", id(PATIENT));
    fixture->command.command_id = minted_id(fixture, 0xc0);
    assert_code(PASSWORD_WEAK, decide_command(fixture));
    assert_non_null(fixture->decision.remembered);
    assert_untouched(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_password_is_looked_at_first),
        DOMAIN_TEST(a_throttled_attempt_is_told_when_to_come_again),
        DOMAIN_TEST(a_wrong_password_fails),
        DOMAIN_TEST(an_old_password_loses_its_race),
        DOMAIN_TEST(a_password_of_no_account_fails),
        DOMAIN_TEST(a_log_in_is_a_session_and_no_event),
        DOMAIN_TEST(only_an_active_account_logs_in),
        DOMAIN_TEST(an_old_hash_is_made_anew),
        DOMAIN_TEST(a_new_hash_of_the_same_password_ends_nothing),
        DOMAIN_TEST(a_changed_password_ends_every_older_token),
        DOMAIN_TEST(everybody_changes_his_own_password),
        DOMAIN_TEST(nobody_changes_anybody_elses_password),
        DOMAIN_TEST(a_changed_password_is_good),
        DOMAIN_TEST(the_second_of_two_changes_fails),
        DOMAIN_TEST(changes_of_one_batch_are_one_row_and_one_chain),
        DOMAIN_TEST(an_admin_gives_an_account_a_new_password),
        DOMAIN_TEST(a_reset_needs_the_admins_own_password),
        DOMAIN_TEST(an_admin_may_reset_his_own),
        DOMAIN_TEST(a_deactivated_account_gets_a_password_and_stays_deactivated),
        DOMAIN_TEST(a_reset_refuses_in_the_contracts_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
