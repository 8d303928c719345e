/* EraseAccount, by an admin's token and by the owner's sealed password: each rule, the order of the
 * codes, and what is left. */
#include "domain_account_fixture.h"

static void deactivated(struct fixture *fixture, unsigned account) {
    the_account(fixture, account)->state = STATE_DEACTIVATED;
}

/* Nothing is left by which anybody could come in, or be known; id, role and chain stay. */
static void assert_erased(
    const struct fixture *fixture, const struct account *account, struct account before) {
    assert_int_equal(account->state, STATE_ERASED);
    assert_null(account->login.data);
    assert_int_equal(account->login.size, 0);
    assert_null(account->password_hash);
    assert_int_equal(account->credential_version, before.credential_version + 1);
    assert_int_equal(account->token_version, before.token_version + 1);
    assert_int_equal(account->tokens_valid_from_us, fixture->now_us);
    assert_true(account->forgets_devices);
    assert_true(account->forgets_failures);
    assert_true(digest_equal(&account->login_key, &before.login_key)); /* whose to forget */
    assert_int_equal(account->role, before.role);
    assert_int_equal(account->change, CHANGE_UPDATE);
    assert_int_equal(fixture->world.changed_account_count, 1);
    assert_int_equal(fixture->decision.event_count, 1);
    assert_account_event(fixture, account, before.chain);
    const struct audit_event *event = event_at(fixture, 0);
    assert_true(event->has_old_state);
    assert_int_equal(event->old_state, STATE_DEACTIVATED);
    assert_int_equal(event->reason, REASON_NONE);
    assert_account_result(fixture, account->account_id, before.role, STATE_ERASED);
}

static void assert_refused(struct fixture *fixture, const char *expected, enum code code) {
    assert_string_equal(code_text(code), expected);
    assert_untouched(fixture);
    assert_non_null(fixture->decision.remembered);
}

/* By an admin. -------------------------------------------------------------------------------- */

static void an_admin_erases_an_account(void **state) {
    struct fixture *fixture = *state;
    deactivated(fixture, DOCTOR);
    struct account *doctor = the_account(fixture, DOCTOR);
    doctor->login_key.bytes[5] = 0x77;
    struct account before = *doctor;
    assert_accepted(erase(fixture, ADMIN, DOCTOR));
    assert_erased(fixture, doctor, before);
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
}

static void an_erasure_is_refused_in_the_contracts_order(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT_2)->state = STATE_ERASED;
    assert_refused(fixture, "ACCOUNT_NOT_FOUND", erase(fixture, ADMIN, NOBODY));
    assert_refused(fixture, "ACCOUNT_ERASED", erase(fixture, ADMIN, PATIENT_2));
    assert_refused(fixture, "ACCOUNT_ACTIVE", erase(fixture, ADMIN, PATIENT));
    assert_refused(fixture, "ACCOUNT_ACTIVE", erase(fixture, ADMIN, ADMIN));
}

static void an_account_is_erased_once(void **state) {
    struct fixture *fixture = *state;
    deactivated(fixture, PATIENT);
    assert_accepted(erase(fixture, ADMIN, PATIENT));
    size_t before = changes(fixture);
    assert_code(ACCOUNT_ERASED, erase(fixture, ADMIN, PATIENT));
    assert_code(ACCOUNT_ERASED, reactivate(fixture, ADMIN, PATIENT));
    assert_code(ACCOUNT_ERASED, deactivate(fixture, ADMIN, PATIENT));
    assert_code(ACCOUNT_ERASED, reset_password(fixture, ADMIN, PATIENT));
    assert_int_equal(changes(fixture), before);
}

/* By its owner. ------------------------------------------------------------------------------- */

static void the_owner_erases_his_account_by_his_password(void **state) {
    struct fixture *fixture = *state;
    deactivated(fixture, PATIENT);
    struct account *patient = the_account(fixture, PATIENT);
    struct account before = *patient;
    assert_accepted(erase_sealed(fixture, PATIENT));
    assert_erased(fixture, patient, before);
    assert_actor(event_at(fixture, 0), id(PATIENT), ROLE_PATIENT);
    deactivated(fixture, DOCTOR);
    assert_accepted(erase_sealed(fixture, DOCTOR));
    assert_actor(event_at(fixture, 0), id(DOCTOR), ROLE_DOCTOR);
}

static void the_password_is_looked_at_first(void **state) {
    struct fixture *fixture = *state;
    begin_erase_sealed(fixture, PATIENT);
    fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
    (void)decide_command(fixture);
    assert_needs_proof(fixture);
}

static void erasing_is_throttled_as_logging_in_is(void **state) {
    struct fixture *fixture = *state;
    begin_erase_sealed(fixture, PATIENT);
    throttle_proof(fixture, 9 * SECOND_US);
    assert_code(LOGIN_THROTTLED, decide_command(fixture));
    assert_throttled(fixture, 9 * SECOND_US);
}

/* Before anything is told of the account. */
static void a_wrong_password_fails(void **state) {
    struct fixture *fixture = *state;

    static const enum state states[] = {STATE_ACTIVE, STATE_DEACTIVATED, STATE_ERASED};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        the_account(fixture, PATIENT)->state = states[i];
        begin_erase_sealed(fixture, PATIENT);
        fixture->credentials.proof.state = PROOF_WRONG;
        assert_refused(fixture, "LOGIN_FAILED", decide_command(fixture));
    }
}

static void an_old_password_loses_its_race(void **state) {
    struct fixture *fixture = *state;
    deactivated(fixture, PATIENT);
    begin_erase_sealed(fixture, PATIENT);
    fixture->credentials.proof.credential_version--;
    assert_refused(fixture, "LOGIN_FAILED", decide_command(fixture));
}

/* An own login and password beside somebody else's account_id. */
static void nobody_erases_anybody_elses_account(void **state) {
    struct fixture *fixture = *state;
    deactivated(fixture, PATIENT);
    deactivated(fixture, PATIENT_2);
    begin_erase_sealed(fixture, PATIENT);
    prove(fixture, PATIENT_2);
    assert_refused(fixture, "LOGIN_FAILED", decide_command(fixture));
    begin_erase_sealed(fixture, PATIENT);
    set_uuid(fixture, "account_id", id(NOBODY));
    assert_refused(fixture, "LOGIN_FAILED", decide_command(fixture));
    begin_erase_sealed(fixture, PATIENT); /* nor by an admin's password */
    prove(fixture, ADMIN);
    assert_refused(fixture, "LOGIN_FAILED", decide_command(fixture));
}

static void an_active_account_is_deactivated_first(void **state) {
    struct fixture *fixture = *state;
    assert_refused(fixture, "ACCOUNT_ACTIVE", erase_sealed(fixture, PATIENT));
    assert_refused(fixture, "ACCOUNT_ACTIVE", erase_sealed(fixture, DOCTOR));
}

/* The account's credentials should be gone by then; if they are not, this is what is said. */
static void an_erased_account_is_erased_for_its_owner_too(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT)->state = STATE_ERASED;
    assert_refused(fixture, "ACCOUNT_ERASED", erase_sealed(fixture, PATIENT));
}

/* Both had the right password; the account was erased between. */
static void the_second_of_two_erasures_fails(void **state) {
    struct fixture *fixture = *state;
    deactivated(fixture, PATIENT);
    begin_erase_sealed(fixture, PATIENT);
    struct proof second = fixture->credentials.proof;
    assert_accepted(decide_command(fixture));
    size_t before = changes(fixture);
    begin_erase_sealed(fixture, PATIENT);
    fixture->credentials.proof = second;
    assert_code(LOGIN_FAILED, decide_command(fixture));
    begin_log_in(fixture, PATIENT);
    fixture->credentials.proof = second;
    assert_code(LOGIN_FAILED, decide_command(fixture));
    assert_int_equal(changes(fixture), before);
}

/* Such a command is decided in a batch of its own, so that nobody meets this: what is loaded later
 * does not know the login. */
static void a_login_given_up_in_the_batch_is_not_given_away_in_it(void **state) {
    struct fixture *fixture = *state;
    deactivated(fixture, PATIENT);
    assert_accepted(erase(fixture, ADMIN, PATIENT));
    const struct account *row = world_account_by_login(&fixture->world, view_text("login-011"));
    assert_ptr_equal(row, the_account(fixture, PATIENT));
    assert_null(row->login.data);
    assert_code(LOGIN_TAKEN, register_patient(fixture, "login-011"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(an_admin_erases_an_account),
        DOMAIN_TEST(an_erasure_is_refused_in_the_contracts_order),
        DOMAIN_TEST(an_account_is_erased_once),
        DOMAIN_TEST(the_owner_erases_his_account_by_his_password),
        DOMAIN_TEST(the_password_is_looked_at_first),
        DOMAIN_TEST(erasing_is_throttled_as_logging_in_is),
        DOMAIN_TEST(a_wrong_password_fails),
        DOMAIN_TEST(an_old_password_loses_its_race),
        DOMAIN_TEST(nobody_erases_anybody_elses_account),
        DOMAIN_TEST(an_active_account_is_deactivated_first),
        DOMAIN_TEST(an_erased_account_is_erased_for_its_owner_too),
        DOMAIN_TEST(the_second_of_two_erasures_fails),
        DOMAIN_TEST(a_login_given_up_in_the_batch_is_not_given_away_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
