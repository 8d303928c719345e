/* The tables that load fills: what is there already stays, lists hold what they say. */
#include "domain_account_fixture.h"

enum { SLOT = 0x500, OTHER = 0x501 };

static void a_row_is_put_once(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    bool is_new = false;
    struct slot *slot = world_put_slot(world, id(SLOT), &is_new);
    assert_true(is_new);
    assert_uuid(id(SLOT), slot->slot_id);
    slot->starts_at_us = 5;
    assert_ptr_equal(world_put_slot(world, id(SLOT), &is_new), slot);
    assert_false(is_new);
    assert_int_equal(slot->starts_at_us, 5);

    struct appointment *appointment = world_put_appointment(world, id(1), &is_new);
    assert_true(is_new);
    assert_uuid(id(1), appointment->appointment_id);
    assert_ptr_equal(world_put_appointment(world, id(1), &is_new), appointment);
    assert_false(is_new);

    struct account *account = world_put_account(world, id(NOBODY), &is_new);
    assert_true(is_new);
    assert_uuid(id(NOBODY), account->account_id);
    assert_ptr_equal(world_put_account(world, id(NOBODY), &is_new), account);
    assert_false(is_new);
}

static void rows_are_found_by_their_kind_and_id(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_ptr_equal(world_slot(world, id(SLOT)), slot);
    assert_null(world_slot(world, id(OTHER)));
    assert_null(world_appointment(world, id(SLOT)));
    assert_null(world_account(world, id(SLOT)));
    assert_null(world_account(world, id(NOBODY)));
}

static void a_purged_slot_is_only_an_id(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    given_slot(fixture, SLOT, DOCTOR, 60, 90)->purged = true;
    assert_null(world_slot(world, id(SLOT)));
    assert_true(world_slot_id_used(world, id(SLOT)));
    assert_false(world_slot_id_used(world, id(OTHER)));
}

static void a_recall_belongs_to_caller_and_command(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct recall *recall = world_put_recall(world, id(PATIENT), id(7));
    assert_ptr_equal(world_recall(world, id(PATIENT), id(7)), recall);
    assert_null(world_recall(world, id(PATIENT_2), id(7)));
    assert_null(world_recall(world, id(PATIENT), id(8)));
    assert_null(world_recall(world, id(7), id(PATIENT))); /* the pair has an order */
}

static void a_patients_list_holds_what_is_booked(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = world_account(&fixture->world, id(PATIENT));
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct appointment *booked = given_appointment(fixture, 1, slot, PATIENT, STATE_BOOKED);
    (void)given_appointment(fixture, 2, slot, PATIENT, STATE_CANCELLED);
    (void)given_appointment(fixture, 3, slot, PATIENT, STATE_FULFILLED);
    (void)given_appointment(fixture, 4, slot, PATIENT_2, STATE_BOOKED);
    (void)given_appointment(fixture, 5, slot, NOBODY, STATE_BOOKED); /* not loaded */
    struct appointment *last = given_appointment(fixture, 6, slot, PATIENT, STATE_BOOKED);
    assert_ptr_equal(patient->appointments, last);
    assert_ptr_equal(last->next_of_patient, booked);
    assert_null(booked->next_of_patient);
}

static void a_doctors_calendar_holds_what_is_not_withdrawn(void **state) {
    struct fixture *fixture = *state;
    struct account *doctor = world_account(&fixture->world, id(DOCTOR));
    struct slot *first = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    bool is_new = false;
    struct slot *withdrawn = world_put_slot(&fixture->world, id(OTHER), &is_new);
    withdrawn->doctor_id = id(DOCTOR);
    withdrawn->withdrawn = true;
    world_link_doctor(&fixture->world, withdrawn);
    given_slot(fixture, 0x600, DOCTOR_2, 60, 90);
    given_slot(fixture, 0x601, NOBODY, 60, 90); /* not loaded */
    assert_ptr_equal(doctor->calendar, first);
    assert_null(first->next_of_doctor);
}

static void a_row_is_listed_once(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct appointment *appointment = given_appointment(fixture, 1, slot, PATIENT, STATE_BOOKED);
    for (unsigned i = 0; i < 3; i++) {
        world_mark_slot(world, slot);
        world_mark_appointment(world, appointment);
    }
    assert_int_equal(slot->change, CHANGE_UPDATE);
    assert_int_equal(appointment->change, CHANGE_UPDATE);
    assert_int_equal(world->changed_slot_count, 1);
    assert_int_equal(world->changed_appointment_count, 1);
}

static void a_new_row_stays_an_insert(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct slot *slot = world_new_slot(world, id(SLOT));
    struct appointment *appointment = world_new_appointment(world, id(1));
    world_mark_slot(world, slot);
    world_mark_appointment(world, appointment);
    assert_int_equal(slot->change, CHANGE_INSERT);
    assert_int_equal(appointment->change, CHANGE_INSERT);
    assert_int_equal(world->changed_slot_count, 1);
    assert_int_equal(world->changed_appointment_count, 1);
}

static void an_account_is_known_by_its_login(void **state) {
    struct fixture *fixture = *state;
    const struct world *world = &fixture->world;
    assert_ptr_equal(
        world_account_by_login(world, view_text("login-011")), the_account(fixture, PATIENT));
    assert_null(world_account_by_login(world, view_text("login-01")));
    assert_null(world_account_by_login(world, view_text("login-0111")));
    assert_null(world_account_by_login(world, view_text("")));
}

static void an_account_is_listed_once(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct account *patient = the_account(fixture, PATIENT);
    struct account *doctor = the_account(fixture, DOCTOR);
    for (unsigned i = 0; i < 3; i++) {
        world_mark_account(world, doctor);
        world_mark_account(world, patient);
    }
    assert_int_equal(doctor->change, CHANGE_UPDATE);
    assert_int_equal(patient->change, CHANGE_UPDATE);
    assert_int_equal(world->changed_account_count, 2);
    assert_ptr_equal(world->changed_accounts[0], doctor);
    assert_ptr_equal(world->changed_accounts[1], patient);
}

static void a_new_account_stays_an_insert(void **state) {
    struct fixture *fixture = *state;
    struct world *world = &fixture->world;
    struct account *account = world_new_account(world, id(NOBODY), view_text("ann@home"));
    world_mark_account(world, account);
    assert_int_equal(account->change, CHANGE_INSERT);
    assert_uuid(id(NOBODY), account->account_id);
    assert_int_equal(world->changed_account_count, 1);
    assert_ptr_equal(world_account(world, id(NOBODY)), account);
    assert_ptr_equal(world_account_by_login(world, view_text("ann@home")), account);
}

/* The lane of slots and that of queries reserve nothing for accounts. */
static void a_world_without_account_commands_still_decides(void **state) {
    struct fixture *fixture = *state;
    const struct world_sizes sizes = {.accounts = 1, .slots = 1, .commands = 2};
    struct world *world = &fixture->world;
    world_init(world, fixture->arena, &sizes);
    bool is_new = false;
    struct account *doctor = world_put_account(world, id(DOCTOR), &is_new);
    doctor->role = ROLE_DOCTOR;
    doctor->state = STATE_ACTIVE;
    doctor->token_version = GIVEN_TOKEN_VERSION;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
    assert_int_equal(world->changed_account_count, 0);
}

/* As much as the sizes promise: as many new accounts, slots and events as commands can make. */
static void there_is_room_for_what_was_reserved(void **state) {
    struct fixture *fixture = *state;
    const struct world_sizes sizes = {
        .accounts = 2, .slots = 3, .commands = 3, .account_commands = 3, .holdings = 3};
    world_init(&fixture->world, fixture->arena, &sizes);
    (void)given_account(fixture, DOCTOR, ROLE_DOCTOR);
    (void)given_account(fixture, ADMIN, ROLE_ADMIN);
    for (unsigned i = 0; i < 3; i++) {
        given_slot(fixture, SLOT + i, DOCTOR, 60 + 10 * i, 65 + 10 * i);
    }
    assert_accepted(register_patient(fixture, "ann@home"));
    assert_accepted(register_doctor(fixture, ADMIN, "bob@home"));
    assert_accepted(deactivate(fixture, ADMIN, DOCTOR));
    assert_int_equal(fixture->world.changed_account_count, 3);
    assert_int_equal(fixture->world.changed_slot_count, 3);
    assert_int_equal(fixture->world.event_count, 6);
    assert_int_equal(fixture->world.new_recall_count, 3);
}

static void deciding_takes_no_memory(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    size_t before = arena_used(fixture->arena);
    assert_accepted(publish(fixture, DOCTOR, OTHER, 90, 120));
    assert_accepted(book(fixture, PATIENT, SLOT));
    struct uuid booked = appointment_on(fixture, SLOT)->appointment_id;
    assert_accepted(reschedule(fixture, PATIENT, SLOT, booked, OTHER));
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
    assert_accepted(register_patient(fixture, "ann@home"));
    assert_accepted(log_in(fixture, PATIENT));
    assert_accepted(change_password(fixture, PATIENT));
    assert_accepted(deactivate(fixture, ADMIN, DOCTOR_2));
    assert_accepted(erase(fixture, ADMIN, DOCTOR_2));
    assert_int_equal(arena_used(fixture->arena), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_row_is_put_once),
        DOMAIN_TEST(rows_are_found_by_their_kind_and_id),
        DOMAIN_TEST(a_purged_slot_is_only_an_id),
        DOMAIN_TEST(a_recall_belongs_to_caller_and_command),
        DOMAIN_TEST(a_patients_list_holds_what_is_booked),
        DOMAIN_TEST(a_doctors_calendar_holds_what_is_not_withdrawn),
        DOMAIN_TEST(a_row_is_listed_once),
        DOMAIN_TEST(a_new_row_stays_an_insert),
        DOMAIN_TEST(an_account_is_known_by_its_login),
        DOMAIN_TEST(an_account_is_listed_once),
        DOMAIN_TEST(a_new_account_stays_an_insert),
        DOMAIN_TEST(a_world_without_account_commands_still_decides),
        DOMAIN_TEST(there_is_room_for_what_was_reserved),
        DOMAIN_TEST(deciding_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
