/* CompleteAppointment and MarkNoShow: who, when, and what stays. */
#include "domain_fixture.h"

enum { SLOT = 0x500 };

/* SLOT from 0 to 30 by DOCTOR, held by PATIENT. */
static struct appointment *given_booked(struct fixture *fixture) {
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 0, 30);
    struct appointment *appointment = given_appointment(fixture, 1, slot, PATIENT, STATE_BOOKED);
    appointment->seat = 1;
    return appointment;
}

typedef enum code finish(struct fixture *, unsigned caller, unsigned slot, struct uuid id);

static const struct {
    finish *finish;
    int64_t from_us; /* the first moment at which it is accepted */
    enum state state;
    enum code too_early;
} cases[] = {
    {complete, NOW_US, STATE_FULFILLED, CODE_COMPLETE_TOO_EARLY},
    {mark_no_show, NOW_US + 10 * MINUTE_US, STATE_NOSHOW, CODE_NOSHOW_TOO_EARLY},
};

enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

/* Undoes what the case before did. */
static void book_again(struct appointment *appointment) {
    appointment->state = STATE_BOOKED;
    appointment->seat = 1;
}

static void row_and_result_are_final(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        book_again(appointment);
        fixture->now_us = cases[i].from_us;
        assert_accepted(cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
        assert_int_equal(appointment->state, cases[i].state);
        assert_int_equal(appointment->seat, 0);
        assert_int_equal(appointment->cancel_reason, REASON_NONE);
        assert_int_equal(appointment->change, CHANGE_UPDATE);
        assert_int_equal(fixture->decision.result.as.appointment.state, cases[i].state);
        assert_uuid(id(1), fixture->decision.result.as.appointment.appointment_id);
    }
    assert_int_equal(fixture->world.changed_appointment_count, 1); /* listed once */
}

static void each_is_one_event(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        book_again(appointment);
        fixture->now_us = cases[i].from_us;
        assert_accepted(cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
        assert_int_equal(fixture->decision.event_count, 1);
        const struct audit_event *event = event_at(fixture, 0);
        assert_int_equal(event->entity, ENTITY_APPOINTMENT);
        assert_uuid(id(1), event->entity_id);
        assert_int_equal(event->old_state, STATE_BOOKED);
        assert_int_equal(event->new_state, cases[i].state);
        assert_int_equal(event->reason, REASON_NONE);
        assert_int_equal(event->occurred_at_us, cases[i].from_us);
    }
}

static void the_slot_stays_taken(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        book_again(appointment);
        fixture->now_us = cases[i].from_us;
        assert_accepted(cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
        assert_ptr_equal(the_slot(fixture, SLOT)->active, appointment);
        assert_code(SLOT_TAKEN, book(fixture, PATIENT_2, SLOT));
        assert_code(SLOT_HAS_APPOINTMENT, withdraw(fixture, DOCTOR, SLOT));
    }
}

static void neither_comes_too_early(void **state) {
    struct fixture *fixture = *state;
    (void)given_booked(fixture);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        fixture->now_us = cases[i].from_us - 1;
        enum code code = cases[i].finish(fixture, DOCTOR, SLOT, id(1));
        assert_string_equal(code_text(code), code_text(cases[i].too_early));
    }
    assert_int_equal(changes(fixture), 0);
}

static void both_may_come_long_after(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    fixture->now_us = NOW_US + 300 * DAY_US;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        book_again(appointment);
        assert_accepted(cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
    }
}

static void its_doctor_and_an_admin_may(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        fixture->now_us = cases[i].from_us;
        book_again(appointment);
        assert_accepted(cases[i].finish(fixture, ADMIN, SLOT, id(1)));
        book_again(appointment);
        assert_code(APPOINTMENT_NOT_FOUND, cases[i].finish(fixture, DOCTOR_2, SLOT, id(1)));
        assert_code(APPOINTMENT_NOT_FOUND, cases[i].finish(fixture, DOCTOR, SLOT, id(2)));
        assert_code(APPOINTMENT_NOT_FOUND, cases[i].finish(fixture, DOCTOR, SLOT + 1, id(1)));
    }
}

static void the_first_final_state_stays(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    fixture->now_us = NOW_US + HOUR_US;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        appointment->state = STATE_CANCELLED;
        assert_code(ALREADY_CANCELLED, cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
        appointment->state = STATE_FULFILLED;
        assert_code(ALREADY_FULFILLED, cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
        appointment->state = STATE_NOSHOW;
        assert_code(ALREADY_NOSHOW, cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
    }
    assert_int_equal(changes(fixture), 0);
}

static void already_comes_before_too_early(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    fixture->now_us = NOW_US - HOUR_US;
    appointment->state = STATE_CANCELLED;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        assert_code(APPOINTMENT_NOT_FOUND, cases[i].finish(fixture, DOCTOR_2, SLOT, id(1)));
        assert_code(ALREADY_CANCELLED, cases[i].finish(fixture, DOCTOR, SLOT, id(1)));
    }
}

/* Cancel, complete and no-show racing: one wins, the others learn the precise final state. */
static void one_of_three_wins(void **state) {
    struct fixture *fixture = *state;
    (void)given_booked(fixture);
    fixture->now_us = NOW_US + 10 * MINUTE_US;
    assert_accepted(mark_no_show(fixture, DOCTOR, SLOT, id(1)));
    assert_code(ALREADY_NOSHOW, complete(fixture, DOCTOR, SLOT, id(1)));
    assert_code(ALREADY_NOSHOW, cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));
    assert_code(ALREADY_NOSHOW, mark_no_show(fixture, ADMIN, SLOT, id(1)));
    assert_int_equal(fixture->world.event_count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(row_and_result_are_final),
        DOMAIN_TEST(each_is_one_event),
        DOMAIN_TEST(the_slot_stays_taken),
        DOMAIN_TEST(neither_comes_too_early),
        DOMAIN_TEST(both_may_come_long_after),
        DOMAIN_TEST(its_doctor_and_an_admin_may),
        DOMAIN_TEST(the_first_final_state_stays),
        DOMAIN_TEST(already_comes_before_too_early),
        DOMAIN_TEST(one_of_three_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
