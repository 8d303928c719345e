/* BookSlot: each rule, its boundary, the order of the codes, and the seats that carry the limit. */
#include "domain_fixture.h"

enum { SLOT = 0x500, OTHER = 0x501, THIRD = 0x502 };

static void a_booking_is_a_row_an_event_and_a_result(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(book(fixture, PATIENT, SLOT));

    const struct appointment *row = appointment_on(fixture, SLOT);
    assert_int_equal(fixture->world.changed_appointment_count, 1);
    assert_ptr_equal(fixture->world.changed_appointments[0], row);
    assert_int_equal(row->change, CHANGE_INSERT);
    assert_uuid(appointment_id_of(fixture->decision.outcome_id), row->appointment_id);
    assert_uuid(id(SLOT), row->slot_id);
    assert_uuid(id(DOCTOR), row->doctor_id);
    assert_uuid(id(PATIENT), row->patient_id);
    assert_int_equal(row->starts_at_us, at(60));
    assert_int_equal(row->ends_at_us, at(90));
    assert_int_equal(row->state, STATE_BOOKED);
    assert_int_equal(row->seat, 1);
    assert_false(row->has_rescheduled_from);
    assert_int_equal(row->cancel_reason, REASON_NONE);

    assert_int_equal(slot->change, CHANGE_NONE); /* being booked is derived */
    assert_int_equal(fixture->world.changed_slot_count, 0);
    assert_ptr_equal(
        world_appointment(&fixture->world, appointment_id_of(fixture->decision.outcome_id)), row);
}

static void the_result_is_the_appointment(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_int_equal(fixture->decision.result.type, RESULT_APPOINTMENT);
    const struct appointment_result *result = &fixture->decision.result.as.appointment;
    assert_uuid(appointment_id_of(fixture->decision.outcome_id), result->appointment_id);
    assert_uuid(id(SLOT), result->slot_id);
    assert_uuid(id(DOCTOR), result->doctor_id);
    assert_uuid(id(PATIENT), result->patient_id);
    assert_int_equal(result->starts_at_us, at(60));
    assert_int_equal(result->ends_at_us, at(90));
    assert_int_equal(result->state, STATE_BOOKED);
    assert_false(result->has_rescheduled_from);
    assert_false(result->has_rescheduled_to);
}

static void a_booking_is_one_event_in_the_slots_chain(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct digest head = slot->chain.head;
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_int_equal(fixture->decision.event_count, 1);
    const struct audit_event *event = event_at(fixture, 0);
    assert_int_equal(event->entity, ENTITY_APPOINTMENT);
    assert_uuid(appointment_id_of(fixture->decision.outcome_id), event->entity_id);
    assert_uuid(id(SLOT), event->slot_id);
    assert_int_equal(event->sequence, 2);
    assert_false(event->has_old_state);
    assert_int_equal(event->new_state, STATE_BOOKED);
    assert_uuid(id(PATIENT), event->actor_id);
    assert_int_equal(event->actor_role, ROLE_PATIENT);
    assert_int_equal(event->reason, REASON_NONE);
    assert_false(event->has_related_id);
    assert_true(digest_equal(&event->previous_hash, &head));
    assert_true(digest_equal(&event->hash, &slot->chain.head));
}

static void an_unknown_or_purged_slot_is_not_found(void **state) {
    struct fixture *fixture = *state;
    assert_code(SLOT_NOT_FOUND, book(fixture, PATIENT, SLOT));
    given_slot(fixture, SLOT, DOCTOR, 60, 90)->purged = true;
    assert_code(SLOT_NOT_FOUND, book(fixture, PATIENT, SLOT));
}

static void a_withdrawn_slot_is_not_booked(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
    assert_code(SLOT_WITHDRAWN, book(fixture, PATIENT, SLOT));
}

static void whatever_is_not_cancelled_keeps_the_slot_taken(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct appointment *appointment = given_appointment(fixture, 1, slot, PATIENT_2, STATE_BOOKED);

    static const enum state taken[] = {STATE_BOOKED, STATE_FULFILLED, STATE_NOSHOW};

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        appointment->state = taken[i];
        assert_code(SLOT_TAKEN, book(fixture, PATIENT, SLOT));
    }
}

static void ones_own_booking_is_taken_too(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_code(SLOT_TAKEN, book(fixture, PATIENT, SLOT));
}

static void a_slot_that_began_is_not_booked(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    fixture->now_us = at(61);
    assert_code(SLOT_IN_PAST, book(fixture, PATIENT, SLOT));
    fixture->now_us = at(60);
    assert_code(SLOT_IN_PAST, book(fixture, PATIENT, SLOT));
    fixture->now_us = at(60) - 1;
    assert_accepted(book(fixture, PATIENT, SLOT));
}

static void lead_time_moves_the_last_moment(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_lead_time_us = 30 * MINUTE_US;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    fixture->now_us = at(30);
    assert_code(SLOT_IN_PAST, book(fixture, PATIENT, SLOT));
    fixture->now_us = at(30) - 1;
    assert_accepted(book(fixture, PATIENT, SLOT));
}

static void a_patient_is_never_in_two_places(void **state) {
    struct fixture *fixture = *state;

    static const struct {
        int64_t from;
        int64_t until;
        bool overlaps;
    } cases[] = {
        {30, 60, false},   /* touches the start */
        {120, 150, false}, /* touches the end */
        {30, 61, true},    /* into the start: partial, not containment */
        {119, 150, true},  /* over the end */
        {70, 80, true},    /* inside */
        {30, 150, true},   /* around */
        {60, 120, true},   /* the same */
    };
    struct slot *held = given_slot(fixture, SLOT, DOCTOR, 60, 120);
    (void)given_appointment(fixture, 1, held, PATIENT, STATE_BOOKED);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned slot = OTHER + i;
        given_slot(fixture, slot, DOCTOR_2, cases[i].from, cases[i].until);
        enum code code = book(fixture, PATIENT, slot);
        assert_string_equal(code_text(code), cases[i].overlaps ? "PATIENT_OVERLAP" : "");
    }
    given_slot(fixture, 0x600, NOBODY, 60, 120);
    assert_accepted(book(fixture, PATIENT_2, 0x600));
}

static void only_booked_appointments_overlap(void **state) {
    struct fixture *fixture = *state;
    struct slot *held = given_slot(fixture, SLOT, DOCTOR, 60, 120);
    struct appointment *appointment = given_appointment(fixture, 1, held, PATIENT, STATE_BOOKED);
    given_slot(fixture, OTHER, DOCTOR_2, 60, 120);

    static const enum state ended[] = {STATE_CANCELLED, STATE_FULFILLED, STATE_NOSHOW};

    for (size_t i = 0; i < sizeof ended / sizeof ended[0]; i++) {
        appointment->state = STATE_BOOKED;
        assert_code(PATIENT_OVERLAP, book(fixture, PATIENT, OTHER));
        appointment->state = ended[i];
        assert_accepted(book(fixture, PATIENT, OTHER));
        assert_accepted(cancel(
            fixture,
            PATIENT,
            OTHER,
            appointment_on(fixture, OTHER)->appointment_id,
            REASON_PATIENT));
    }
}

/* All faults at once, then one less each time. */
static void codes_of_booking_come_in_order(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 1;
    struct slot *held = given_slot(fixture, OTHER, DOCTOR_2, 30, 90);
    struct appointment *own = given_appointment(fixture, 1, held, PATIENT, STATE_BOOKED);
    own->starts_at_us = at(60); /* overlaps, and is to come although the slot began */
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, -30, 90);
    (void)given_appointment(fixture, 2, slot, PATIENT_2, STATE_BOOKED);
    slot->withdrawn = true;
    slot->purged = true;

    assert_code(SLOT_NOT_FOUND, book(fixture, PATIENT, SLOT));
    slot->purged = false;
    assert_code(SLOT_WITHDRAWN, book(fixture, PATIENT, SLOT));
    slot->withdrawn = false;
    assert_code(SLOT_TAKEN, book(fixture, PATIENT, SLOT));
    slot->active = NULL;
    assert_code(SLOT_IN_PAST, book(fixture, PATIENT, SLOT));
    slot->starts_at_us = at(30);
    assert_code(PATIENT_OVERLAP, book(fixture, PATIENT, SLOT));
    slot->ends_at_us = at(60);
    assert_code(BOOKING_LIMIT_REACHED, book(fixture, PATIENT, SLOT));
    assert_int_equal(changes(fixture), 0);
    fixture->limits.booking_limit = 2;
    assert_accepted(book(fixture, PATIENT, SLOT));
}

/* Seats. -------------------------------------------------------------------------------------- */

static struct appointment *given_seat(
    struct fixture *fixture, unsigned slot, int64_t from, int16_t seat) {
    struct slot *row = given_slot(fixture, slot, DOCTOR, from, from + 10);
    struct appointment *appointment =
        given_appointment(fixture, slot + 0x1000, row, PATIENT, STATE_BOOKED);
    appointment->seat = seat;
    return appointment;
}

static void appointments_to_come_are_limited(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 2;
    given_slot(fixture, SLOT, DOCTOR, 60, 70);
    given_slot(fixture, OTHER, DOCTOR, 70, 80);
    given_slot(fixture, THIRD, DOCTOR, 80, 90);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_accepted(book(fixture, PATIENT, OTHER));
    assert_code(BOOKING_LIMIT_REACHED, book(fixture, PATIENT, THIRD));
    assert_accepted(book(fixture, PATIENT_2, THIRD));
}

static void what_began_does_not_count(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 1;
    (void)given_seat(fixture, SLOT, 60, 1);
    given_slot(fixture, OTHER, DOCTOR, 80, 90);
    fixture->now_us = at(60) - 1;
    assert_code(BOOKING_LIMIT_REACHED, book(fixture, PATIENT, OTHER));
    fixture->now_us = at(60);
    assert_accepted(book(fixture, PATIENT, OTHER));
}

static void the_lowest_free_seat_is_taken(void **state) {
    struct fixture *fixture = *state;
    (void)given_seat(fixture, 0x510, 60, 1);
    (void)given_seat(fixture, 0x511, 70, 3);
    given_slot(fixture, SLOT, DOCTOR, 80, 90);
    given_slot(fixture, OTHER, DOCTOR, 90, 100);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_int_equal(appointment_on(fixture, SLOT)->seat, 2);
    assert_accepted(book(fixture, PATIENT, OTHER));
    assert_int_equal(appointment_on(fixture, OTHER)->seat, 4);
}

static void the_search_for_a_seat_begins_at_the_hint_and_goes_round(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 4;
    fixture->seat_hint = 0x80000000U; /* half-way: seat 3 */
    (void)given_seat(fixture, 0x510, 60, 4);
    given_slot(fixture, SLOT, DOCTOR, 80, 90);
    given_slot(fixture, OTHER, DOCTOR, 90, 100);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_int_equal(appointment_on(fixture, SLOT)->seat, 3);
    assert_accepted(book(fixture, PATIENT, OTHER));
    assert_int_equal(appointment_on(fixture, OTHER)->seat, 1);
    fixture->seat_hint = UINT32_MAX;
    given_slot(fixture, THIRD, DOCTOR, 100, 110);
    assert_accepted(book(fixture, PATIENT, THIRD));
    assert_int_equal(appointment_on(fixture, THIRD)->seat, 2);
}

static void a_cancelled_seat_is_free_again(void **state) {
    struct fixture *fixture = *state;
    const struct appointment *first = given_seat(fixture, 0x510, 60, 1);
    (void)given_seat(fixture, 0x511, 70, 2);
    given_slot(fixture, SLOT, DOCTOR, 80, 90);
    assert_accepted(cancel(fixture, PATIENT, 0x510, first->appointment_id, REASON_NONE));
    assert_int_equal(first->seat, 0);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_int_equal(appointment_on(fixture, SLOT)->seat, 1);
}

static void a_seat_of_the_past_is_taken_over_when_none_is_free(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 3;
    struct appointment *to_come = given_seat(fixture, 0x510, 60, 1);
    struct appointment *began = given_seat(fixture, 0x511, 0, 2);
    struct appointment *long_ago = given_seat(fixture, 0x512, -90, 3);
    given_slot(fixture, SLOT, DOCTOR, 80, 90);
    given_slot(fixture, OTHER, DOCTOR, 90, 100);

    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_accepted(book(fixture, PATIENT, OTHER));
    assert_int_equal(to_come->seat, 1);
    assert_int_equal(began->seat, 0);
    assert_int_equal(long_ago->seat, 0);
    assert_int_equal(
        appointment_on(fixture, SLOT)->seat + appointment_on(fixture, OTHER)->seat, 2 + 3);
    assert_int_equal(to_come->change, CHANGE_NONE);
    assert_int_equal(began->change, CHANGE_UPDATE);
    assert_int_equal(long_ago->change, CHANGE_UPDATE);
    assert_int_equal(fixture->world.changed_appointment_count, 4);
    assert_int_equal(began->state, STATE_BOOKED); /* only its seat is gone */
    assert_int_equal(fixture->decision.event_count, 1);
}

static void a_lowered_limit_looks_at_low_seats_only(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 2;
    struct appointment *first = given_seat(fixture, 0x512, -80, 1);
    struct appointment *second = given_seat(fixture, 0x513, -100, 2);
    struct appointment *high = given_seat(fixture, 0x510, 60, 20);
    struct appointment *high_past = given_seat(fixture, 0x511, -60, 19);
    struct appointment *none = given_seat(fixture, 0x514, -120, 0);
    given_slot(fixture, SLOT, DOCTOR, 80, 90);
    given_slot(fixture, OTHER, DOCTOR, 90, 100);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_in_range(appointment_on(fixture, SLOT)->seat, 1, 2);
    assert_int_equal(high->seat, 20);
    assert_int_equal(high_past->seat, 19);
    assert_int_equal(none->seat, 0);
    assert_int_equal(first->seat + second->seat, 3 - appointment_on(fixture, SLOT)->seat);
    assert_code(BOOKING_LIMIT_REACHED, book(fixture, PATIENT, OTHER));
}

static void without_a_limit_there_are_no_seats(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = 0;
    for (unsigned i = 0; i < 30; i++) {
        given_slot(fixture, SLOT + i, DOCTOR, 60 + 10 * (int64_t)i, 70 + 10 * (int64_t)i);
        assert_accepted(book(fixture, PATIENT, SLOT + i));
        assert_int_equal(appointment_on(fixture, SLOT + i)->seat, 0);
    }
}

static void the_largest_limit_works(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_limit = LIMITS_BOOKING_MAX;
    (void)given_seat(fixture, SLOT, 60, LIMITS_BOOKING_MAX);
    given_slot(fixture, OTHER, DOCTOR, 80, 90);
    assert_accepted(book(fixture, PATIENT, OTHER));
    assert_int_equal(appointment_on(fixture, OTHER)->seat, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_booking_is_a_row_an_event_and_a_result),
        DOMAIN_TEST(the_result_is_the_appointment),
        DOMAIN_TEST(a_booking_is_one_event_in_the_slots_chain),
        DOMAIN_TEST(an_unknown_or_purged_slot_is_not_found),
        DOMAIN_TEST(a_withdrawn_slot_is_not_booked),
        DOMAIN_TEST(whatever_is_not_cancelled_keeps_the_slot_taken),
        DOMAIN_TEST(ones_own_booking_is_taken_too),
        DOMAIN_TEST(a_slot_that_began_is_not_booked),
        DOMAIN_TEST(lead_time_moves_the_last_moment),
        DOMAIN_TEST(a_patient_is_never_in_two_places),
        DOMAIN_TEST(only_booked_appointments_overlap),
        DOMAIN_TEST(codes_of_booking_come_in_order),
        DOMAIN_TEST(appointments_to_come_are_limited),
        DOMAIN_TEST(what_began_does_not_count),
        DOMAIN_TEST(the_lowest_free_seat_is_taken),
        DOMAIN_TEST(the_search_for_a_seat_begins_at_the_hint_and_goes_round),
        DOMAIN_TEST(a_cancelled_seat_is_free_again),
        DOMAIN_TEST(a_seat_of_the_past_is_taken_over_when_none_is_free),
        DOMAIN_TEST(a_lowered_limit_looks_at_low_seats_only),
        DOMAIN_TEST(without_a_limit_there_are_no_seats),
        DOMAIN_TEST(the_largest_limit_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
