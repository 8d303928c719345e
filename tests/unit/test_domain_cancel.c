/* CancelAppointment: who may, when, with which reason, and the order of the codes. */
#include "domain_fixture.h"

enum { SLOT = 0x500, OTHER = 0x501 };

/* SLOT from 60 to 90 by DOCTOR, held by PATIENT. */
static struct appointment *given_booked(struct fixture *fixture) {
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct appointment *appointment = given_appointment(fixture, 1, slot, PATIENT, STATE_BOOKED);
    appointment->seat = 1;
    return appointment;
}

static void cancelling_frees_slot_and_seat(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    assert_accepted(cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));
    assert_int_equal(appointment->state, STATE_CANCELLED);
    assert_int_equal(appointment->seat, 0);
    assert_int_equal(appointment->cancel_reason, REASON_PATIENT);
    assert_int_equal(appointment->change, CHANGE_UPDATE);
    assert_int_equal(fixture->world.changed_appointment_count, 1);
    assert_null(the_slot(fixture, SLOT)->active);
    assert_int_equal(the_slot(fixture, SLOT)->change, CHANGE_NONE);

    assert_int_equal(fixture->decision.result.type, RESULT_APPOINTMENT);
    const struct appointment_result *result = &fixture->decision.result.as.appointment;
    assert_uuid(id(1), result->appointment_id);
    assert_int_equal(result->state, STATE_CANCELLED);
    assert_false(result->has_rescheduled_to);
}

static void cancelling_is_one_event(void **state) {
    struct fixture *fixture = *state;
    (void)given_booked(fixture);
    assert_accepted(cancel(fixture, DOCTOR, SLOT, id(1), REASON_PROVIDER));
    assert_int_equal(fixture->decision.event_count, 1);
    const struct audit_event *event = event_at(fixture, 0);
    assert_int_equal(event->entity, ENTITY_APPOINTMENT);
    assert_uuid(id(1), event->entity_id);
    assert_uuid(id(SLOT), event->slot_id);
    assert_int_equal(event->sequence, 3);
    assert_true(event->has_old_state);
    assert_int_equal(event->old_state, STATE_BOOKED);
    assert_int_equal(event->new_state, STATE_CANCELLED);
    assert_int_equal(event->reason, REASON_PROVIDER);
    assert_uuid(id(DOCTOR), event->actor_id);
    assert_int_equal(event->actor_role, ROLE_DOCTOR);
    assert_false(event->has_related_id);
}

static void its_patient_its_doctor_and_an_admin_may(void **state) {
    struct fixture *fixture = *state;
    static const unsigned callers[] = {PATIENT, DOCTOR, ADMIN};
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    for (unsigned i = 0; i < sizeof callers / sizeof callers[0]; i++) {
        (void)given_appointment(fixture, 1 + i, slot, PATIENT, STATE_BOOKED);
        assert_accepted(cancel(fixture, callers[i], SLOT, id(1 + i), REASON_OTHER));
    }
}

static void somebody_elses_is_not_found(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);

    static const enum state states[] = {
        STATE_BOOKED, STATE_CANCELLED, STATE_FULFILLED, STATE_NOSHOW};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        appointment->state = states[i]; /* which nobody else learns */
        assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, PATIENT_2, SLOT, id(1), REASON_PATIENT));
        assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, DOCTOR_2, SLOT, id(1), REASON_PROVIDER));
    }
    assert_int_equal(changes(fixture), 0);
}

/* Two roles of one id cannot happen; what an id is compared with depends on the role alone. */
static void a_role_looks_at_its_own_part_only(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    appointment->patient_id = id(DOCTOR_2);
    appointment->doctor_id = id(PATIENT_2);
    assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, PATIENT_2, SLOT, id(1), REASON_PATIENT));
    assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, DOCTOR_2, SLOT, id(1), REASON_PROVIDER));
}

static void the_slot_named_must_be_its_slot(void **state) {
    struct fixture *fixture = *state;
    (void)given_booked(fixture);
    given_slot(fixture, OTHER, DOCTOR, 100, 130);
    assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, PATIENT, OTHER, id(1), REASON_PATIENT));
    assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, ADMIN, OTHER, id(1), REASON_ERROR));
    assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, ADMIN, 0x777, id(1), REASON_ERROR));
}

static void an_unknown_appointment_is_not_found(void **state) {
    struct fixture *fixture = *state;
    (void)given_booked(fixture);
    assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, ADMIN, SLOT, id(2), REASON_ERROR));
}

static void final_states_are_told_precisely(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);

    static const struct {
        enum state state;
        const char *code;
    } cases[] = {
        {STATE_CANCELLED, "ALREADY_CANCELLED"},
        {STATE_FULFILLED, "ALREADY_FULFILLED"},
        {STATE_NOSHOW, "ALREADY_NOSHOW"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        appointment->state = cases[i].state;
        enum code code = cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT);
        assert_string_equal(code_text(code), cases[i].code);
    }
    assert_int_equal(changes(fixture), 0);
}

static void a_second_cancel_has_no_second_effect(void **state) {
    struct fixture *fixture = *state;
    (void)given_booked(fixture);
    assert_accepted(cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));
    size_t before = changes(fixture);
    assert_code(ALREADY_CANCELLED, cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));
    assert_code(ALREADY_CANCELLED, cancel(fixture, DOCTOR, SLOT, id(1), REASON_PROVIDER));
    assert_int_equal(changes(fixture), before);
    assert_int_equal(fixture->decision.event_count, 0);
}

static void doctor_and_admin_give_a_reason(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    assert_code(REASON_REQUIRED, cancel(fixture, DOCTOR, SLOT, id(1), REASON_NONE));
    assert_code(REASON_REQUIRED, cancel(fixture, ADMIN, SLOT, id(1), REASON_NONE));
    assert_int_equal(appointment->state, STATE_BOOKED);
}

static void a_patients_null_reason_stays_null(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    assert_accepted(cancel(fixture, PATIENT, SLOT, id(1), REASON_NONE));
    assert_int_equal(appointment->cancel_reason, REASON_NONE);
    assert_int_equal(event_at(fixture, 0)->reason, REASON_NONE);
}

static void cancelling_ends_when_the_slot_starts(void **state) {
    struct fixture *fixture = *state;
    (void)given_booked(fixture);
    fixture->now_us = at(60);
    assert_code(CANCEL_TOO_LATE, cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));
    assert_code(CANCEL_TOO_LATE, cancel(fixture, DOCTOR, SLOT, id(1), REASON_PROVIDER));
    assert_code(CANCEL_TOO_LATE, cancel(fixture, ADMIN, SLOT, id(1), REASON_ERROR));
    fixture->now_us = at(60) - 1;
    assert_accepted(cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));
}

static void the_cutoff_is_for_patients(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.cancel_cutoff_us = 30 * MINUTE_US;
    struct appointment *appointment = given_booked(fixture);
    fixture->now_us = at(30);
    assert_code(CANCEL_TOO_LATE, cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));
    fixture->now_us = at(30) - 1;
    assert_accepted(cancel(fixture, PATIENT, SLOT, id(1), REASON_PATIENT));

    appointment->state = STATE_BOOKED;
    the_slot(fixture, SLOT)->active = appointment;
    fixture->now_us = at(60) - 1;
    assert_accepted(cancel(fixture, DOCTOR, SLOT, id(1), REASON_PROVIDER));
}

/* All faults at once, then one less each time. */
static void codes_of_cancelling_come_in_order(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_booked(fixture);
    fixture->now_us = at(70);
    appointment->state = STATE_FULFILLED;
    assert_code(APPOINTMENT_NOT_FOUND, cancel(fixture, DOCTOR_2, SLOT, id(1), REASON_NONE));
    assert_code(ALREADY_FULFILLED, cancel(fixture, DOCTOR, SLOT, id(1), REASON_NONE));
    appointment->state = STATE_BOOKED;
    assert_code(REASON_REQUIRED, cancel(fixture, DOCTOR, SLOT, id(1), REASON_NONE));
    assert_code(CANCEL_TOO_LATE, cancel(fixture, DOCTOR, SLOT, id(1), REASON_ERROR));
    assert_int_equal(changes(fixture), 0);
    fixture->now_us = at(0);
    assert_accepted(cancel(fixture, DOCTOR, SLOT, id(1), REASON_ERROR));
}

static void only_the_patient_may_be_missing_from_the_batch(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    (void)given_appointment(fixture, 1, slot, NOBODY, STATE_BOOKED);
    assert_accepted(cancel(fixture, DOCTOR, SLOT, id(1), REASON_PROVIDER));
    assert_null(slot->active);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(cancelling_frees_slot_and_seat),
        DOMAIN_TEST(cancelling_is_one_event),
        DOMAIN_TEST(its_patient_its_doctor_and_an_admin_may),
        DOMAIN_TEST(somebody_elses_is_not_found),
        DOMAIN_TEST(a_role_looks_at_its_own_part_only),
        DOMAIN_TEST(the_slot_named_must_be_its_slot),
        DOMAIN_TEST(an_unknown_appointment_is_not_found),
        DOMAIN_TEST(final_states_are_told_precisely),
        DOMAIN_TEST(a_second_cancel_has_no_second_effect),
        DOMAIN_TEST(doctor_and_admin_give_a_reason),
        DOMAIN_TEST(a_patients_null_reason_stays_null),
        DOMAIN_TEST(cancelling_ends_when_the_slot_starts),
        DOMAIN_TEST(the_cutoff_is_for_patients),
        DOMAIN_TEST(codes_of_cancelling_come_in_order),
        DOMAIN_TEST(only_the_patient_may_be_missing_from_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
