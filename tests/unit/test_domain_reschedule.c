/* RescheduleAppointment: both halves or neither, the lineage, the two chains, the order of codes.
 */
#include "domain_fixture.h"

enum { OLD = 0x500, NEW = 0x501, THIRD = 0x502 };

/* OLD from 60 to 90 by DOCTOR, held by PATIENT in seat 1; NEW from 100 to 130 by DOCTOR_2. */
static struct appointment *given_both(struct fixture *fixture) {
    struct slot *slot = given_slot(fixture, OLD, DOCTOR, 60, 90);
    given_slot(fixture, NEW, DOCTOR_2, 100, 130);
    struct appointment *appointment = given_appointment(fixture, 1, slot, PATIENT, STATE_BOOKED);
    appointment->seat = 1;
    return appointment;
}

static void one_appointment_goes_and_another_comes(void **state) {
    struct fixture *fixture = *state;
    struct appointment *given_up = given_both(fixture);
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));

    assert_int_equal(given_up->state, STATE_CANCELLED);
    assert_int_equal(given_up->cancel_reason, REASON_RESCHEDULED);
    assert_int_equal(given_up->seat, 0);
    assert_int_equal(given_up->change, CHANGE_UPDATE);
    assert_null(the_slot(fixture, OLD)->active);

    const struct appointment *booked = appointment_on(fixture, NEW);
    assert_int_equal(booked->change, CHANGE_INSERT);
    assert_int_equal(booked->state, STATE_BOOKED);
    assert_int_equal(booked->seat, 1); /* the one given up */
    assert_uuid(id(DOCTOR_2), booked->doctor_id);
    assert_uuid(id(PATIENT), booked->patient_id);
    assert_true(booked->has_rescheduled_from);
    assert_uuid(id(1), booked->rescheduled_from);
    assert_int_equal(fixture->world.changed_appointment_count, 2);
}

static void the_result_is_the_new_appointment(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
    const struct appointment_result *result = &fixture->decision.result.as.appointment;
    assert_int_equal(fixture->decision.result.type, RESULT_APPOINTMENT);
    assert_uuid(appointment_id_of(fixture->decision.outcome_id), result->appointment_id);
    assert_uuid(id(NEW), result->slot_id);
    assert_int_equal(result->state, STATE_BOOKED);
    assert_true(result->has_rescheduled_from);
    assert_uuid(id(1), result->rescheduled_from);
    assert_false(result->has_rescheduled_to);
}

static void each_half_is_an_event_in_its_own_chain(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
    struct uuid new_id = appointment_id_of(fixture->decision.outcome_id);
    assert_int_equal(fixture->decision.event_count, 2);

    const struct audit_event *first = event_at(fixture, 0);
    assert_uuid(event_id_of(fixture->decision.outcome_id, 0), first->event_id);
    assert_uuid(id(OLD), first->slot_id);
    assert_uuid(id(1), first->entity_id);
    assert_true(first->has_old_state);
    assert_int_equal(first->new_state, STATE_CANCELLED);
    assert_int_equal(first->reason, REASON_RESCHEDULED);
    assert_true(first->has_related_id);
    assert_uuid(new_id, first->related_id);
    assert_int_equal(first->sequence, 3);
    assert_true(digest_equal(&first->hash, &the_slot(fixture, OLD)->chain.head));

    const struct audit_event *second = event_at(fixture, 1);
    assert_uuid(event_id_of(fixture->decision.outcome_id, 1), second->event_id);
    assert_uuid(id(NEW), second->slot_id);
    assert_uuid(new_id, second->entity_id);
    assert_false(second->has_old_state);
    assert_int_equal(second->new_state, STATE_BOOKED);
    assert_int_equal(second->reason, REASON_RESCHEDULED);
    assert_true(second->has_related_id);
    assert_uuid(id(1), second->related_id);
    assert_int_equal(second->sequence, 2);
    assert_true(digest_equal(&second->hash, &the_slot(fixture, NEW)->chain.head));
}

static void only_its_patient_may(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    assert_code(APPOINTMENT_NOT_FOUND, reschedule(fixture, PATIENT_2, OLD, id(1), NEW));
    assert_code(APPOINTMENT_NOT_FOUND, reschedule(fixture, PATIENT, NEW, id(1), NEW));
    assert_code(APPOINTMENT_NOT_FOUND, reschedule(fixture, PATIENT, OLD, id(2), NEW));
    assert_int_equal(
        command_definition_find(view_text("RescheduleAppointment"))->roles, ROLE_BIT(ROLE_PATIENT));
}

static void final_appointments_stay(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_both(fixture);
    appointment->state = STATE_CANCELLED;
    assert_code(ALREADY_CANCELLED, reschedule(fixture, PATIENT, OLD, id(1), NEW));
    appointment->state = STATE_FULFILLED;
    assert_code(ALREADY_FULFILLED, reschedule(fixture, PATIENT, OLD, id(1), NEW));
    appointment->state = STATE_NOSHOW;
    assert_code(ALREADY_NOSHOW, reschedule(fixture, PATIENT, OLD, id(1), NEW));
    assert_int_equal(changes(fixture), 0);
}

static void the_same_reschedule_twice_happens_once(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
    size_t before = changes(fixture);
    assert_code(ALREADY_CANCELLED, reschedule(fixture, PATIENT, OLD, id(1), NEW));
    assert_int_equal(changes(fixture), before);
}

static void the_cutoff_of_cancelling_holds(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    fixture->limits.cancel_cutoff_us = 30 * MINUTE_US;
    fixture->now_us = at(30);
    assert_code(CANCEL_TOO_LATE, reschedule(fixture, PATIENT, OLD, id(1), NEW));
    fixture->now_us = at(30) - 1;
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
}

/* Whatever the second half is refused for, the first appointment is untouched. */
static void assert_refused_untouched(struct fixture *fixture, const char *code) {
    const struct appointment *appointment = world_appointment(&fixture->world, id(1));
    enum code decided = reschedule(fixture, PATIENT, OLD, id(1), NEW);
    assert_string_equal(code_text(decided), code);
    assert_int_equal(appointment->state, STATE_BOOKED);
    assert_int_equal(appointment->seat, 1);
    assert_int_equal(appointment->change, CHANGE_NONE);
    assert_ptr_equal(the_slot(fixture, OLD)->active, appointment);
    assert_int_equal(changes(fixture), 0);
    assert_int_equal(fixture->decision.result.type, RESULT_NONE);
}

/* All faults of booking at once, then one less each time. */
static void a_refused_second_half_leaves_the_first(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    fixture->limits.booking_limit = 1;
    struct slot *new_slot = the_slot(fixture, NEW);
    struct slot *busy = given_slot(fixture, THIRD, NOBODY, 120, 150);
    struct appointment *other = given_appointment(fixture, 3, busy, PATIENT, STATE_BOOKED);
    new_slot->starts_at_us = at(-10);
    new_slot->active = other;
    new_slot->withdrawn = true;
    new_slot->purged = true;

    assert_refused_untouched(fixture, "SLOT_NOT_FOUND");
    new_slot->purged = false;
    assert_refused_untouched(fixture, "SLOT_WITHDRAWN");
    new_slot->withdrawn = false;
    assert_refused_untouched(fixture, "SLOT_TAKEN");
    new_slot->active = NULL;
    assert_refused_untouched(fixture, "SLOT_IN_PAST");
    new_slot->starts_at_us = at(100);
    assert_refused_untouched(fixture, "PATIENT_OVERLAP");
    new_slot->ends_at_us = at(120);
    assert_refused_untouched(fixture, "BOOKING_LIMIT_REACHED");
    fixture->limits.booking_limit = 2;
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
}

static void codes_of_cancelling_come_before_those_of_booking(void **state) {
    struct fixture *fixture = *state;
    struct appointment *appointment = given_both(fixture);
    the_slot(fixture, NEW)->withdrawn = true;
    fixture->now_us = at(70);
    assert_code(CANCEL_TOO_LATE, reschedule(fixture, PATIENT, OLD, id(1), NEW));
    appointment->state = STATE_NOSHOW;
    assert_code(ALREADY_NOSHOW, reschedule(fixture, PATIENT, OLD, id(1), NEW));
    assert_code(APPOINTMENT_NOT_FOUND, reschedule(fixture, PATIENT, OLD, id(9), NEW));
}

static void its_own_slot_is_taken(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    assert_code(SLOT_TAKEN, reschedule(fixture, PATIENT, OLD, id(1), OLD));
    assert_int_equal(changes(fixture), 0);
}

static void the_one_given_up_does_not_overlap(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    given_slot(fixture, THIRD, DOCTOR_2, 75, 95);
    assert_code(PATIENT_OVERLAP, book(fixture, PATIENT, THIRD));
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), THIRD));
}

static void the_one_given_up_does_not_count(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    fixture->limits.booking_limit = 1;
    assert_code(BOOKING_LIMIT_REACHED, book(fixture, PATIENT, NEW));
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
    assert_int_equal(appointment_on(fixture, NEW)->seat, 1);
}

static void a_chain_of_reschedules_keeps_its_lineage(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    given_slot(fixture, THIRD, DOCTOR, 200, 230);
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
    struct appointment *second = appointment_on(fixture, NEW);
    assert_accepted(reschedule(fixture, PATIENT, NEW, second->appointment_id, THIRD));
    struct appointment *third = appointment_on(fixture, THIRD);
    assert_uuid(second->appointment_id, third->rescheduled_from);
    assert_uuid(id(1), second->rescheduled_from);
    assert_int_equal(second->state, STATE_CANCELLED);
    assert_int_equal(second->change, CHANGE_INSERT); /* made and given up in one batch */
    assert_int_equal(fixture->world.changed_appointment_count, 3);

    assert_accepted(reschedule(fixture, PATIENT, THIRD, third->appointment_id, OLD));
    assert_uuid(third->appointment_id, appointment_on(fixture, OLD)->rescheduled_from);
}

/* The result of a later command still names where the appointment came from. */
static void lineage_stays_in_later_results(void **state) {
    struct fixture *fixture = *state;
    (void)given_both(fixture);
    assert_accepted(reschedule(fixture, PATIENT, OLD, id(1), NEW));
    struct uuid new_id = appointment_on(fixture, NEW)->appointment_id;
    assert_accepted(cancel(fixture, PATIENT, NEW, new_id, REASON_PATIENT));
    assert_true(fixture->decision.result.as.appointment.has_rescheduled_from);
    assert_uuid(id(1), fixture->decision.result.as.appointment.rescheduled_from);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(one_appointment_goes_and_another_comes),
        DOMAIN_TEST(the_result_is_the_new_appointment),
        DOMAIN_TEST(each_half_is_an_event_in_its_own_chain),
        DOMAIN_TEST(only_its_patient_may),
        DOMAIN_TEST(final_appointments_stay),
        DOMAIN_TEST(the_same_reschedule_twice_happens_once),
        DOMAIN_TEST(the_cutoff_of_cancelling_holds),
        DOMAIN_TEST(a_refused_second_half_leaves_the_first),
        DOMAIN_TEST(codes_of_cancelling_come_before_those_of_booking),
        DOMAIN_TEST(its_own_slot_is_taken),
        DOMAIN_TEST(the_one_given_up_does_not_overlap),
        DOMAIN_TEST(the_one_given_up_does_not_count),
        DOMAIN_TEST(a_chain_of_reschedules_keeps_its_lineage),
        DOMAIN_TEST(lineage_stays_in_later_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
