/* The order of checks for a caller without a token, who is nothing but the holder of a reply key:
 * steps 5, 7 and 9 say nothing of him, the others do. */
#include "domain_account_fixture.h"
#include "unit.h"

/* Steps 5, 7 and 9. --------------------------------------------------------------------------- */

static void a_caller_without_a_token_needs_no_account(void **state) {
    struct fixture *fixture = *state;
    assert_null(world_account(&fixture->world, id(STRANGER)));
    assert_accepted(register_patient(fixture, "ann@home"));
    assert_null(fixture->decision.caller);
    assert_accepted(log_in(fixture, PATIENT));
    assert_null(fixture->decision.caller);
    the_account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_accepted(erase_sealed(fixture, PATIENT));
    assert_null(fixture->decision.caller);
}

/* Even if a reply key's digest were an account's id: no row is taken for his, whatever is wrong
 * with it. */
static void no_account_is_taken_for_his(void **state) {
    struct fixture *fixture = *state;
    struct account *namesake = given_account(fixture, STRANGER, ROLE_DOCTOR);
    namesake->state = STATE_DEACTIVATED;
    namesake->token_version = 5;
    namesake->tokens_valid_from_us = NOW_US;
    begin_register_patient(fixture, "ann@home");
    fixture->decision.caller_role = ROLE_PATIENT;
    assert_accepted(decide_command(fixture));
    assert_null(fixture->decision.caller);
    assert_uuid(fixture->world.new_accounts[0].account_id, event_at(fixture, 0)->actor_id);
    assert_accepted(log_in(fixture, PATIENT));
}

/* The same commands with a token pass them. */
static void a_token_beside_credentials_is_checked(void **state) {
    struct fixture *fixture = *state;
    begin_register_doctor(fixture, ADMIN, "ann@home");
    fixture->decision.token_version++;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    the_account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_code(ACCOUNT_INACTIVE, change_password(fixture, PATIENT));
    begin_command(fixture, NOBODY, "ChangePassword");
    (void)seal(fixture, "a login");
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_null(fixture->decision.remembered);
    assert_untouched(fixture);
}

/* Step 6. ------------------------------------------------------------------------------------- */

static void answers_are_recalled_by_the_reply_key(void **state) {
    struct fixture *fixture = *state;
    begin_log_in(fixture, PATIENT);
    struct uuid command_id = fixture->command.command_id;
    assert_accepted(decide_command(fixture));
    struct recall *remembered = fixture->decision.remembered;
    assert_non_null(remembered);
    assert_ptr_equal(world_recall(&fixture->world, id(STRANGER), command_id), remembered);

    fixture->next_command_id = command_id;
    assert_accepted(log_in(fixture, PATIENT));
    assert_ptr_equal(fixture->decision.recalled, remembered);
    assert_null(fixture->decision.remembered);
    assert_int_equal(fixture->decision.result.type, RESULT_NONE);
}

static void a_repeat_is_recalled_before_its_password_is_looked_at(void **state) {
    struct fixture *fixture = *state;
    begin_log_in(fixture, PATIENT);
    struct uuid command_id = fixture->command.command_id;
    fixture->credentials.proof.state = PROOF_WRONG;
    assert_code(LOGIN_FAILED, decide_command(fixture));
    fixture->next_command_id = command_id;
    begin_log_in(fixture, PATIENT);
    fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
    (void)decide_command(fixture);
    assert_non_null(fixture->decision.recalled);
    assert_false(fixture->decision.needs_proof);
}

static void another_reply_key_is_another_caller(void **state) {
    struct fixture *fixture = *state;
    begin_log_in(fixture, PATIENT);
    struct uuid command_id = fixture->command.command_id;
    assert_accepted(decide_command(fixture));
    fixture->next_command_id = command_id;
    begin_log_in(fixture, PATIENT_2);
    be_anonymous(fixture, STRANGER_2);
    assert_accepted(decide_command(fixture));
    assert_null(fixture->decision.recalled);
    assert_session(fixture, PATIENT_2, ROLE_PATIENT, GIVEN_TOKEN_VERSION);
}

static void other_content_is_a_reused_id(void **state) {
    struct fixture *fixture = *state;
    begin_register_patient(fixture, "ann@home");
    struct uuid command_id = fixture->command.command_id;
    assert_accepted(decide_command(fixture));
    fixture->next_command_id = command_id;
    assert_code(COMMAND_ID_REUSED, register_patient(fixture, "bob@home"));
    fixture->next_command_id = command_id; /* the same box for another command */
    begin_command(fixture, STRANGER, "LogIn");
    be_anonymous(fixture, STRANGER);
    (void)seal(fixture, "ann@home");
    assert_code(COMMAND_ID_REUSED, decide_command(fixture));
    assert_null(fixture->decision.remembered);
    assert_int_equal(fixture->world.new_account_count, 1);
}

/* Step 8. ------------------------------------------------------------------------------------- */

static void an_old_request_is_refused(void **state) {
    struct fixture *fixture = *state;
    begin_log_in(fixture, PATIENT);
    fixture->decision.append_time_us = NOW_US - DAY_US - 1;
    assert_code(EXPIRED, decide_command(fixture));
    begin_log_in(fixture, PATIENT);
    fixture->decision.expires_at_us = NOW_US - 1;
    assert_code(EXPIRED, decide_command(fixture));
    assert_null(fixture->decision.remembered);
    assert_false(fixture->decision.needs_proof);
    begin_log_in(fixture, PATIENT);
    fixture->decision.append_time_us = NOW_US - DAY_US;
    assert_accepted(decide_command(fixture));
}

/* Step 10: what is remembered. ---------------------------------------------------------------- */

/* The same command, first without its proof, then throttled, then with it. */
static void an_answer_is_remembered_only_when_it_is_one(void **state) {
    struct fixture *fixture = *state;
    begin_log_in(fixture, PATIENT);
    struct proof proof = fixture->credentials.proof;
    fixture->credentials.proof = (struct proof){.state = PROOF_NONE};
    (void)decide_command(fixture);
    assert_needs_proof(fixture);
    throttle_proof(fixture, 2 * SECOND_US);
    assert_code(LOGIN_THROTTLED, decide_command(fixture));
    assert_throttled(fixture, 2 * SECOND_US);
    fixture->credentials.proof = proof;
    assert_accepted(decide_command(fixture));
    assert_false(fixture->decision.needs_proof);
    assert_int_equal(fixture->decision.retry_after_us, -1);
    assert_null(fixture->decision.recalled);
    assert_non_null(fixture->decision.remembered);
    assert_int_equal(fixture->world.new_recall_count, 1);
}

static void a_decision_begins_clean(void **state) {
    struct fixture *fixture = *state;
    begin_log_in(fixture, PATIENT);
    fixture->decision.needs_proof = true;
    fixture->decision.retry_after_us = 77;
    fixture->decision.caller = the_account(fixture, ADMIN);
    assert_accepted(decide_command(fixture));
    assert_false(fixture->decision.needs_proof);
    assert_int_equal(fixture->decision.retry_after_us, -1);
    assert_null(fixture->decision.caller);
    given_slot(fixture, 0x500, DOCTOR, 60, 90);
    assert_accepted(book(fixture, PATIENT, 0x500));
    assert_int_equal(fixture->decision.retry_after_us, -1);
}

/* What must not come this far. ---------------------------------------------------------------- */

static struct fixture *asserting;

static void decide_asserting(void) {
    (void)decide_command(asserting);
}

static bool decision_aborts(struct fixture *fixture) {
    asserting = fixture;
    return aborts(decide_asserting);
}

static void without_token_and_credentials_nobody_asks(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    begin_erase_sealed(fixture, PATIENT);
    assert_false(decision_aborts(fixture));
    fixture->decision.credentials = NULL;
    assert_true(decision_aborts(fixture));
}

static void credentials_alone_open_only_what_takes_them(void **state) {
    struct fixture *fixture = *state;
    begin_command(fixture, PATIENT, "DeactivateAccount");
    set_uuid(fixture, "account_id", id(PATIENT));
    fixture->decision.credentials = &fixture->credentials;
    be_anonymous(fixture, STRANGER);
    assert_true(decision_aborts(fixture));
    begin_change_password(fixture, PATIENT);
    be_anonymous(fixture, STRANGER);
    assert_true(decision_aborts(fixture));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_caller_without_a_token_needs_no_account),
        DOMAIN_TEST(no_account_is_taken_for_his),
        DOMAIN_TEST(a_token_beside_credentials_is_checked),
        DOMAIN_TEST(answers_are_recalled_by_the_reply_key),
        DOMAIN_TEST(a_repeat_is_recalled_before_its_password_is_looked_at),
        DOMAIN_TEST(another_reply_key_is_another_caller),
        DOMAIN_TEST(other_content_is_a_reused_id),
        DOMAIN_TEST(an_old_request_is_refused),
        DOMAIN_TEST(an_answer_is_remembered_only_when_it_is_one),
        DOMAIN_TEST(a_decision_begins_clean),
        DOMAIN_TEST(without_token_and_credentials_nobody_asks),
        DOMAIN_TEST(credentials_alone_open_only_what_takes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
