/* RegisterPatient and RegisterDoctor: each rule and the order of the codes. */
#include "domain_account_fixture.h"

static const struct account *registered(const struct fixture *fixture) {
    assert_int_equal(fixture->world.new_account_count, 1);
    return &fixture->world.new_accounts[0];
}

/* What both make. ----------------------------------------------------------------------------- */

static void assert_new_account(
    struct fixture *fixture, const struct account *account, enum role role) {
    struct uuid account_id = account_id_of(fixture->decision.outcome_id);
    assert_uuid(account_id, account->account_id);
    assert_ptr_equal(world_account(&fixture->world, account_id), account);
    assert_ptr_equal(world_account_by_login(&fixture->world, view_text("ann@home")), account);
    assert_int_equal(account->role, role);
    assert_int_equal(account->state, STATE_ACTIVE);
    assert_int_equal(account->credential_version, 1);
    assert_int_equal(account->token_version, 1);
    assert_true(view_is(account->login, "ann@home"));
    assert_string_equal(account->password_hash, "new hash");
    assert_false(account->forgets_devices || account->forgets_failures);
    assert_int_equal(account->change, CHANGE_INSERT);
    assert_int_equal(fixture->world.changed_account_count, 1);
    assert_ptr_equal(fixture->world.changed_accounts[0], account);
    assert_account_result(fixture, account_id, role, STATE_ACTIVE);
}

static void assert_registration_event(
    const struct fixture *fixture, const struct account *account) {
    assert_int_equal(fixture->decision.event_count, 1);
    assert_account_event(fixture, account, (struct chain){0});
    const struct audit_event *event = event_at(fixture, 0);
    assert_false(event->has_old_state);
    assert_int_equal(event->new_state, STATE_ACTIVE);
    assert_int_equal(event->reason, REASON_NONE);
}

static void a_patient_registers_himself(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(register_patient(fixture, "ann@home"));
    const struct account *account = registered(fixture);
    assert_new_account(fixture, account, ROLE_PATIENT);
    assert_registration_event(fixture, account);
    assert_actor(event_at(fixture, 0), account->account_id, ROLE_PATIENT);
    assert_null(fixture->decision.caller);
}

static void an_admin_registers_a_doctor(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(register_doctor(fixture, ADMIN, "ann@home"));
    const struct account *account = registered(fixture);
    assert_new_account(fixture, account, ROLE_DOCTOR);
    assert_registration_event(fixture, account);
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
    assert_int_equal(the_account(fixture, ADMIN)->change, CHANGE_NONE);
    assert_int_equal(the_account(fixture, ADMIN)->chain.sequence, 1);
}

static void a_registered_patient_can_log_in_and_book(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, 0x500, DOCTOR, 60, 90);
    assert_accepted(register_patient(fixture, "ann@home"));
    struct account *account = &fixture->world.new_accounts[0];

    begin_log_in(fixture, PATIENT);
    fixture->credentials.proof.account_id = account->account_id;
    fixture->credentials.proof.credential_version = 1;
    assert_accepted(decide_command(fixture));
    assert_uuid(account->account_id, fixture->decision.result.as.session.account_id);

    begin_command(fixture, PATIENT, "BookSlot");
    set_uuid(fixture, "slot_id", id(0x500));
    fixture->decision.caller_id = account->account_id;
    fixture->decision.token_version = 1;
    assert_accepted(decide_command(fixture));
}

static void two_register_in_one_batch(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(register_patient(fixture, "ann@home"));
    assert_accepted(register_patient(fixture, "bob@home"));
    assert_int_equal(fixture->world.new_account_count, 2);
    assert_int_equal(fixture->world.changed_account_count, 2);
    assert_false(uuid_equal(
        fixture->world.new_accounts[0].account_id, fixture->world.new_accounts[1].account_id));
    assert_int_equal(fixture->world.new_accounts[1].chain.sequence, 1);
}

/* Refusals, in order. ------------------------------------------------------------------------- */

static void registering_is_throttled(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, NULL); /* whatever else is wrong */
    fixture->credentials.password_good = false;
    throttle_proof(fixture, 3 * SECOND_US);
    assert_code(LOGIN_THROTTLED, decide_command(fixture));
    assert_throttled(fixture, 3 * SECOND_US);
    begin_register_doctor(fixture, ADMIN, "ann@home");
    throttle_proof(fixture, 7);
    assert_code(LOGIN_THROTTLED, decide_command(fixture));
    assert_throttled(fixture, 7);
}

static void a_login_is_well_formed(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, NULL);
    fixture->credentials.password_good = false;
    assert_code(LOGIN_INVALID, decide_command(fixture));
    assert_untouched(fixture);
    assert_non_null(fixture->decision.remembered);
    assert_int_equal(fixture->decision.retry_after_us, -1);
    assert_code(LOGIN_INVALID, register_doctor(fixture, ADMIN, NULL));
}

/* Nothing is counted or hashed for what cannot be a login. */
static void what_is_no_login_needs_no_proof(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, NULL);
    fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
    assert_code(LOGIN_INVALID, decide_command(fixture));
    assert_false(fixture->decision.needs_proof);
    assert_non_null(fixture->decision.remembered);
}

/* Whether a login is taken, and whether a password is weak, is told to who was counted only. */
static void an_attempt_is_counted_first(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, "login-012");
    fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
    (void)decide_command(fixture);
    assert_needs_proof(fixture);
    begin_register_patient(fixture, "ann@home");
    fixture->credentials.password_good = false;
    fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
    (void)decide_command(fixture);
    assert_needs_proof(fixture);
    begin_register_doctor(fixture, ADMIN, "ann@home");
    fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
    (void)decide_command(fixture);
    assert_needs_proof(fixture);
}

static void a_password_is_good(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, "login-012"); /* taken, too */
    fixture->credentials.password_good = false;
    fixture->credentials.proof.new_hash = NULL; /* such a one is not hashed */
    assert_code(PASSWORD_WEAK, decide_command(fixture));
    assert_untouched(fixture);
    assert_non_null(fixture->decision.remembered);
    begin_register_doctor(fixture, ADMIN, "ann@home");
    fixture->credentials.password_good = false;
    assert_code(PASSWORD_WEAK, decide_command(fixture));
}

static void a_login_is_taken_by_anybody_of_any_role_and_state(void **state) {
    struct fixture *fixture = *state;
    assert_code(LOGIN_TAKEN, register_patient(fixture, "login-012"));
    assert_code(LOGIN_TAKEN, register_patient(fixture, "login-021"));
    assert_code(LOGIN_TAKEN, register_doctor(fixture, ADMIN, "login-031"));
    the_account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_code(LOGIN_TAKEN, register_doctor(fixture, ADMIN, "login-011"));
    assert_untouched(fixture);
    assert_non_null(fixture->decision.remembered);
}

static void logins_are_compared_whole(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(register_patient(fixture, "login-01"));
    assert_accepted(register_patient(fixture, "login-0111"));
}

static void a_login_taken_earlier_in_the_batch_is_taken(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(register_patient(fixture, "ann@home"));
    size_t before = changes(fixture);
    assert_code(LOGIN_TAKEN, register_patient(fixture, "ann@home"));
    assert_code(LOGIN_TAKEN, register_doctor(fixture, ADMIN, "ann@home"));
    assert_int_equal(changes(fixture), before);
}

/* Nothing was hashed for a login that was taken; it is free when it is decided. */
static void a_login_that_came_free_is_looked_at_again(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, "ann@home");
    fixture->credentials.proof.new_hash = NULL;
    (void)decide_command(fixture);
    assert_needs_proof(fixture);
    fixture->credentials.proof.new_hash = "new hash";
    assert_accepted(decide_command(fixture));
    assert_false(fixture->decision.needs_proof);
    assert_int_equal(fixture->world.new_account_count, 1);
}

static void a_repeat_registers_nobody(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, "ann@home");
    struct uuid command_id = fixture->command.command_id;
    assert_accepted(decide_command(fixture));
    size_t before = changes(fixture);
    fixture->next_command_id = command_id;
    assert_accepted(register_patient(fixture, "ann@home"));
    assert_non_null(fixture->decision.recalled);
    assert_int_equal(changes(fixture), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_patient_registers_himself),
        DOMAIN_TEST(an_admin_registers_a_doctor),
        DOMAIN_TEST(a_registered_patient_can_log_in_and_book),
        DOMAIN_TEST(two_register_in_one_batch),
        DOMAIN_TEST(registering_is_throttled),
        DOMAIN_TEST(a_login_is_well_formed),
        DOMAIN_TEST(what_is_no_login_needs_no_proof),
        DOMAIN_TEST(an_attempt_is_counted_first),
        DOMAIN_TEST(a_password_is_good),
        DOMAIN_TEST(a_login_is_taken_by_anybody_of_any_role_and_state),
        DOMAIN_TEST(logins_are_compared_whole),
        DOMAIN_TEST(a_login_taken_earlier_in_the_batch_is_taken),
        DOMAIN_TEST(a_login_that_came_free_is_looked_at_again),
        DOMAIN_TEST(a_repeat_registers_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
