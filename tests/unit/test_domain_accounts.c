/* Registering, logging in, passwords, and the end of accounts. */
#include "domain_fixture.h"

#define LOGIN "ada@example.org"

static struct credentials credentials_of(enum proof_state state, unsigned account) {
    return (struct credentials){
        .login = view_text(LOGIN),
        .password_good = true,
        .proof = {
            .state = state,
            .retry_after_us = 4000000,
            .account_id = id(account),
            .credential_version = 1,
            .new_hash = "$argon2id$new"}};
}

static struct account *account_of(struct fixture *fixture, unsigned account) {
    struct account *row = world_account(&fixture->world, id(account));
    assert_non_null(row);
    return row;
}

/* The accounts as the lane of accounts loads them. */
static int set_up_accounts(void **state) {
    (void)set_up(state);
    struct fixture *fixture = *state;
    static const unsigned everybody[] = {PATIENT, PATIENT_2, DOCTOR, DOCTOR_2, ADMIN};
    for (size_t i = 0; i < sizeof everybody / sizeof everybody[0]; i++) {
        struct account *account = account_of(fixture, everybody[i]);
        account->credential_version = 1;
        account->chain = (struct chain){.sequence = 1, .head = {{(uint8_t)everybody[i]}}};
    }
    account_of(fixture, PATIENT)->login = view_text(LOGIN);
    world_link_login(&fixture->world, account_of(fixture, PATIENT));
    fixture->world.active_admins = 2;
    return 0;
}

#define ACCOUNT_TEST(function) cmocka_unit_test_setup_teardown(function, set_up_accounts, tear_down)

static enum code send_sealed(
    struct fixture *fixture, unsigned caller, const char *name, const struct credentials *sealed) {
    begin_command(fixture, caller, name);
    fixture->decision.credentials = sealed;
    fixture->decision.anonymous =
        fixture->command.definition->credentials != CREDENTIALS_BESIDE_TOKEN;
    return decide_command(fixture);
}

static enum code on_account(
    struct fixture *fixture, unsigned caller, const char *name, unsigned account) {
    begin_command(fixture, caller, name);
    set_uuid(fixture, "account_id", id(account));
    return decide_command(fixture);
}

static enum code on_account_sealed(
    struct fixture *fixture,
    unsigned caller,
    const char *name,
    unsigned account,
    const struct credentials *sealed) {
    begin_command(fixture, caller, name);
    set_uuid(fixture, "account_id", id(account));
    fixture->decision.credentials = sealed;
    fixture->decision.anonymous =
        fixture->command.definition->credentials == CREDENTIALS_OR_TOKEN && sealed != NULL;
    return decide_command(fixture);
}

static void assert_event(
    const struct fixture *fixture, enum state new_state, enum reason reason, struct uuid actor) {
    const struct audit_event *event = event_at(fixture, 0);
    assert_int_equal(event->entity, ENTITY_ACCOUNT);
    assert_false(event->has_slot_id);
    assert_int_equal(event->new_state, new_state);
    assert_int_equal(event->reason, reason);
    assert_uuid(actor, event->actor_id);
}

static void a_patient_registers_himself(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_RIGHT, NOBODY);
    sealed.login = view_text("new@example.org");
    assert_accepted(send_sealed(fixture, NOBODY, "RegisterPatient", &sealed));
    const struct account *account = world_account_by_login(&fixture->world, sealed.login);
    assert_non_null(account);
    assert_int_equal(account->role, ROLE_PATIENT);
    assert_int_equal(account->change, CHANGE_INSERT);
    assert_string_equal(account->password_hash, "$argon2id$new");
    assert_event(fixture, STATE_ACTIVE, REASON_NONE, account->account_id);
    assert_false(event_at(fixture, 0)->has_old_state);
    assert_int_equal(event_at(fixture, 0)->sequence, 1);
    assert_uuid(account_id_of(fixture->decision.outcome_id), account->account_id);
    assert_uuid(account->account_id, fixture->decision.result.as.account.account_id);
    /* The next of the same batch finds the login taken. */
    assert_code(LOGIN_TAKEN, send_sealed(fixture, NOBODY, "RegisterPatient", &sealed));
}

static void an_admin_registers_a_doctor(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_RIGHT, NOBODY);
    sealed.login = view_text("doctor@example.org");
    assert_accepted(send_sealed(fixture, ADMIN, "RegisterDoctor", &sealed));
    assert_event(fixture, STATE_ACTIVE, REASON_NONE, id(ADMIN));
    assert_int_equal(world_account_by_login(&fixture->world, sealed.login)->role, ROLE_DOCTOR);
}

static void registering_is_refused_in_the_order_of_the_contract(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_THROTTLED, NOBODY);
    sealed.login = view_of(NULL, 0);
    sealed.password_good = false;
    size_t before = changes(fixture);
    assert_code(LOGIN_THROTTLED, send_sealed(fixture, NOBODY, "RegisterPatient", &sealed));
    assert_int_equal(fixture->decision.retry_after_us, 4000000);
    assert_null(fixture->decision.remembered);
    sealed.proof.state = PROOF_RIGHT;
    assert_code(LOGIN_INVALID, send_sealed(fixture, NOBODY, "RegisterPatient", &sealed));
    assert_non_null(fixture->decision.remembered);
    sealed.login = view_text(LOGIN);
    assert_code(PASSWORD_WEAK, send_sealed(fixture, NOBODY, "RegisterPatient", &sealed));
    sealed.password_good = true;
    assert_code(LOGIN_TAKEN, send_sealed(fixture, NOBODY, "RegisterPatient", &sealed));
    assert_int_equal(changes(fixture), before);
}

static void what_was_not_looked_at_asks_for_it_and_leaves_no_trace(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_NONE, PATIENT);
    size_t before = changes(fixture);
    static const char *const names[] = {"RegisterPatient", "LogIn"};
    for (size_t i = 0; i < 2; i++) {
        (void)send_sealed(fixture, NOBODY, names[i], &sealed);
        assert_true(fixture->decision.needs_proof);
        assert_null(fixture->decision.remembered);
    }
    /* The login was taken when it was looked at, and is free now: nothing was hashed. */
    sealed = credentials_of(PROOF_RIGHT, NOBODY);
    sealed.login = view_text("free@example.org");
    sealed.proof.new_hash = NULL;
    (void)send_sealed(fixture, NOBODY, "RegisterPatient", &sealed);
    assert_true(fixture->decision.needs_proof);
    assert_int_equal(changes(fixture), before);
}

static void a_log_in_is_answered_with_a_session_and_no_event(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_RIGHT, PATIENT);
    account_of(fixture, PATIENT)->token_version = 7;
    sealed.proof.new_hash = NULL;
    assert_accepted(send_sealed(fixture, NOBODY, "LogIn", &sealed));
    const struct session_result *session = &fixture->decision.result.as.session;
    assert_int_equal(fixture->decision.result.type, RESULT_SESSION);
    assert_uuid(id(PATIENT), session->account_id);
    assert_int_equal(session->token_version, 7);
    assert_int_equal(changes(fixture), 0);
    /* A hash of old parameters is replaced, and nothing else. */
    sealed.proof.new_hash = "$argon2id$today";
    assert_accepted(send_sealed(fixture, NOBODY, "LogIn", &sealed));
    const struct account *account = account_of(fixture, PATIENT);
    assert_string_equal(account->password_hash, "$argon2id$today");
    assert_int_equal(account->credential_version, 1);
    assert_int_equal(account->change, CHANGE_UPDATE);
}

static void every_failed_log_in_looks_alike(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_WRONG, PATIENT);
    assert_code(LOGIN_FAILED, send_sealed(fixture, NOBODY, "LogIn", &sealed));
    sealed = credentials_of(PROOF_RIGHT, NOBODY);
    assert_code(LOGIN_FAILED, send_sealed(fixture, NOBODY, "LogIn", &sealed));
    sealed = credentials_of(PROOF_RIGHT, PATIENT);
    account_of(fixture, PATIENT)->credential_version = 2; /* the old password lost a race */
    assert_code(LOGIN_FAILED, send_sealed(fixture, NOBODY, "LogIn", &sealed));
    account_of(fixture, PATIENT)->credential_version = 1;
    account_of(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_code(LOGIN_FAILED, send_sealed(fixture, NOBODY, "LogIn", &sealed));
    sealed.proof.state = PROOF_THROTTLED;
    assert_code(LOGIN_THROTTLED, send_sealed(fixture, NOBODY, "LogIn", &sealed));
    assert_int_equal(fixture->decision.retry_after_us, 4000000);
    assert_int_equal(changes(fixture), 0);
}

static void a_sealed_request_repeated_is_answered_from_the_log(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_WRONG, PATIENT);
    fixture->next_command_id = id(0x700);
    assert_code(LOGIN_FAILED, send_sealed(fixture, NOBODY, "LogIn", &sealed));
    assert_non_null(fixture->decision.remembered);
    fixture->next_command_id = id(0x700);
    (void)send_sealed(fixture, NOBODY, "LogIn", &sealed);
    assert_non_null(fixture->decision.recalled);
}

static void a_new_password_ends_older_tokens(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_RIGHT, PATIENT);
    assert_accepted(send_sealed(fixture, PATIENT, "ChangePassword", &sealed));
    const struct account *account = account_of(fixture, PATIENT);
    assert_int_equal(account->token_version, 2);
    assert_int_equal(account->credential_version, 2);
    assert_int_equal(account->tokens_valid_from_us, fixture->now_us);
    assert_true(account->forgets_devices && account->forgets_failures);
    assert_int_equal(fixture->decision.result.as.session.token_version, 2);
    assert_event(fixture, STATE_ACTIVE, REASON_PASSWORD_CHANGED, id(PATIENT));
    assert_int_equal(event_at(fixture, 0)->old_state, STATE_ACTIVE);
    assert_int_equal(event_at(fixture, 0)->sequence, 2);
    fixture->decision.token_version = 1;
    begin_command(fixture, PATIENT, "BookSlot");
    set_uuid(fixture, "slot_id", id(1));
    fixture->decision.token_version = 1;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
}

static void changing_a_password_is_refused(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_WRONG, PATIENT);
    assert_code(LOGIN_FAILED, send_sealed(fixture, PATIENT, "ChangePassword", &sealed));
    sealed = credentials_of(PROOF_RIGHT, PATIENT);
    assert_code(LOGIN_FAILED, send_sealed(fixture, PATIENT_2, "ChangePassword", &sealed));
    sealed.password_good = false;
    assert_code(PASSWORD_WEAK, send_sealed(fixture, PATIENT, "ChangePassword", &sealed));
    assert_int_equal(changes(fixture), 0);
}

static void an_admin_resets_a_password_by_his_own(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_RIGHT, ADMIN);
    assert_accepted(on_account_sealed(fixture, ADMIN, "ResetPassword", PATIENT, &sealed));
    assert_int_equal(account_of(fixture, PATIENT)->token_version, 2);
    assert_event(fixture, STATE_ACTIVE, REASON_PASSWORD_RESET, id(ADMIN));
    assert_int_equal(fixture->decision.result.type, RESULT_ACCOUNT);
    sealed.password_good = false;
    assert_code(
        PASSWORD_WEAK, on_account_sealed(fixture, ADMIN, "ResetPassword", PATIENT, &sealed));
    assert_code(
        ACCOUNT_NOT_FOUND, on_account_sealed(fixture, ADMIN, "ResetPassword", NOBODY, &sealed));
    account_of(fixture, PATIENT)->state = STATE_ERASED;
    assert_code(
        ACCOUNT_ERASED, on_account_sealed(fixture, ADMIN, "ResetPassword", PATIENT, &sealed));
    sealed.proof.state = PROOF_WRONG;
    assert_code(LOGIN_FAILED, on_account_sealed(fixture, ADMIN, "ResetPassword", PATIENT, &sealed));
}

static void a_doctors_end_withdraws_slots_to_come(void **state) {
    struct fixture *fixture = *state;
    struct slot *past = given_slot(fixture, 1, DOCTOR, -60, -30);
    struct slot *first = given_slot(fixture, 2, DOCTOR, 60, 90);
    struct slot *second = given_slot(fixture, 3, DOCTOR, 120, 150);
    struct slot *gone = given_slot(fixture, 4, DOCTOR, 180, 210);
    gone->withdrawn = true;
    assert_accepted(on_account(fixture, DOCTOR, "DeactivateAccount", DOCTOR));
    assert_int_equal(account_of(fixture, DOCTOR)->state, STATE_DEACTIVATED);
    assert_int_equal(account_of(fixture, DOCTOR)->token_version, 2);
    assert_true(first->withdrawn && second->withdrawn && !past->withdrawn);
    assert_int_equal(first->withdrawal_reason, REASON_DOCTOR_DEACTIVATED);
    assert_int_equal(gone->change, CHANGE_NONE);
    assert_int_equal(fixture->decision.event_count, 3);
    assert_event(fixture, STATE_DEACTIVATED, REASON_NONE, id(DOCTOR));
    assert_int_equal(event_at(fixture, 1)->new_state, STATE_WITHDRAWN);
}

static void deactivating_is_refused_in_the_order_of_the_contract(void **state) {
    struct fixture *fixture = *state;
    assert_code(ACCOUNT_NOT_FOUND, on_account(fixture, ADMIN, "DeactivateAccount", NOBODY));
    assert_code(ACCOUNT_NOT_FOUND, on_account(fixture, PATIENT, "DeactivateAccount", DOCTOR));
    account_of(fixture, DOCTOR)->state = STATE_ERASED;
    assert_code(ACCOUNT_ERASED, on_account(fixture, ADMIN, "DeactivateAccount", DOCTOR));
    account_of(fixture, DOCTOR_2)->state = STATE_DEACTIVATED;
    assert_code(ACCOUNT_INACTIVE, on_account(fixture, ADMIN, "DeactivateAccount", DOCTOR_2));
    account_of(fixture, PATIENT)->has_booked = true;
    assert_code(
        HAS_UPCOMING_APPOINTMENTS, on_account(fixture, PATIENT, "DeactivateAccount", PATIENT));
    fixture->world.active_admins = 1;
    assert_code(LAST_ADMIN, on_account(fixture, ADMIN, "DeactivateAccount", ADMIN));
    assert_int_equal(changes(fixture), 0);
    fixture->world.active_admins = 2;
    assert_accepted(on_account(fixture, ADMIN, "DeactivateAccount", ADMIN));
}

static void only_a_deactivated_account_is_reactivated(void **state) {
    struct fixture *fixture = *state;
    assert_code(ACCOUNT_ACTIVE, on_account(fixture, ADMIN, "ReactivateAccount", PATIENT));
    assert_code(ACCOUNT_NOT_FOUND, on_account(fixture, ADMIN, "ReactivateAccount", NOBODY));
    account_of(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_accepted(on_account(fixture, ADMIN, "ReactivateAccount", PATIENT));
    assert_int_equal(account_of(fixture, PATIENT)->token_version, 2);
    assert_event(fixture, STATE_ACTIVE, REASON_NONE, id(ADMIN));
    assert_int_equal(event_at(fixture, 0)->old_state, STATE_DEACTIVATED);
}

static void erasing_takes_login_and_password(void **state) {
    struct fixture *fixture = *state;
    assert_code(ACCOUNT_ACTIVE, on_account(fixture, ADMIN, "EraseAccount", PATIENT));
    assert_code(ACCOUNT_NOT_FOUND, on_account(fixture, ADMIN, "EraseAccount", NOBODY));
    account_of(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_accepted(on_account(fixture, ADMIN, "EraseAccount", PATIENT));
    const struct account *account = account_of(fixture, PATIENT);
    assert_null(account->login.data);
    assert_null(account->password_hash);
    assert_int_equal(account->credential_version, 2);
    assert_true(account->forgets_devices && account->forgets_failures);
    assert_event(fixture, STATE_ERASED, REASON_NONE, id(ADMIN));
    assert_code(ACCOUNT_ERASED, on_account(fixture, ADMIN, "EraseAccount", PATIENT));
}

static void an_owner_erases_by_password(void **state) {
    struct fixture *fixture = *state;
    struct credentials sealed = credentials_of(PROOF_WRONG, PATIENT);
    account_of(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_code(LOGIN_FAILED, on_account_sealed(fixture, NOBODY, "EraseAccount", PATIENT, &sealed));
    sealed = credentials_of(PROOF_RIGHT, PATIENT_2);
    assert_code(LOGIN_FAILED, on_account_sealed(fixture, NOBODY, "EraseAccount", PATIENT, &sealed));
    sealed = credentials_of(PROOF_RIGHT, PATIENT);
    assert_accepted(on_account_sealed(fixture, NOBODY, "EraseAccount", PATIENT, &sealed));
    assert_event(fixture, STATE_ERASED, REASON_NONE, id(PATIENT));
}

static void a_row_is_marked_once(void **state) {
    struct fixture *fixture = *state;
    struct account *account = account_of(fixture, PATIENT);
    world_mark_account(&fixture->world, account);
    world_mark_account(&fixture->world, account);
    assert_int_equal(fixture->world.changed_account_count, 1);
}

static void a_world_without_account_commands_has_no_room_for_accounts(void **state) {
    struct fixture *fixture = *state;
    const struct world_sizes sizes = {.accounts = 2, .commands = 3};
    struct world world;
    world_init(&world, fixture->arena, &sizes);
    assert_int_equal(world.account_commands_max, 0);
    assert_null(world_account_by_login(&world, view_text(LOGIN)));
}

static void a_command_has_the_fields_of_its_definition(void **state) {
    struct fixture *fixture = *state;
    begin_command(fixture, ADMIN, "ReactivateAccount");
    assert_ptr_equal(command_value(&fixture->command, "account_id"), &fixture->command.values[0]);
    assert_null(command_value(&fixture->command, "slot_id"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ACCOUNT_TEST(a_patient_registers_himself),
        ACCOUNT_TEST(an_admin_registers_a_doctor),
        ACCOUNT_TEST(registering_is_refused_in_the_order_of_the_contract),
        ACCOUNT_TEST(what_was_not_looked_at_asks_for_it_and_leaves_no_trace),
        ACCOUNT_TEST(a_log_in_is_answered_with_a_session_and_no_event),
        ACCOUNT_TEST(every_failed_log_in_looks_alike),
        ACCOUNT_TEST(a_sealed_request_repeated_is_answered_from_the_log),
        ACCOUNT_TEST(a_new_password_ends_older_tokens),
        ACCOUNT_TEST(changing_a_password_is_refused),
        ACCOUNT_TEST(an_admin_resets_a_password_by_his_own),
        ACCOUNT_TEST(a_doctors_end_withdraws_slots_to_come),
        ACCOUNT_TEST(deactivating_is_refused_in_the_order_of_the_contract),
        ACCOUNT_TEST(only_a_deactivated_account_is_reactivated),
        ACCOUNT_TEST(erasing_takes_login_and_password),
        ACCOUNT_TEST(an_owner_erases_by_password),
        ACCOUNT_TEST(a_row_is_marked_once),
        ACCOUNT_TEST(a_world_without_account_commands_has_no_room_for_accounts),
        ACCOUNT_TEST(a_command_has_the_fields_of_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
