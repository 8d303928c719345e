/* PublishSlot and WithdrawSlot: each rule, its boundary, and the order of the codes. */
#include "domain_fixture.h"

enum { SLOT = 0x500, OTHER = 0x501 };

/* PublishSlot. -------------------------------------------------------------------------------- */

static void a_published_slot_is_a_row_an_event_and_a_result(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));

    assert_int_equal(fixture->world.changed_slot_count, 1);
    const struct slot *slot = fixture->world.changed_slots[0];
    assert_ptr_equal(slot, the_slot(fixture, SLOT));
    assert_int_equal(slot->change, CHANGE_INSERT);
    assert_uuid(id(SLOT), slot->slot_id);
    assert_uuid(id(DOCTOR), slot->doctor_id);
    assert_int_equal(slot->starts_at_us, at(60));
    assert_int_equal(slot->ends_at_us, at(90));
    assert_false(slot->withdrawn);
    assert_null(slot->active);

    const struct slot_result *result = &fixture->decision.result.as.slot;
    assert_int_equal(fixture->decision.result.type, RESULT_SLOT);
    assert_uuid(id(SLOT), result->slot_id);
    assert_uuid(id(DOCTOR), result->doctor_id);
    assert_int_equal(result->starts_at_us, at(60));
    assert_int_equal(result->ends_at_us, at(90));
    assert_int_equal(result->state, STATE_OPEN);
}

static void publishing_begins_a_chain(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
    assert_int_equal(fixture->decision.event_count, 1);
    const struct audit_event *event = event_at(fixture, 0);
    assert_uuid(event_id_of(fixture->decision.outcome_id, 0), event->event_id);
    assert_int_equal(event->entity, ENTITY_SLOT);
    assert_uuid(id(SLOT), event->entity_id);
    assert_true(event->has_slot_id);
    assert_uuid(id(SLOT), event->slot_id);
    assert_int_equal(event->sequence, 1);
    assert_false(event->has_old_state);
    assert_int_equal(event->new_state, STATE_OPEN);
    assert_uuid(id(DOCTOR), event->actor_id);
    assert_int_equal(event->actor_role, ROLE_DOCTOR);
    assert_uuid(fixture->command.command_id, event->command_id);
    assert_int_equal(event->reason, REASON_NONE);
    assert_false(event->has_related_id);
    assert_null(event->detail);
    assert_int_equal(event->occurred_at_us, NOW_US);
    assert_true(digest_equal(&event->previous_hash, &(struct digest){{0}}));
    assert_true(digest_equal(&event->hash, &the_slot(fixture, SLOT)->chain.head));
}

static void a_slot_id_is_used_once(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR_2, 500, 530);
    assert_code(SLOT_EXISTS, publish(fixture, DOCTOR, SLOT, 60, 90));
    given_slot(fixture, OTHER, DOCTOR, 600, 630)->withdrawn = true;
    assert_code(SLOT_EXISTS, publish(fixture, DOCTOR, OTHER, 60, 90));
    assert_int_equal(changes(fixture), 0);
}

static void a_purged_slot_id_stays_used(void **state) {
    struct fixture *fixture = *state;
    bool is_new = false;
    world_put_slot(&fixture->world, id(SLOT), &is_new)->purged = true;
    assert_code(SLOT_EXISTS, publish(fixture, DOCTOR, SLOT, 60, 90));
}

static void a_slot_ends_after_it_starts(void **state) {
    struct fixture *fixture = *state;
    assert_code(SLOT_INVALID_RANGE, publish(fixture, DOCTOR, SLOT, 60, 60));
    assert_code(SLOT_INVALID_RANGE, publish(fixture, DOCTOR, SLOT, 90, 60));
    fixture->limits.slot_duration_min_us = 0;
    assert_code(SLOT_INVALID_RANGE, publish(fixture, DOCTOR, SLOT, 60, 60));
}

static void length_is_bounded_and_both_bounds_are_taken(void **state) {
    struct fixture *fixture = *state;
    assert_code(SLOT_INVALID_RANGE, publish(fixture, DOCTOR, SLOT, 60, 64));
    assert_code(SLOT_INVALID_RANGE, publish(fixture, DOCTOR, SLOT, 60, 60 + 721));
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 65));
    assert_accepted(publish(fixture, DOCTOR, OTHER, 100, 100 + 720));
}

static void a_slot_starts_after_now(void **state) {
    struct fixture *fixture = *state;
    assert_code(SLOT_IN_PAST, publish(fixture, DOCTOR, SLOT, -1, 30));
    assert_code(SLOT_IN_PAST, publish(fixture, DOCTOR, SLOT, 0, 30));
    fixture->now_us = at(0) - 1;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 0, 30));
}

static void lead_time_is_for_bookings_only(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_lead_time_us = HOUR_US;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 1, 30));
}

static void a_slot_starts_within_the_horizon(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.slot_horizon_us = HOUR_US;
    assert_code(SLOT_TOO_FAR, publish(fixture, DOCTOR, SLOT, 61, 90));
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
}

static void slots_to_come_are_limited(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.slot_open_max = 2;
    world_account(&fixture->world, id(DOCTOR))->slots_to_come = 1;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
    assert_code(SLOT_LIMIT_REACHED, publish(fixture, DOCTOR, OTHER, 100, 130));
    assert_accepted(publish(fixture, DOCTOR_2, OTHER, 100, 130));
}

static void withdrawing_makes_room_for_another_slot(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.slot_open_max = 1;
    assert_accepted(publish(fixture, DOCTOR, SLOT, 60, 90));
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
    assert_accepted(publish(fixture, DOCTOR, OTHER, 60, 90));
    assert_int_equal(world_account(&fixture->world, id(DOCTOR))->slots_to_come, 1);
}

static void a_doctors_slots_never_overlap(void **state) {
    struct fixture *fixture = *state;

    static const struct {
        int64_t from;
        int64_t until;
        bool overlaps;
    } cases[] = {
        {30, 60, false},   /* touches the start */
        {120, 150, false}, /* touches the end */
        {30, 61, true},    /* into the start */
        {119, 150, true},  /* over the end */
        {70, 80, true},    /* inside */
        {30, 150, true},   /* around */
        {60, 120, true},   /* the same */
    };

    given_slot(fixture, SLOT, DOCTOR, 60, 120);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned slot = OTHER + i;
        enum code code = publish(fixture, DOCTOR, slot, cases[i].from, cases[i].until);
        assert_string_equal(code_text(code), cases[i].overlaps ? "SLOT_OVERLAP" : "");
    }
    assert_accepted(publish(fixture, DOCTOR_2, 0x600, 60, 120));
}

static void withdrawn_slots_leave_the_calendar(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 120);
    assert_code(SLOT_OVERLAP, publish(fixture, DOCTOR, OTHER, 90, 150));
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
    assert_accepted(publish(fixture, DOCTOR, OTHER, 90, 150));
}

/* All faults at once, then one less each time: each code is the first of those left. */
static void codes_of_publishing_come_in_order(void **state) {
    struct fixture *fixture = *state;
    struct account *doctor = world_account(&fixture->world, id(DOCTOR));
    given_slot(fixture, SLOT, DOCTOR, -10000, 1000000);
    fixture->limits.slot_open_max = 0;
    fixture->limits.slot_horizon_us = -DAY_US; /* so that a slot in the past is too far as well */

    assert_code(SLOT_EXISTS, publish(fixture, DOCTOR, SLOT, -30, -60));
    assert_code(SLOT_INVALID_RANGE, publish(fixture, DOCTOR, OTHER, -30, -60));
    assert_code(SLOT_IN_PAST, publish(fixture, DOCTOR, OTHER, -60, -30));
    assert_code(SLOT_TOO_FAR, publish(fixture, DOCTOR, OTHER, 30, 60));
    fixture->limits.slot_horizon_us = DAY_US;
    assert_code(SLOT_LIMIT_REACHED, publish(fixture, DOCTOR, OTHER, 30, 60));
    fixture->limits.slot_open_max = 1;
    assert_code(SLOT_OVERLAP, publish(fixture, DOCTOR, OTHER, 30, 60));
    assert_int_equal(changes(fixture), 0);
    assert_int_equal(doctor->slots_to_come, 0);
    doctor->calendar = NULL;
    assert_accepted(publish(fixture, DOCTOR, OTHER, 30, 60));
    assert_int_equal(doctor->slots_to_come, 1);
}

/* Across midnight, a year's end and the hour that clocks in Europe skip: instants do not care. */
static void calendars_and_clocks_do_not_matter(void **state) {
    struct fixture *fixture = *state;
    static const char *const ranges[][2] = {
        {"2030-01-15T23:45:00Z", "2030-01-16T00:15:00Z"},
        {"2030-12-31T23:45:00Z", "2031-01-01T00:15:00Z"},
        {"2030-03-31T01:45:00+01:00", "2030-03-31T03:15:00+02:00"},
        {"2030-10-27T02:45:00+02:00", "2030-10-27T02:15:00+01:00"},
    };
    for (unsigned i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        int64_t from_us = 0;
        int64_t until_us = 0;
        assert_true(time_parse(view_text(ranges[i][0]), &from_us));
        assert_true(time_parse(view_text(ranges[i][1]), &until_us));
        assert_int_equal(until_us - from_us, 30 * MINUTE_US);
        begin_command(fixture, DOCTOR, "PublishSlot");
        set_uuid(fixture, "slot_id", id(SLOT + i));
        set_time(fixture, "starts_at", from_us);
        set_time(fixture, "ends_at", until_us);
        assert_accepted(decide_command(fixture));
    }
}

/* WithdrawSlot. ------------------------------------------------------------------------------- */

static void a_withdrawn_slot_is_an_update_an_event_and_a_result(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct digest head = slot->chain.head;
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));

    assert_true(slot->withdrawn);
    assert_int_equal(slot->withdrawal_reason, REASON_NONE);
    assert_int_equal(slot->change, CHANGE_UPDATE);
    assert_int_equal(fixture->world.changed_slot_count, 1);
    assert_ptr_equal(fixture->world.changed_slots[0], slot);
    assert_int_equal(fixture->decision.result.as.slot.state, STATE_WITHDRAWN);
    assert_int_equal(fixture->decision.event_count, 1);

    const struct audit_event *event = event_at(fixture, 0);
    assert_int_equal(event->entity, ENTITY_SLOT);
    assert_uuid(id(SLOT), event->entity_id);
    assert_true(event->has_old_state);
    assert_int_equal(event->old_state, STATE_OPEN);
    assert_int_equal(event->new_state, STATE_WITHDRAWN);
    assert_int_equal(event->reason, REASON_NONE);
    assert_int_equal(event->sequence, 2);
    assert_true(digest_equal(&event->previous_hash, &head));
}

static void an_unknown_slot_is_not_found(void **state) {
    struct fixture *fixture = *state;
    assert_code(SLOT_NOT_FOUND, withdraw(fixture, DOCTOR, SLOT));
    bool is_new = false;
    world_put_slot(&fixture->world, id(SLOT), &is_new)->purged = true;
    assert_null(world_slot(&fixture->world, id(SLOT)));
    assert_code(SLOT_NOT_FOUND, withdraw(fixture, DOCTOR, SLOT));
}

static void another_doctors_slot_is_not_found(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_code(SLOT_NOT_FOUND, withdraw(fixture, DOCTOR_2, SLOT));
    slot->withdrawn = true; /* nor is anything told of it */
    assert_code(SLOT_NOT_FOUND, withdraw(fixture, DOCTOR_2, SLOT));
}

static void a_slot_is_withdrawn_once(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
    size_t before = changes(fixture);
    assert_code(SLOT_WITHDRAWN, withdraw(fixture, DOCTOR, SLOT));
    assert_int_equal(changes(fixture), before);
}

static void a_slot_with_an_appointment_stays(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    struct appointment *appointment = given_appointment(fixture, 1, slot, PATIENT, STATE_BOOKED);

    static const enum state taken[] = {STATE_BOOKED, STATE_FULFILLED, STATE_NOSHOW};

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        appointment->state = taken[i];
        assert_code(SLOT_HAS_APPOINTMENT, withdraw(fixture, DOCTOR, SLOT));
    }
}

static void a_slot_that_was_cancelled_may_be_withdrawn(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR, 60, 90);
    (void)given_appointment(fixture, 1, slot, PATIENT, STATE_CANCELLED);
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
}

static void only_a_slot_in_the_future_is_withdrawn(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    fixture->now_us = at(60);
    assert_code(SLOT_IN_PAST, withdraw(fixture, DOCTOR, SLOT));
    fixture->now_us = at(60) - 1;
    assert_accepted(withdraw(fixture, DOCTOR, SLOT));
}

static void codes_of_withdrawing_come_in_order(void **state) {
    struct fixture *fixture = *state;
    struct slot *slot = given_slot(fixture, SLOT, DOCTOR_2, -60, -30);
    struct appointment *appointment = given_appointment(fixture, 1, slot, PATIENT, STATE_BOOKED);
    slot->withdrawn = true;
    assert_code(SLOT_NOT_FOUND, withdraw(fixture, DOCTOR, SLOT));
    slot->doctor_id = id(DOCTOR);
    assert_code(SLOT_WITHDRAWN, withdraw(fixture, DOCTOR, SLOT));
    slot->withdrawn = false;
    assert_code(SLOT_HAS_APPOINTMENT, withdraw(fixture, DOCTOR, SLOT));
    appointment->state = STATE_CANCELLED;
    slot->active = NULL;
    assert_code(SLOT_IN_PAST, withdraw(fixture, DOCTOR, SLOT));
    assert_int_equal(changes(fixture), 0);
}

/* The effects alone, for commands that withdraw on other terms than WithdrawSlot's. -------------
 */

static void slots_to_come_counts_only_what_is_to_come(void **state) {
    struct fixture *fixture = *state;
    struct account *doctor = world_account(&fixture->world, id(DOCTOR));
    begin_command(fixture, DOCTOR, "WithdrawSlot");
    fixture->decision.caller = doctor;
    doctor->slots_to_come = 5;
    decision_withdraw_slot(
        &fixture->decision, given_slot(fixture, SLOT, DOCTOR, 0, 30), REASON_DOCTOR_DEACTIVATED);
    assert_int_equal(doctor->slots_to_come, 5);
    assert_int_equal(event_at(fixture, 0)->reason, REASON_DOCTOR_DEACTIVATED);
    assert_int_equal(the_slot(fixture, SLOT)->withdrawal_reason, REASON_DOCTOR_DEACTIVATED);
    decision_withdraw_slot(
        &fixture->decision, given_slot(fixture, OTHER, DOCTOR, 1, 30), REASON_NONE);
    assert_int_equal(doctor->slots_to_come, 4);
}

static void publishing_in_the_past_adds_nothing_to_come(void **state) {
    struct fixture *fixture = *state;
    struct account *doctor = world_account(&fixture->world, id(DOCTOR));
    begin_command(fixture, DOCTOR, "PublishSlot");
    fixture->decision.caller = doctor;
    (void)decision_publish_slot(&fixture->decision, id(SLOT), at(0), at(30));
    assert_int_equal(doctor->slots_to_come, 0);
}

static void a_slot_of_a_doctor_who_is_not_loaded_may_be_withdrawn(void **state) {
    struct fixture *fixture = *state;
    begin_command(fixture, DOCTOR, "WithdrawSlot");
    struct slot *slot = given_slot(fixture, SLOT, NOBODY, 60, 90);
    decision_withdraw_slot(&fixture->decision, slot, REASON_NONE);
    assert_true(slot->withdrawn);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(a_published_slot_is_a_row_an_event_and_a_result),
        DOMAIN_TEST(publishing_begins_a_chain),
        DOMAIN_TEST(a_slot_id_is_used_once),
        DOMAIN_TEST(a_purged_slot_id_stays_used),
        DOMAIN_TEST(a_slot_ends_after_it_starts),
        DOMAIN_TEST(length_is_bounded_and_both_bounds_are_taken),
        DOMAIN_TEST(a_slot_starts_after_now),
        DOMAIN_TEST(lead_time_is_for_bookings_only),
        DOMAIN_TEST(a_slot_starts_within_the_horizon),
        DOMAIN_TEST(slots_to_come_are_limited),
        DOMAIN_TEST(withdrawing_makes_room_for_another_slot),
        DOMAIN_TEST(a_doctors_slots_never_overlap),
        DOMAIN_TEST(withdrawn_slots_leave_the_calendar),
        DOMAIN_TEST(codes_of_publishing_come_in_order),
        DOMAIN_TEST(calendars_and_clocks_do_not_matter),
        DOMAIN_TEST(a_withdrawn_slot_is_an_update_an_event_and_a_result),
        DOMAIN_TEST(an_unknown_slot_is_not_found),
        DOMAIN_TEST(another_doctors_slot_is_not_found),
        DOMAIN_TEST(a_slot_is_withdrawn_once),
        DOMAIN_TEST(a_slot_with_an_appointment_stays),
        DOMAIN_TEST(a_slot_that_was_cancelled_may_be_withdrawn),
        DOMAIN_TEST(only_a_slot_in_the_future_is_withdrawn),
        DOMAIN_TEST(codes_of_withdrawing_come_in_order),
        DOMAIN_TEST(slots_to_come_counts_only_what_is_to_come),
        DOMAIN_TEST(publishing_in_the_past_adds_nothing_to_come),
        DOMAIN_TEST(a_slot_of_a_doctor_who_is_not_loaded_may_be_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
