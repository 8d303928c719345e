/* Commands of one batch see what those before them did, and what is saved is each row once, in its
 * final state. */
#include "domain_fixture.h"

enum { SLOT = 0x500, OTHER = 0x501, THIRD = 0x502 };

static void a_whole_life_in_one_batch(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
    assert_accepted(book(fixture, PATIENT, SLOT));
    struct uuid first = appointment_on(fixture, SLOT)->appointment_id;
    assert_accepted(cancel(fixture, PATIENT, SLOT, first, REASON_PATIENT));
    assert_accepted(book(fixture, PATIENT, SLOT)); /* the same slot, the same patient */
    struct uuid second = appointment_on(fixture, SLOT)->appointment_id;
    assert_accepted(cancel(fixture, DOCTOR, SLOT, second, REASON_PROVIDER));
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
    assert_code(SLOT_WITHDRAWN, book(fixture, PATIENT, SLOT));

    const struct world *world = &fixture->world;
    assert_int_equal(world->changed_slot_count, 1);
    assert_int_equal(world->changed_slots[0]->change, CHANGE_INSERT);
    assert_true(world->changed_slots[0]->withdrawn);
    assert_int_equal(world->changed_appointment_count, 2);
    for (size_t i = 0; i < world->changed_appointment_count; i++) {
        assert_int_equal(world->changed_appointments[i]->change, CHANGE_INSERT);
        assert_int_equal(world->changed_appointments[i]->state, STATE_CANCELLED);
        assert_int_equal(world->changed_appointments[i]->seat, 0);
    }
    assert_uuid(first, world->changed_appointments[0]->appointment_id);
}

static void the_chain_of_a_batch_holds_together(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
    for (unsigned i = 0; i < 5; i++) {
        assert_accepted(book(fixture, PATIENT, SLOT));
        struct uuid booked = appointment_on(fixture, SLOT)->appointment_id;
        assert_accepted(cancel(fixture, PATIENT, SLOT, booked, REASON_PATIENT));
    }
    struct digest head = {{0}};
    assert_int_equal(fixture->world.event_count, 11);
    for (size_t i = 0; i < fixture->world.event_count; i++) {
        const struct audit_event *event = &fixture->world.events[i];
        struct digest hash;
        audit_event_hash(event, &hash);
        assert_int_equal(event->sequence, i + 1);
        assert_true(digest_equal(&event->previous_hash, &head));
        assert_true(digest_equal(&event->hash, &hash));
        head = event->hash;
    }
    assert_int_equal(the_slot(fixture, SLOT)->chain.sequence, 11);
    assert_true(digest_equal(&the_slot(fixture, SLOT)->chain.head, &head));
}

/* N bookings of one slot: exactly one wins, the rest learn SLOT_TAKEN. */
static void one_of_many_wins(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    unsigned accepted = 0;
    for (unsigned i = 0; i < 50; i++) {
        (void)given_account(fixture, 0x300 + i, ROLE_PATIENT);
        enum code code = book(fixture, 0x300 + i, SLOT);
        accepted += code == CODE_ACCEPTED;
        assert_string_equal(code_text(code), i == 0 ? "" : "SLOT_TAKEN");
    }
    assert_int_equal(accepted, 1);
    assert_int_equal(fixture->world.event_count, 1);
    assert_uuid(id(0x300), appointment_on(fixture, SLOT)->patient_id);
}

static void two_patients_swap_slots_through_a_third(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    given_slot(fixture, OTHER, DOCTOR_2, 60, 90);
    given_slot(fixture, THIRD, DOCTOR, 200, 230);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_accepted(book(fixture, PATIENT_2, OTHER));
    struct uuid mine = appointment_on(fixture, SLOT)->appointment_id;
    struct uuid theirs = appointment_on(fixture, OTHER)->appointment_id;

    assert_code(SLOT_TAKEN, reschedule(fixture, PATIENT, SLOT, mine, OTHER));
    assert_code(SLOT_TAKEN, reschedule(fixture, PATIENT_2, OTHER, theirs, SLOT));
    assert_accepted(reschedule(fixture, PATIENT, SLOT, mine, THIRD));
    assert_accepted(reschedule(fixture, PATIENT_2, OTHER, theirs, SLOT));
    mine = appointment_on(fixture, THIRD)->appointment_id;
    assert_accepted(reschedule(fixture, PATIENT, THIRD, mine, OTHER));
    assert_uuid(id(PATIENT), appointment_on(fixture, OTHER)->patient_id);
    assert_uuid(id(PATIENT_2), appointment_on(fixture, SLOT)->patient_id);
    assert_null(the_slot(fixture, THIRD)->active);
}

static void a_cancelled_slot_goes_to_the_next_in_line(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(book(fixture, PATIENT, SLOT));
    struct uuid first = appointment_on(fixture, SLOT)->appointment_id;
    assert_code(SLOT_TAKEN, book(fixture, PATIENT_2, SLOT));
    assert_accepted(cancel(fixture, PATIENT, SLOT, first, REASON_NONE));
    assert_accepted(book(fixture, PATIENT_2, SLOT));
    assert_code(ALREADY_CANCELLED, cancel(fixture, PATIENT, SLOT, first, REASON_NONE));
    assert_uuid(id(PATIENT_2), appointment_on(fixture, SLOT)->patient_id);
}

/* A booking later in the batch sees the overlap, the freed time and the freed count of earlier. */
static void a_patients_time_follows_the_batch(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 1;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    given_slot(fixture, OTHER, DOCTOR_2, 75, 105);
    given_slot(fixture, THIRD, DOCTOR, 200, 230);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_code(PATIENT_OVERLAP, book(fixture, PATIENT, OTHER));
    assert_code(BOOKING_LIMIT_REACHED, book(fixture, PATIENT, THIRD));
    struct uuid first = appointment_on(fixture, SLOT)->appointment_id;
    assert_accepted(cancel(fixture, DOCTOR, SLOT, first, REASON_PROVIDER));
    assert_accepted(book(fixture, PATIENT, OTHER));
    assert_int_equal(appointment_on(fixture, OTHER)->seat, 1);
}

/* Every decision of a batch has the batch's one time, so that nothing depends on a clock that moves
 * while records wait. */
static void the_whole_batch_has_one_time(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
    assert_accepted(book(fixture, PATIENT, SLOT));
    for (size_t i = 0; i < fixture->world.event_count; i++) {
        assert_int_equal(fixture->world.events[i].occurred_at_us, NOW_US);
    }
}

static void a_repeat_after_other_commands_changes_nothing(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(book(fixture, PATIENT, SLOT));
    struct uuid command_id = fixture->command.command_id;
    struct uuid first = appointment_on(fixture, SLOT)->appointment_id;
    assert_accepted(cancel(fixture, PATIENT, SLOT, first, REASON_NONE));
    fixture->next_command_id = command_id;
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_non_null(fixture->decision.recalled);
    assert_null(the_slot(fixture, SLOT)->active); /* not booked again */
}

/* Reserved room is enough for a batch of nothing but the greediest commands. */
static void a_full_batch_fits(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 1;

    enum { PAIRS = FIXTURE_COMMANDS_MAX / 2 };

    for (unsigned i = 0; i < PAIRS; i++) { /* each takes the seat of one that began */
        (void)given_account(fixture, 0x300 + i, ROLE_PATIENT);
        int64_t from = 60 + 10 * (int64_t)i;
        given_slot(fixture, SLOT + i, DOCTOR, from, from + 10);
        struct slot *past = given_slot(fixture, 0x700 + i, DOCTOR, from - 5000, from - 4990);
        given_appointment(fixture, 0x800 + i, past, 0x300 + i, STATE_BOOKED)->seat = 1;
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        assert_accepted(book(fixture, 0x300 + i, SLOT + i));
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        struct uuid booked = appointment_on(fixture, SLOT + i)->appointment_id;
        assert_accepted(cancel(fixture, DOCTOR, SLOT + i, booked, REASON_OTHER));
    }
    assert_int_equal(fixture->world.changed_appointment_count, 2 * PAIRS);
    assert_int_equal(fixture->world.new_recall_count, FIXTURE_COMMANDS_MAX);
}

static void a_batch_of_slots_fits(void **state) {
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < FIXTURE_COMMANDS_MAX; i++) {
        int64_t from = 60 + 10 * (int64_t)i;
        assert_accepted(publish(fixture, DOCTOR, SLOT + i, from, from + 10));
    }
    assert_int_equal(fixture->world.changed_slot_count, FIXTURE_COMMANDS_MAX);
    assert_int_equal(
        world_account(&fixture->world, id(DOCTOR))->slots_to_come, FIXTURE_COMMANDS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_whole_life_in_one_batch),
        DOMAIN_TEST(the_chain_of_a_batch_holds_together),
        DOMAIN_TEST(one_of_many_wins),
        DOMAIN_TEST(two_patients_swap_slots_through_a_third),
        DOMAIN_TEST(a_cancelled_slot_goes_to_the_next_in_line),
        DOMAIN_TEST(a_patients_time_follows_the_batch),
        DOMAIN_TEST(the_whole_batch_has_one_time),
        DOMAIN_TEST(a_repeat_after_other_commands_changes_nothing),
        DOMAIN_TEST(a_full_batch_fits),
        DOMAIN_TEST(a_batch_of_slots_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
