/* DeactivateAccount and ReactivateAccount: each rule and the order of the codes. */
#include "domain_account_fixture.h"

enum { SLOT = 0x500 };

/* The account is in that state, older tokens are dead, its row and chain are one step on. */
static void assert_moved(
    const struct fixture *fixture,
    const struct account *account,
    struct account before,
    enum state state) {
    assert_int_equal(account->state, state);
    assert_int_equal(account->token_version, before.token_version + 1);
    assert_int_equal(account->tokens_valid_from_us, fixture->now_us);
    assert_int_equal(account->change, CHANGE_UPDATE);
    assert_account_event(fixture, account, before.chain);
    const struct audit_event *event = event_at(fixture, 0);
    assert_true(event->has_old_state);
    assert_int_equal(event->old_state, before.state);
    assert_int_equal(event->reason, REASON_NONE);
    assert_account_result(fixture, account->account_id, account->role, state);
}

static void assert_refused(struct fixture *fixture, const char *expected, enum code code) {
    assert_string_equal(code_text(code), expected);
    assert_untouched(fixture);
    assert_non_null(fixture->decision.remembered);
}

/* DeactivateAccount. -------------------------------------------------------------------------- */

static void a_patient_deactivates_himself(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = the_account(fixture, PATIENT);
    struct account before = *patient;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(deactivate(fixture, PATIENT, PATIENT));
    assert_moved(fixture, patient, before, STATE_DEACTIVATED);
    assert_actor(event_at(fixture, 0), id(PATIENT), ROLE_PATIENT);
    assert_int_equal(fixture->decision.event_count, 1);
    assert_int_equal(fixture->world.changed_account_count, 1);
    /* The password stays, for a sealed erasure. */
    assert_true(view_equal(patient->login, before.login));
    assert_string_equal(patient->password_hash, "given hash");
    assert_int_equal(patient->credential_version, GIVEN_CREDENTIAL_VERSION);
    assert_false(patient->forgets_devices || patient->forgets_failures);

    begin_command(fixture, PATIENT, "BookSlot"); /* with the token of before */
    set_uuid(fixture, "slot_id", id(SLOT));
    fixture->decision.token_version = GIVEN_TOKEN_VERSION;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_code(ACCOUNT_INACTIVE, book(fixture, PATIENT, SLOT));
    assert_code(LOGIN_FAILED, log_in(fixture, PATIENT));
}

static void an_admin_deactivates_anybody(void **state) {
    struct fixture *fixture = *state;
    static const unsigned others[] = {PATIENT, DOCTOR};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct account *account = the_account(fixture, others[i]);
        struct account before = *account;
        assert_accepted(deactivate(fixture, ADMIN, others[i]));
        assert_moved(fixture, account, before, STATE_DEACTIVATED);
        assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
    }
    assert_int_equal(the_account(fixture, ADMIN)->change, CHANGE_NONE);
}

static void nobody_else_deactivates_or_learns_of_an_account(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT_2)->state = STATE_ERASED;
    static const unsigned others[] = {PATIENT_2, DOCTOR_2, ADMIN, NOBODY};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_refused(fixture, "ACCOUNT_NOT_FOUND", deactivate(fixture, PATIENT, others[i]));
        assert_refused(fixture, "ACCOUNT_NOT_FOUND", deactivate(fixture, DOCTOR, others[i]));
    }
    assert_refused(fixture, "ACCOUNT_NOT_FOUND", deactivate(fixture, ADMIN, NOBODY));
}

static void an_erased_or_inactive_account_is_not_deactivated(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT)->has_booked = true; /* whatever else is wrong */
    the_account(fixture, PATIENT)->state = STATE_ERASED;
    assert_refused(fixture, "ACCOUNT_ERASED", deactivate(fixture, ADMIN, PATIENT));
    the_account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_refused(fixture, "ACCOUNT_INACTIVE", deactivate(fixture, ADMIN, PATIENT));
    the_account(fixture, ADMIN)->state = STATE_DEACTIVATED;
    (void)given_account(fixture, 0x32, ROLE_ADMIN);
    fixture->world.active_admins = 1;
    assert_refused(fixture, "ACCOUNT_INACTIVE", deactivate(fixture, 0x32, ADMIN));
}

static void the_last_admin_stays(void **state) {
    struct fixture *fixture = *state;
    struct account before = *the_account(fixture, ADMIN);
    the_account(fixture, ADMIN)->has_booked = true;
    fixture->world.active_admins = 1;
    assert_refused(fixture, "LAST_ADMIN", deactivate(fixture, ADMIN, ADMIN));
    fixture->world.active_admins = 0;
    assert_refused(fixture, "LAST_ADMIN", deactivate(fixture, ADMIN, ADMIN));
    the_account(fixture, ADMIN)->has_booked = false;
    fixture->world.active_admins = 2;
    assert_accepted(deactivate(fixture, ADMIN, ADMIN));
    assert_moved(fixture, the_account(fixture, ADMIN), before, STATE_DEACTIVATED);
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
}

static void only_admins_are_counted(void **state) {
    struct fixture *fixture = *state;
    fixture->world.active_admins = 1;
    assert_accepted(deactivate(fixture, ADMIN, PATIENT));
    assert_accepted(deactivate(fixture, DOCTOR, DOCTOR));
}

static void what_is_booked_is_settled_first(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    the_account(fixture, PATIENT)->has_booked = true;
    the_account(fixture, DOCTOR)->has_booked = true;
    static const char refused[] = "HAS_UPCOMING_APPOINTMENTS";
    assert_refused(fixture, refused, deactivate(fixture, PATIENT, PATIENT));
    assert_refused(fixture, refused, deactivate(fixture, ADMIN, PATIENT));
    assert_refused(fixture, refused, deactivate(fixture, DOCTOR, DOCTOR));
    assert_false(the_slot(fixture, SLOT)->withdrawn);
    the_account(fixture, PATIENT)->has_booked = false;
    assert_accepted(deactivate(fixture, PATIENT, PATIENT));
}

static void a_deactivation_is_refused_in_the_contracts_order(void **state) {
    struct fixture *fixture = *state;
    struct account *account = given_account(fixture, 0x32, ROLE_ADMIN);
    account->state = STATE_ERASED;
    account->has_booked = true;
    fixture->world.active_admins = 1;
    assert_code(ACCOUNT_ERASED, deactivate(fixture, ADMIN, 0x32));
    account->state = STATE_DEACTIVATED;
    assert_code(ACCOUNT_INACTIVE, deactivate(fixture, ADMIN, 0x32));
    account->state = STATE_ACTIVE;
    assert_code(LAST_ADMIN, deactivate(fixture, ADMIN, 0x32));
    fixture->world.active_admins = 2;
    assert_code(HAS_UPCOMING_APPOINTMENTS, deactivate(fixture, ADMIN, 0x32));
    account->has_booked = false;
    assert_accepted(deactivate(fixture, ADMIN, 0x32));
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN); /* the other one */
}

/* A doctor's slots. --------------------------------------------------------------------------- */

static void a_doctor_without_slots_leaves_one_event(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR_2, 60, 90);
    assert_accepted(deactivate(fixture, DOCTOR, DOCTOR));
    assert_int_equal(fixture->decision.event_count, 1);
    assert_int_equal(fixture->world.changed_slot_count, 0);
    assert_false(the_slot(fixture, SLOT)->withdrawn);
}

static void assert_withdrawal_event(
    const struct fixture *fixture, size_t position, const struct slot *slot, struct chain before) {
    const struct audit_event *event = event_at(fixture, position);
    struct digest hash;
    assert_uuid(event_id_of(fixture->decision.outcome_id, (unsigned)position), event->event_id);
    assert_int_equal(event->entity, ENTITY_SLOT);
    assert_uuid(slot->slot_id, event->entity_id);
    assert_true(event->has_slot_id);
    assert_uuid(slot->slot_id, event->slot_id);
    assert_int_equal(event->old_state, STATE_OPEN);
    assert_int_equal(event->new_state, STATE_WITHDRAWN);
    assert_int_equal(event->reason, REASON_DOCTOR_DEACTIVATED);
    assert_uuid(fixture->command.command_id, event->command_id);
    assert_int_equal(event->sequence, before.sequence + 1);
    assert_true(digest_equal(&event->previous_hash, &before.head));
    audit_event_hash(event, &hash);
    assert_true(digest_equal(&slot->chain.head, &hash));
}

static void a_doctors_slot_to_come_is_withdrawn(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct chain before = slot->chain;
    struct account doctor_before = *the_account(fixture, DOCTOR);
    assert_accepted(deactivate(fixture, ADMIN, DOCTOR));
    assert_moved(fixture, the_account(fixture, DOCTOR), doctor_before, STATE_DEACTIVATED);
    assert_int_equal(fixture->decision.event_count, 2);
    assert_withdrawal_event(fixture, 1, slot, before);
    assert_actor(event_at(fixture, 1), id(ADMIN), ROLE_ADMIN);
    assert_true(slot->withdrawn);
    assert_int_equal(slot->withdrawal_reason, REASON_DOCTOR_DEACTIVATED);
    assert_int_equal(slot->change, CHANGE_UPDATE);
    assert_int_equal(fixture->world.changed_slot_count, 1);
}

/* Three to come among others that stay as they are: one that began, one that begins now, one
 * withdrawn before, another doctor's. */
static void only_open_slots_to_come_are_withdrawn(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, -30, 30);
    given_slot(fixture, SLOT + 1, DOCTOR, 0, 30);
    given_slot(fixture, SLOT + 2, DOCTOR, 40, 50)->withdrawn = true;
    given_slot(fixture, SLOT + 3, DOCTOR_2, 60, 90);
    struct slot *to_come[3];
    for (unsigned i = 0; i < 3; i++) {
        to_come[i] = given_slot(fixture, SLOT + 4 + i, DOCTOR, 100 + 20 * i, 110 + 20 * i);
    }
    to_come[0]->starts_at_us = NOW_US + 1;
    the_account(fixture, DOCTOR)->slots_to_come = 3;
    assert_accepted(deactivate(fixture, DOCTOR, DOCTOR));
    assert_int_equal(fixture->decision.event_count, 4);
    assert_int_equal(fixture->world.changed_slot_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(to_come[i]->withdrawn);
        assert_actor(event_at(fixture, 1 + i), id(DOCTOR), ROLE_DOCTOR);
    }
    assert_false(the_slot(fixture, SLOT)->withdrawn);
    assert_false(the_slot(fixture, SLOT + 1)->withdrawn);
    assert_int_equal(the_slot(fixture, SLOT + 2)->change, CHANGE_NONE);
    assert_false(the_slot(fixture, SLOT + 3)->withdrawn);
    assert_int_equal(the_account(fixture, DOCTOR)->slots_to_come, 0);
}

/* It was completed; then the clock was set back, and its time seems to come. */
static void a_slot_that_holds_an_appointment_is_not_open(void **state) {
    struct fixture *fixture = *state;
    struct slot *fulfilled = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    (void)given_appointment(fixture, 1, fulfilled, PATIENT, STATE_FULFILLED);
    struct slot *cancelled = given_slot(fixture, SLOT + 1, DOCTOR, 100, 130);
    (void)given_appointment(fixture, 2, cancelled, PATIENT, STATE_CANCELLED);
    assert_accepted(deactivate(fixture, DOCTOR, DOCTOR));
    assert_false(fulfilled->withdrawn);
    assert_true(cancelled->withdrawn);
    assert_int_equal(fixture->decision.event_count, 2);
}

/* More than one decision of any other kind leaves, and than a byte counts. */
static void any_number_of_slots_is_withdrawn(void **state) {
    struct fixture *fixture = *state;

    enum { SLOTS = 300 };
    struct world world;
    const struct world_sizes sizes = {
        .accounts = 2, .slots = SLOTS, .commands = 1, .account_commands = 1, .holdings = SLOTS};
    world_init(&world, fixture->arena, &sizes);
    fixture->world = world;
    (void)given_account(fixture, DOCTOR, ROLE_DOCTOR);
    for (unsigned i = 0; i < SLOTS; i++) {
        given_slot(fixture, SLOT + i, DOCTOR, 60 + i, 61 + i);
    }
    assert_accepted(deactivate(fixture, DOCTOR, DOCTOR));
    assert_int_equal(fixture->decision.event_count, 1 + SLOTS);
    assert_int_equal(fixture->world.changed_slot_count, SLOTS);
    for (unsigned i = 0; i < SLOTS; i++) {
        assert_true(the_slot(fixture, SLOT + i)->withdrawn);
        for (unsigned k = 0; k < i; k++) {
            assert_false(
                uuid_equal(event_at(fixture, i)->event_id, event_at(fixture, k)->event_id));
        }
    }
}

/* ReactivateAccount. -------------------------------------------------------------------------- */

static void an_admin_reactivates_an_account(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = the_account(fixture, PATIENT);
    patient->state = STATE_DEACTIVATED;
    struct account before = *patient;
    assert_accepted(reactivate(fixture, ADMIN, PATIENT));
    assert_moved(fixture, patient, before, STATE_ACTIVE);
    assert_actor(event_at(fixture, 0), id(ADMIN), ROLE_ADMIN);
    assert_int_equal(patient->credential_version, GIVEN_CREDENTIAL_VERSION);
    assert_accepted(log_in(fixture, PATIENT)); /* with the password of before */
}

/* Neither one from before the deactivation nor one minted while it lasted. */
static void older_tokens_stay_dead(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(deactivate(fixture, PATIENT, PATIENT));
    fixture->now_us += MINUTE_US;
    assert_accepted(reactivate(fixture, ADMIN, PATIENT));
    begin_command(fixture, PATIENT, "BookSlot");
    set_uuid(fixture, "slot_id", id(SLOT));
    assert_int_equal(fixture->decision.token_version, GIVEN_TOKEN_VERSION + 2);
    fixture->decision.token_version = GIVEN_TOKEN_VERSION;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    fixture->decision.token_version = GIVEN_TOKEN_VERSION + 1;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    fixture->decision.has_token_version = false;
    fixture->decision.token_issued_at_us = fixture->now_us - 1;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_accepted(book(fixture, PATIENT, SLOT));
}

static void a_reactivation_is_refused_in_the_contracts_order(void **state) {
    struct fixture *fixture = *state;
    the_account(fixture, PATIENT_2)->state = STATE_ERASED;
    assert_refused(fixture, "ACCOUNT_NOT_FOUND", reactivate(fixture, ADMIN, NOBODY));
    assert_refused(fixture, "ACCOUNT_ERASED", reactivate(fixture, ADMIN, PATIENT_2));
    assert_refused(fixture, "ACCOUNT_ACTIVE", reactivate(fixture, ADMIN, PATIENT));
    assert_refused(fixture, "ACCOUNT_ACTIVE", reactivate(fixture, ADMIN, ADMIN));
}

static void a_whole_life_is_one_chain(void **state) {
    struct fixture *fixture = *state;
    struct account *doctor = the_account(fixture, DOCTOR);
    struct chain chain = doctor->chain;
    assert_accepted(change_password(fixture, DOCTOR));
    assert_accepted(deactivate(fixture, DOCTOR, DOCTOR));
    assert_accepted(reactivate(fixture, ADMIN, DOCTOR));
    assert_accepted(reset_password(fixture, ADMIN, DOCTOR));
    assert_accepted(deactivate(fixture, ADMIN, DOCTOR));
    assert_accepted(erase_sealed(fixture, DOCTOR));
    assert_int_equal(fixture->world.event_count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct audit_event *event = &fixture->world.events[i];
        assert_int_equal(event->sequence, chain.sequence + 1);
        assert_true(digest_equal(&event->previous_hash, &chain.head));
        chain = (struct chain){.sequence = event->sequence, .head = event->hash};
    }
    assert_int_equal(doctor->chain.sequence, 7);
    assert_int_equal(doctor->token_version, GIVEN_TOKEN_VERSION + 6);
    assert_int_equal(doctor->credential_version, GIVEN_CREDENTIAL_VERSION + 3);
    assert_int_equal(fixture->world.changed_account_count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_patient_deactivates_himself),
        DOMAIN_TEST(an_admin_deactivates_anybody),
        DOMAIN_TEST(nobody_else_deactivates_or_learns_of_an_account),
        DOMAIN_TEST(an_erased_or_inactive_account_is_not_deactivated),
        DOMAIN_TEST(the_last_admin_stays),
        DOMAIN_TEST(only_admins_are_counted),
        DOMAIN_TEST(what_is_booked_is_settled_first),
        DOMAIN_TEST(a_deactivation_is_refused_in_the_contracts_order),
        DOMAIN_TEST(a_doctor_without_slots_leaves_one_event),
        DOMAIN_TEST(a_doctors_slot_to_come_is_withdrawn),
        DOMAIN_TEST(only_open_slots_to_come_are_withdrawn),
        DOMAIN_TEST(a_slot_that_holds_an_appointment_is_not_open),
        DOMAIN_TEST(any_number_of_slots_is_withdrawn),
        DOMAIN_TEST(an_admin_reactivates_an_account),
        DOMAIN_TEST(older_tokens_stay_dead),
        DOMAIN_TEST(a_reactivation_is_refused_in_the_contracts_order),
        DOMAIN_TEST(a_whole_life_is_one_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
