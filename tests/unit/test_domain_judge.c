/* The order of checks from step 5 on: each step, its boundary, and which comes first. */
#include "domain_fixture.h"

enum { SLOT = 0x500, OTHER = 0x501 };

static struct account *account(struct fixture *fixture, unsigned number) {
    return world_account(&fixture->world, id(number));
}

static void begin_book(struct fixture *fixture) {
    begin_command(fixture, PATIENT, "BookSlot");
    set_uuid(fixture, "slot_id", id(SLOT));
}

static struct digest hash_of_last(struct fixture *fixture) {
    struct digest hash;
    command_content_hash(&fixture->command, &hash);
    return hash;
}

/* Step 5. ------------------------------------------------------------------------------------- */

static void an_unknown_account_is_unauthenticated(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_code(UNAUTHENTICATED, book(fixture, NOBODY, SLOT));
    assert_null(fixture->decision.caller);
    assert_null(fixture->decision.remembered);
    assert_int_equal(changes(fixture), 0);
}

static void an_account_of_another_role_is_unauthenticated(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    account(fixture, PATIENT)->role = ROLE_DOCTOR;
    begin_book(fixture);
    fixture->decision.caller_role = ROLE_PATIENT; /* as the token says */
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_null(fixture->decision.caller);
}

/* Step 6. ------------------------------------------------------------------------------------- */

static void a_decision_is_remembered(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    assert_accepted(decide_command(fixture));
    struct recall *remembered = fixture->decision.remembered;
    assert_non_null(remembered);
    struct digest hash = hash_of_last(fixture);
    assert_true(digest_equal(&remembered->content_hash, &hash));
    assert_ptr_equal(
        world_recall(&fixture->world, id(PATIENT), fixture->command.command_id), remembered);
    assert_int_equal(fixture->world.new_recall_count, 1);
}

static void a_refusal_of_step_10_is_remembered_too(void **state) {
    struct fixture *fixture = *state;
    begin_book(fixture);
    assert_code(SLOT_NOT_FOUND, decide_command(fixture));
    assert_non_null(fixture->decision.remembered);
}

static void a_repeat_in_the_batch_is_recalled(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    assert_accepted(decide_command(fixture));
    struct recall *remembered = fixture->decision.remembered;
    struct uuid command_id = fixture->command.command_id;
    size_t before = changes(fixture);

    fixture->next_command_id = command_id;
    begin_book(fixture);
    assert_accepted(decide_command(fixture));
    assert_ptr_equal(fixture->decision.recalled, remembered);
    assert_null(fixture->decision.remembered);
    assert_int_equal(fixture->decision.event_count, 0);
    assert_int_equal(fixture->decision.result.type, RESULT_NONE);
    assert_int_equal(changes(fixture), before);
    assert_int_equal(fixture->world.new_recall_count, 1);
}

static void a_repeat_of_an_earlier_batch_is_recalled(void **state) {
    struct fixture *fixture = *state;
    begin_book(fixture);
    struct recall *loaded =
        world_put_recall(&fixture->world, id(PATIENT), fixture->command.command_id);
    loaded->content_hash = hash_of_last(fixture);
    assert_accepted(decide_command(fixture));
    assert_ptr_equal(fixture->decision.recalled, loaded);
    assert_null(fixture->decision.remembered);
}

/* A refusal stays what it was, although the command would be accepted by now. */
static void a_refusal_is_recalled_as_it_was(void **state) {
    struct fixture *fixture = *state;
    begin_book(fixture);
    struct uuid command_id = fixture->command.command_id;
    assert_code(SLOT_NOT_FOUND, decide_command(fixture));
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    fixture->next_command_id = command_id;
    begin_book(fixture);
    assert_accepted(decide_command(fixture));
    assert_non_null(fixture->decision.recalled);
    assert_null(the_slot(fixture, SLOT)->active);
}

static void other_content_is_a_reused_id(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    given_slot(fixture, OTHER, DOCTOR, 100, 130);
    begin_book(fixture);
    struct uuid command_id = fixture->command.command_id;
    assert_accepted(decide_command(fixture));
    size_t before = changes(fixture);

    fixture->next_command_id = command_id;
    assert_code(COMMAND_ID_REUSED, book(fixture, PATIENT, OTHER));
    assert_null(fixture->decision.recalled);
    assert_null(fixture->decision.remembered);
    assert_int_equal(changes(fixture), before);

    fixture->next_command_id = command_id; /* and the first is still there */
    begin_book(fixture);
    assert_accepted(decide_command(fixture));
    assert_non_null(fixture->decision.recalled);
}

static void ids_are_unique_per_caller(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    struct uuid command_id = fixture->command.command_id;
    assert_accepted(decide_command(fixture));
    fixture->next_command_id = command_id;
    assert_code(SLOT_TAKEN, book(fixture, PATIENT_2, SLOT));
    assert_null(fixture->decision.recalled);
    assert_non_null(fixture->decision.remembered);
}

/* An idempotency key is the caller's, not made of the content: the same booking may come again. */
static void equal_content_under_another_id_is_a_new_command(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    assert_accepted(book(fixture, PATIENT, SLOT));
    struct uuid first = appointment_on(fixture, SLOT)->appointment_id;
    assert_accepted(cancel(fixture, PATIENT, SLOT, first, REASON_PATIENT));
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_false(uuid_equal(first, appointment_on(fixture, SLOT)->appointment_id));
}

static void answers_before_step_10_are_not_remembered(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    struct uuid command_id = fixture->command.command_id;
    fixture->decision.token_version = 2;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_null(fixture->decision.remembered);

    fixture->next_command_id = command_id;
    begin_book(fixture);
    fixture->decision.expires_at_us = 0;
    assert_code(EXPIRED, decide_command(fixture));
    assert_null(fixture->decision.remembered);

    fixture->next_command_id = command_id; /* the same id, now decided */
    begin_book(fixture);
    assert_accepted(decide_command(fixture));
    assert_null(fixture->decision.recalled);
}

/* Step 7. ------------------------------------------------------------------------------------- */

static void a_token_of_another_version_is_unauthenticated(void **state) {
    struct fixture *fixture = *state;
    static const int32_t versions[] = {6, 8, 0, -7, INT32_MAX};
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    account(fixture, PATIENT)->token_version = 7;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        begin_book(fixture);
        fixture->decision.token_version = versions[i];
        assert_code(UNAUTHENTICATED, decide_command(fixture));
    }
    begin_book(fixture);
    fixture->decision.token_issued_at_us = 0; /* counts only without a version */
    assert_accepted(decide_command(fixture));
}

static void a_token_without_version_is_judged_by_its_age(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    account(fixture, PATIENT)->tokens_valid_from_us = at(-30);
    begin_book(fixture);
    fixture->decision.has_token_version = false;
    fixture->decision.token_version = 1;
    fixture->decision.token_issued_at_us = at(-30) - 1;
    assert_code(UNAUTHENTICATED, decide_command(fixture));

    begin_book(fixture);
    fixture->decision.has_token_version = false;
    fixture->decision.token_version = 99;
    fixture->decision.token_issued_at_us = at(-30);
    assert_accepted(decide_command(fixture));
}

/* Step 8. ------------------------------------------------------------------------------------- */

static void an_expired_request_is_refused(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    fixture->decision.expires_at_us = NOW_US - 1;
    assert_code(EXPIRED, decide_command(fixture));
    begin_book(fixture);
    fixture->decision.expires_at_us = 0; /* 1970, not "none" */
    assert_code(EXPIRED, decide_command(fixture));
    begin_book(fixture);
    fixture->decision.expires_at_us = NOW_US; /* decided at that moment, not later */
    assert_accepted(decide_command(fixture));
}

/* It was in time once, and its answer was lost. */
static void what_was_settled_before_a_loss_is_as_old_as_it_was_then(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    fixture->decision.append_time_us = NOW_US - DAY_US - 1;
    fixture->decision.expires_at_us = NOW_US - DAY_US - 2; /* it was late then, too */
    fixture->decision.settled_before = true;
    assert_code(EXPIRED, decide_command(fixture));
    begin_book(fixture);
    fixture->decision.append_time_us = NOW_US - DAY_US - 1;
    fixture->decision.expires_at_us = NOW_US - DAY_US - 1;
    fixture->decision.settled_before = true;
    assert_accepted(decide_command(fixture));
}

static void an_old_request_is_refused(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    fixture->decision.append_time_us = NOW_US - DAY_US - 1;
    assert_code(EXPIRED, decide_command(fixture));
    begin_book(fixture);
    fixture->decision.append_time_us = NOW_US - DAY_US;
    assert_accepted(decide_command(fixture));
}

static void a_broker_ahead_of_the_database_does_no_harm(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    fixture->decision.append_time_us = NOW_US + DAY_US;
    assert_accepted(decide_command(fixture));
}

/* Step 9. ------------------------------------------------------------------------------------- */

static void an_inactive_account_is_refused(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    assert_code(ACCOUNT_INACTIVE, book(fixture, PATIENT, SLOT));
    account(fixture, PATIENT)->state = STATE_ERASED;
    assert_code(ACCOUNT_INACTIVE, book(fixture, PATIENT, SLOT));
    assert_null(fixture->decision.remembered);
    account(fixture, PATIENT)->state = STATE_ACTIVE;
    assert_accepted(book(fixture, PATIENT, SLOT));
}

/* Whichever comes second is refused: a booking before the deactivation stands, one after it does
 * not. */
static void a_deactivation_and_a_booking_exclude_each_other(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    given_slot(fixture, OTHER, DOCTOR, 100, 130);
    assert_accepted(book(fixture, PATIENT, SLOT));
    account(fixture, PATIENT)->state = STATE_DEACTIVATED;
    account(fixture, PATIENT)->token_version++;
    assert_code(ACCOUNT_INACTIVE, book(fixture, PATIENT, OTHER));
    begin_book(fixture);
    fixture->decision.token_version--; /* the token from before */
    assert_code(UNAUTHENTICATED, decide_command(fixture));
}

/* Order. -------------------------------------------------------------------------------------- */

/* All faults at once, then one less each time. */
static void steps_come_in_order(void **state) {
    struct fixture *fixture = *state;
    struct account *patient = account(fixture, PATIENT);
    patient->state = STATE_DEACTIVATED;
    patient->role = ROLE_ADMIN;

    begin_book(fixture);
    struct decision *decision = &fixture->decision;
    decision->caller_role = ROLE_PATIENT;
    decision->token_version = 2;
    decision->expires_at_us = 0;
    struct recall *recall =
        world_put_recall(&fixture->world, id(PATIENT), fixture->command.command_id);

    assert_code(UNAUTHENTICATED, decide_command(fixture)); /* 5 */
    assert_null(decision->caller);
    patient->role = ROLE_PATIENT;
    assert_code(COMMAND_ID_REUSED, decide_command(fixture)); /* 6 */
    recall->content_hash = decision->content_hash;
    assert_accepted(decide_command(fixture)); /* 6: recalled in spite of all that follows */
    assert_ptr_equal(decision->recalled, recall);

    fixture->command.command_id = minted_id(fixture, 0xc0);
    assert_code(UNAUTHENTICATED, decide_command(fixture)); /* 7 */
    assert_non_null(decision->caller);
    decision->token_version = 1;
    assert_code(EXPIRED, decide_command(fixture)); /* 8 */
    decision->expires_at_us = -1;
    assert_code(ACCOUNT_INACTIVE, decide_command(fixture)); /* 9 */
    patient->state = STATE_ACTIVE;
    assert_null(decision->remembered);
    assert_code(SLOT_NOT_FOUND, decide_command(fixture)); /* 10 */
    assert_non_null(decision->remembered);
}

/* What an earlier use of the same struct left behind must not count. */
static void a_decision_begins_clean(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    begin_book(fixture);
    struct decision *decision = &fixture->decision;
    struct recall stale;
    decision->recalled = &stale;
    decision->remembered = &stale;
    decision->event_count = 7;
    decision->result.type = RESULT_SLOT;
    decision->caller = account(fixture, ADMIN);
    decision->token_version = 5;
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_null(decision->recalled);
    assert_null(decision->remembered);
    assert_int_equal(decision->event_count, 0);
    assert_int_equal(decision->result.type, RESULT_NONE);
    assert_ptr_equal(decision->caller, account(fixture, PATIENT));
    decision->caller_id = id(NOBODY);
    assert_code(UNAUTHENTICATED, decide_command(fixture));
    assert_null(decision->caller);
}

static void events_of_a_decision_are_found_by_position(void **state) {
    struct fixture *fixture = *state;
    given_slot(fixture, SLOT, DOCTOR, 60, 90);
    given_slot(fixture, OTHER, DOCTOR, 100, 130);
    assert_accepted(book(fixture, PATIENT, SLOT));
    assert_int_equal(fixture->decision.first_event, 0);
    struct uuid first = appointment_on(fixture, SLOT)->appointment_id;
    assert_accepted(reschedule(fixture, PATIENT, SLOT, first, OTHER));
    assert_int_equal(fixture->decision.first_event, 1);
    assert_int_equal(fixture->decision.event_count, 2);
    assert_code(SLOT_TAKEN, book(fixture, PATIENT_2, OTHER));
    assert_int_equal(fixture->decision.first_event, 3);
    assert_int_equal(fixture->decision.event_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(an_unknown_account_is_unauthenticated),
        DOMAIN_TEST(an_account_of_another_role_is_unauthenticated),
        DOMAIN_TEST(a_decision_is_remembered),
        DOMAIN_TEST(a_refusal_of_step_10_is_remembered_too),
        DOMAIN_TEST(a_repeat_in_the_batch_is_recalled),
        DOMAIN_TEST(a_repeat_of_an_earlier_batch_is_recalled),
        DOMAIN_TEST(a_refusal_is_recalled_as_it_was),
        DOMAIN_TEST(other_content_is_a_reused_id),
        DOMAIN_TEST(ids_are_unique_per_caller),
        DOMAIN_TEST(equal_content_under_another_id_is_a_new_command),
        DOMAIN_TEST(answers_before_step_10_are_not_remembered),
        DOMAIN_TEST(a_token_of_another_version_is_unauthenticated),
        DOMAIN_TEST(a_token_without_version_is_judged_by_its_age),
        DOMAIN_TEST(an_expired_request_is_refused),
        DOMAIN_TEST(what_was_settled_before_a_loss_is_as_old_as_it_was_then),
        DOMAIN_TEST(an_old_request_is_refused),
        DOMAIN_TEST(a_broker_ahead_of_the_database_does_no_harm),
        DOMAIN_TEST(an_inactive_account_is_refused),
        DOMAIN_TEST(a_deactivation_and_a_booking_exclude_each_other),
        DOMAIN_TEST(steps_come_in_order),
        DOMAIN_TEST(a_decision_begins_clean),
        DOMAIN_TEST(events_of_a_decision_are_found_by_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
