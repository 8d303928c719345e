/* What is answered, and in which durable form: accepted, refused, every early code, repeats,
 * INTERNAL. */
#include "decide_fixture.h"
#include "wire/schema.h"

/* The outcome's body as JSON, to look into. */
static json_t *outcome_of(const struct answer *answer) {
    struct codec *codec = engine_codec(clinic.engine);
    const struct schema *schema = schemas_by_name(clinic.schemas, "slotkeeper.event.Outcome");
    assert_int_equal(answer->outcome_fingerprint, schema_fingerprint(schema));
    char *text = codec_to_json(codec, clinic.engine->arena, schema, answer->outcome);
    assert_non_null(text);
    json_t *outcome = json_loads(text, 0, NULL);
    assert_non_null(outcome);
    return outcome;
}

static void assert_outcome_text(
    const struct answer *answer, const char *field, const char *expected) {
    json_t *outcome = outcome_of(answer);
    const char *found = json_string_value(json_object_get(outcome, field));
    assert_int_equal(found == NULL, expected == NULL);
    if (expected != NULL) {
        assert_string_equal(found, expected);
    }
    json_decref(outcome);
}

static void assert_bare(const struct answer *answer) {
    json_t *outcome = outcome_of(answer);
    assert_true(json_is_null(json_object_get(outcome, "result")));
    assert_true(json_is_null(json_object_get(outcome, "retry_after_ms")));
    assert_int_equal(answer->event_count, 0);
    assert_false(answer->recallable);
    assert_false(answer->route.duplicate);
    json_decref(outcome);
}

static struct uuid outcome_id_at(size_t partition, int64_t offset) {
    return outcome_id_of(
        view_text(CLUSTER),
        clinic.partitions[partition].generation,
        view_text(TOPIC),
        clinic.partitions[partition].number,
        offset);
}

/* Accepted, refused. -------------------------------------------------------------------------- */

static void an_accepted_booking_is_answered_whole(void **state) {
    (void)state;
    struct digest hash;
    given_slots(1);
    clinic.partitions[0].generation = 2;
    const struct request *request = book(PATIENT, 1);
    const struct answer *answer = decide();
    command_content_hash(&request->decoded.command, &hash);
    assert_code(ACCEPTED, answer->code);
    assert_int_equal(answer->partition, 3);
    assert_int_equal(answer->offset, 100);
    assert_int_equal(answer->append_time_us, FIXTURE_AT_US + 100);
    assert_int_equal(answer->decided_at_us, NOW_US);
    assert_int_equal(answer->outcome_time_us, NOW_US);
    assert_true(answer->has_caller && answer->has_command_id && answer->recallable);
    assert_uuid(id(PATIENT), answer->caller);
    assert_uuid(id(0x8001), answer->command_id);
    assert_memory_equal(answer->content_hash.bytes, hash.bytes, sizeof hash.bytes);
    assert_uuid(outcome_id_at(0, 100), answer->outcome_id);
    assert_false(answer->dead_letter.needed);
    assert_view("key-100", answer->route.key);
}

static void an_outcome_says_what_was_decided(void **state) {
    (void)state;
    char outcome_id[UUID_TEXT_SIZE + 1];
    given_slots(1);
    (void)book(PATIENT, 1);
    const struct answer *answer = decide();
    uuid_format(answer->outcome_id, outcome_id);
    assert_outcome_text(answer, "outcome_id", outcome_id);
    assert_outcome_text(answer, "caller", id_text(PATIENT));
    assert_outcome_text(answer, "command_id", id_text(0x8001));
    assert_outcome_text(answer, "command", "slotkeeper.command.BookSlot");
    assert_outcome_text(answer, "status", "ACCEPTED");
    assert_outcome_text(answer, "code", "");
    assert_outcome_text(answer, "message", "");
    assert_outcome_text(answer, "decided_at", time_text(NOW_US));
    json_t *outcome = outcome_of(answer);
    const json_t *result = json_object_get(outcome, "result");
    assert_string_equal(json_string_value(json_object_get(result, "slot_id")), id_text(1));
    json_decref(outcome);
}

static void events_carry_their_chain(void **state) {
    (void)state;
    struct event_summary summary;
    given_slots(1);
    (void)book(PATIENT, 1);
    const struct answer *answer = decide();
    const struct answer_event *event = &answer->events[0];
    assert_int_equal(answer->event_count, 1);
    assert_int_equal(
        answer->event_fingerprint,
        schema_fingerprint(schemas_by_name(clinic.schemas, "slotkeeper.event.AuditEvent")));
    assert_uuid(event_id_of(answer->outcome_id, 0), event->event_id);
    assert_uuid(id(1), event->chain_id);
    assert_int_equal(event->occurred_at_us, NOW_US);
    assert_true(codec_read_event(
        engine_codec(clinic.engine),
        codec_event_fingerprint(engine_codec(clinic.engine)),
        event->body,
        &summary));
    assert_uuid(event->event_id, summary.event_id);
    assert_uuid(id(1), summary.chain_id);
}

/* The world remembers what the answers before it did. */
static void records_are_decided_in_order(void **state) {
    (void)state;
    given_slots(2);
    (void)book(PATIENT, 1);
    (void)book(PATIENT_2, 1);
    (void)withdraw(DOCTOR, 1);
    (void)withdraw(DOCTOR, 2);
    (void)book(PATIENT, 2);
    const struct answer *answers = decide();
    assert_code(ACCEPTED, answers[0].code);
    assert_code(SLOT_TAKEN, answers[1].code);
    assert_code(SLOT_HAS_APPOINTMENT, answers[2].code);
    assert_code(ACCEPTED, answers[3].code);
    assert_code(SLOT_WITHDRAWN, answers[4].code);
    assert_uuid(id(2), answers[3].events[0].chain_id);
    assert_uuid(event_id_of(answers[3].outcome_id, 0), answers[3].events[0].event_id);
}

static struct uuid booked_in(const struct answer *answer) {
    struct uuid appointment = appointment_id_of(answer->outcome_id);
    assert_non_null(world_appointment(&attempt.world, appointment));
    return appointment;
}

static void a_reschedule_has_an_event_in_each_chain(void **state) {
    (void)state;
    char appointment[UUID_TEXT_SIZE + 1];
    given_slots(2);
    (void)book(PATIENT, 1);
    (void)decide();
    uuid_format(booked_in(&attempt.answers[0]), appointment);
    const struct field_text fields[] = {
        {"slot_id", id_text(1)},
        {"appointment_id", appointment},
        {"new_slot_id", id_text(2)},
    };
    (void)given_command(0, PATIENT, "RescheduleAppointment", fields, 3);
    const struct answer *answer = &decide()[1];
    assert_code(ACCEPTED, answer->code);
    assert_int_equal(answer->event_count, 2);
    assert_uuid(id(1), answer->events[0].chain_id);
    assert_uuid(id(2), answer->events[1].chain_id);
    assert_uuid(event_id_of(answer->outcome_id, 0), answer->events[0].event_id);
    assert_uuid(event_id_of(answer->outcome_id, 1), answer->events[1].event_id);
}

static void a_refusal_by_rules_is_recallable(void **state) {
    (void)state;
    (void)book(PATIENT, 1);
    const struct answer *answer = decide();
    assert_code(SLOT_NOT_FOUND, answer->code);
    assert_true(answer->recallable);
    assert_int_equal(answer->event_count, 0);
    assert_false(answer->dead_letter.needed);
    assert_outcome_text(answer, "status", "REFUSED");
    assert_outcome_text(answer, "code", "SLOT_NOT_FOUND");
    assert_outcome_text(answer, "message", "There is no such slot.");
}

/* Steps 5 to 9, from what the request and its token say. */
static void refusals_before_the_rules_are_not_recallable(void **state) {
    (void)state;
    given_slots(1);
    (void)book(NOBODY, 1);
    given_header(book(PATIENT, 1), "ce_expirytime", view_text(time_text(NOW_US - 1)));
    book(PATIENT, 1)->record.append_time_us = NOW_US - DAY_US - 1;
    const struct answer *answers = decide();
    assert_code(UNAUTHENTICATED, answers[0].code);
    assert_code(EXPIRED, answers[1].code);
    for (size_t i = 0; i < 2; i++) {
        assert_true(answers[i].has_caller);
        assert_bare(&answers[i]);
        assert_false(answers[i].dead_letter.needed);
    }
    assert_code(UNAUTHENTICATED, answers[2].code); /* the token is younger than that */
}

static void the_account_says_which_tokens_are_current(void **state) {
    (void)state;
    given_slots(1);
    (void)book(PATIENT, 1);
    (void)book(PATIENT_2, 1);
    begin_attempt();
    world_account(&attempt.world, id(PATIENT))->token_version = 2;
    world_account(&attempt.world, id(PATIENT_2))->state = STATE_DEACTIVATED;
    assert_int_equal(stage_decide(&attempt), STATUS_OK);
    assert_code(UNAUTHENTICATED, attempt.answers[0].code);
    assert_code(ACCOUNT_INACTIVE, attempt.answers[1].code);
}

/* A token without a version is judged by its time, in seconds. */
static void a_token_without_a_version_is_judged_by_its_age(void **state) {
    (void)state;
    const int64_t issued_at_us = (FIXTURE_AT_S - 60) * TIME_SECOND_US;
    given_slots(1);
    (void)book(PATIENT, 1);
    (void)book(PATIENT_2, 1);
    begin_attempt();
    for (size_t i = 0; i < 2; i++) {
        clinic.requests[i].claims.has_version = false;
    }
    world_account(&attempt.world, id(PATIENT))->tokens_valid_from_us = issued_at_us + 1;
    world_account(&attempt.world, id(PATIENT_2))->tokens_valid_from_us = issued_at_us;
    assert_int_equal(stage_decide(&attempt), STATUS_OK);
    assert_code(UNAUTHENTICATED, attempt.answers[0].code);
    assert_code(ACCEPTED, attempt.answers[1].code);
}

/* Since a loss was accepted, in records that were not answered before it. */
static void an_accepted_loss_ends_older_tokens(void **state) {
    (void)state;
    const int64_t issued_at_us = (FIXTURE_AT_S - 60) * TIME_SECOND_US;
    given_slots(1);
    (void)book(PATIENT, 1);
    (void)book(PATIENT_2, 1);
    clinic.partitions[0].tokens_valid_from_us = issued_at_us + 1;
    clinic.partitions[0].settled_below = clinic.requests[1].record.offset;
    const struct answer *answers = decide();
    assert_code(ACCEPTED, answers[0].code);
    assert_code(UNAUTHENTICATED, answers[1].code);
    assert_false(answers[1].has_caller);
}

static void tokens_issued_since_a_loss_are_good(void **state) {
    (void)state;
    given_slots(1);
    (void)book(PATIENT, 1);
    clinic.partitions[0].tokens_valid_from_us = (FIXTURE_AT_S - 60) * TIME_SECOND_US;
    assert_code(ACCEPTED, decide()->code);
}

static void a_record_settled_before_a_loss_is_not_too_old(void **state) {
    (void)state;
    given_slots(2);
    (void)book(PATIENT, 1);
    (void)book(PATIENT, 2);
    for (size_t i = 0; i < 2; i++) {
        given_header(
            &clinic.requests[i], "ce_expirytime", view_text(time_text(FIXTURE_AT_US + 1000)));
    }
    clinic.partitions[0].settled_below = clinic.requests[1].record.offset;
    const struct answer *answers = decide();
    assert_code(ACCEPTED, answers[0].code);
    assert_code(EXPIRED, answers[1].code);
}

/* Early answers. ------------------------------------------------------------------------------ */

static void only_the_batch_is_decoded(void **state) {
    (void)state;
    (void)garbage();
    (void)garbage();
    stage_decode(clinic.engine, clinic.requests, 1);
    assert_code(MALFORMED, clinic.requests[0].early);
    assert_code(ACCEPTED, clinic.requests[1].early); /* as it came */
}

static void garbage_is_malformed(void **state) {
    (void)state;
    const struct request *request = garbage();
    const struct answer *answer = decide();
    assert_code(MALFORMED, answer->code);
    assert_false(answer->has_caller || answer->has_command_id);
    assert_bare(answer);
    assert_letter(answer, request);
    assert_uuid(outcome_id_at(0, 100), answer->outcome_id);
    assert_outcome_text(answer, "status", "INVALID");
    assert_outcome_text(answer, "caller", NULL);
    assert_outcome_text(answer, "command_id", NULL);
    assert_outcome_text(answer, "command", NULL);
}

static void a_tombstone_is_malformed(void **state) {
    (void)state;
    (void)given_record(0, view_of(NULL, 0));
    const struct answer *answer = decide();
    assert_code(MALFORMED, answer->code);
    assert_true(answer->dead_letter.needed);
    assert_null(answer->dead_letter.value.data);
    assert_int_equal(answer->dead_letter.header_count, 0);
}

static void a_schema_that_is_not_ours_is_unknown(void **state) {
    (void)state;
    const struct request *request = given_record(
        0, frame_single_object(clinic.engine->arena, UINT64_C(0x1234), view_text("body")));
    const struct answer *answer = decide();
    assert_code(UNKNOWN_SCHEMA, answer->code);
    assert_bare(answer);
    assert_letter(answer, request);
    assert_outcome_text(answer, "code", "UNKNOWN_SCHEMA");
}

/* Nobody is believed to be the caller whose token was not looked at. */
static void a_cut_command_keeps_its_id_and_no_caller(void **state) {
    (void)state;
    struct request *request = book(PATIENT, 1);
    request->record.value.size -= 1;
    const struct answer *answer = decide();
    assert_code(MALFORMED, answer->code);
    assert_false(answer->has_caller);
    assert_true(answer->has_command_id);
    assert_uuid(id(0x8001), answer->command_id);
    assert_letter(answer, request);
    assert_outcome_text(answer, "command_id", id_text(0x8001));
    assert_outcome_text(answer, "caller", NULL);
}

/* The command can be read, so its id is known; its caller is not asked for. */
static void an_unreadable_expiry_is_malformed(void **state) {
    (void)state;
    given_slots(1);
    struct request *request = book(PATIENT, 1);
    given_header(request, "ce_expirytime", view_text("tomorrow"));
    given_header(request, "kafka_correlationId", view_text("mine"));
    const struct answer *answer = decide();
    assert_code(MALFORMED, answer->code);
    assert_false(answer->has_caller);
    assert_uuid(id(0x8001), answer->command_id);
    assert_bare(answer);
    assert_letter(answer, request);
    assert_view("mine", answer->route.correlation_id);
    assert_outcome_text(answer, "command", "slotkeeper.command.BookSlot");
    assert_int_equal(attempt.world.event_count, 0);
}

static void no_token_is_unauthenticated_and_no_letter(void **state) {
    (void)state;
    book(PATIENT, 1)->record.header_count = 0;
    const struct answer *answer = decide();
    assert_code(UNAUTHENTICATED, answer->code);
    assert_false(answer->has_caller);
    assert_true(answer->has_command_id);
    assert_bare(answer);
    assert_false(answer->dead_letter.needed);
    assert_outcome_text(answer, "caller", NULL);
    assert_outcome_text(answer, "status", "REFUSED");
    assert_outcome_text(answer, "command", "slotkeeper.command.BookSlot");
}

/* Judged when the record was appended, not when it is decided. */
static void a_token_is_judged_at_append_time(void **state) {
    (void)state;
    given_slots(1);
    book(PATIENT, 1)->record.append_time_us = FIXTURE_AT_US - HOUR_US;
    (void)book(PATIENT, 1);
    const struct answer *answers = decide();
    assert_code(UNAUTHENTICATED, answers[0].code);
    assert_code(ACCEPTED, answers[1].code);
}

static void another_role_is_forbidden_and_known(void **state) {
    (void)state;
    (void)book(DOCTOR, 1);
    (void)publish_slot(ADMIN, 2, at(60), at(120));
    const struct answer *answers = decide();
    for (size_t i = 0; i < 2; i++) {
        assert_code(FORBIDDEN_ROLE, answers[i].code);
        assert_true(answers[i].has_caller);
        assert_bare(&answers[i]);
        assert_false(answers[i].dead_letter.needed);
    }
    assert_outcome_text(&answers[0], "caller", id_text(DOCTOR));
}

/* Repeats. ------------------------------------------------------------------------------------ */

static void assert_same_body(const struct answer *first, const struct answer *repeat) {
    assert_true(repeat->outcome.size > 0);
    assert_true(view_equal(first->outcome, repeat->outcome));
    assert_int_equal(repeat->outcome_fingerprint, first->outcome_fingerprint);
    assert_uuid(first->outcome_id, repeat->outcome_id);
    assert_int_equal(repeat->code, first->code);
    assert_int_equal(repeat->outcome_time_us, first->outcome_time_us);
}

static void a_repeat_in_the_same_batch_gets_the_first_ones_bytes(void **state) {
    (void)state;
    given_slots(1);
    clinic.next_command_id = 0x500;
    (void)book(PATIENT, 1);
    clinic.next_command_id = 0x500;
    struct request *repeat = book(PATIENT, 1);
    given_header(repeat, "kafka_correlationId", view_text("mine"));
    given_header(repeat, "kafka_replyTopic", view_text(REPLY_PREFIX "a"));
    const struct answer *answers = decide();
    assert_code(ACCEPTED, answers[0].code);
    assert_false(answers[0].route.duplicate);
    assert_same_body(&answers[0], &answers[1]);
    assert_true(answers[1].route.duplicate);
    assert_false(answers[1].recallable);
    assert_int_equal(answers[1].event_count, 0);
    assert_int_equal(answers[1].offset, 101);
    assert_view("mine", answers[1].route.correlation_id);
    assert_view(REPLY_PREFIX "a", answers[1].route.reply_topic);
    assert_int_equal(attempt.world.event_count, 1);
}

static void a_refusal_is_repeated_too(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        clinic.next_command_id = 0x500;
        (void)book(PATIENT, 1);
    }
    const struct answer *answers = decide();
    assert_code(SLOT_NOT_FOUND, answers[0].code);
    assert_same_body(&answers[0], &answers[1]);
    assert_same_body(&answers[0], &answers[2]);
    assert_true(answers[2].route.duplicate);
}

static void a_repeat_of_other_content_is_refused(void **state) {
    (void)state;
    given_slots(2);
    for (unsigned slot = 1; slot <= 2; slot++) {
        clinic.next_command_id = 0x500;
        (void)book(PATIENT, slot);
    }
    clinic.next_command_id = 0x500;
    (void)book(PATIENT_2, 2);
    const struct answer *answers = decide();
    assert_code(COMMAND_ID_REUSED, answers[1].code);
    assert_false(answers[1].route.duplicate || answers[1].recallable);
    assert_code(ACCEPTED, answers[2].code); /* another caller's own */
}

/* Our schema and one field more, made known: its fingerprint. */
static uint64_t given_another_release(void) {
    struct error error = {""};
    struct schema schema;
    bool added = false;
    const struct schema *own = schemas_by_name(clinic.schemas, "slotkeeper.event.Outcome");
    json_t *json = json_loads(schema_text(own), 0, NULL);
    json_t *note = json_pack("{s:s,s:s,s:s}", "name", "note", "type", "string", "default", "");
    assert_int_equal(json_array_append_new(json_object_get(json, "fields"), note), 0);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_int_equal(schemas_add(clinic.schemas, view_text(text), &added, &error), STATUS_OK);
    assert_true(added);
    assert_int_equal(schema_init(&schema, text, clinic.engine->arena, &error), STATUS_OK);
    uint64_t fingerprint = schema.fingerprint;
    schema_clean_up(&schema);
    free(text);
    json_decref(json);
    return fingerprint;
}

static void given_recall(uint64_t fingerprint, struct view outcome) {
    struct recall *recall = world_put_recall(
        &attempt.world, id(PATIENT), clinic.requests[0].decoded.command.command_id);
    recall->content_hash = clinic.requests[0].content_hash;
    recall->outcome = outcome;
    recall->outcome_fingerprint = fingerprint;
}

/* The body may be of another release's schema: its fingerprint is the log's. */
static void an_answer_in_the_log_is_given_again(void **state) {
    (void)state;
    given_slots(1);
    (void)book(PATIENT, 1);
    struct outcome outcome = {
        .outcome_id = id(0x777),
        .code = CODE_SLOT_TAKEN,
        .decided_at_us = NOW_US - DAY_US,
        .retry_after_ms = -1};
    begin_attempt();
    uint64_t fingerprint = given_another_release();
    struct view own =
        codec_encode_outcome(engine_codec(clinic.engine), clinic.engine->arena, &outcome);
    uint8_t *body = arena_take(clinic.engine->arena, own.size + 1);
    memcpy(body, own.data, own.size); /* and an empty text */
    given_recall(fingerprint, view_of(body, own.size + 1));
    assert_int_equal(stage_decide(&attempt), STATUS_OK);
    const struct answer *answer = attempt.answers;
    assert_code(SLOT_TAKEN, answer->code);
    assert_uuid(id(0x777), answer->outcome_id);
    assert_int_equal(answer->outcome_time_us, NOW_US - DAY_US);
    assert_int_equal(answer->decided_at_us, NOW_US);
    assert_int_equal(answer->outcome_fingerprint, fingerprint);
    assert_true(answer->route.duplicate);
    assert_int_equal(attempt.world.event_count, 0);
}

static void an_answer_in_the_log_that_cannot_be_read_is_fatal(void **state) {
    (void)state;
    given_slots(1);
    (void)book(PATIENT, 1);
    begin_attempt();
    given_recall(codec_outcome_fingerprint(engine_codec(clinic.engine)), view_text("no outcome"));
    assert_int_equal(stage_decide(&attempt), STATUS_FATAL);
}

/* INTERNAL. ----------------------------------------------------------------------------------- */

static void an_internal_answer_touches_nothing(void **state) {
    (void)state;
    given_slots(1);
    const struct request *request = book(PATIENT, 1);
    begin_attempt();
    attempt.answer_internal = true;
    assert_int_equal(stage_decide(&attempt), STATUS_OK);
    const struct answer *answer = attempt.answers;
    assert_code(INTERNAL, answer->code);
    assert_bare(answer);
    assert_letter(answer, request);
    assert_view("authorization", answer->dead_letter.headers[0].name);
    assert_true(view_starts_with(answer->dead_letter.headers[0].value, view_text("sha256:")));
    assert_true(answer->has_caller && answer->has_command_id);
    assert_uuid(outcome_id_at(0, 100), answer->outcome_id);
    assert_outcome_text(answer, "status", "INVALID");
    assert_outcome_text(answer, "code", "INTERNAL");
    assert_int_equal(attempt.world.event_count + attempt.world.changed_appointment_count, 0);
}

static void an_early_refusal_can_be_internal_too(void **state) {
    (void)state;
    (void)book(DOCTOR, 1);
    begin_attempt();
    attempt.answer_internal = true;
    assert_int_equal(stage_decide(&attempt), STATUS_OK);
    assert_code(INTERNAL, attempt.answers[0].code);
    assert_true(attempt.answers[0].dead_letter.needed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(an_accepted_booking_is_answered_whole),
        ENGINE_TEST(an_outcome_says_what_was_decided),
        ENGINE_TEST(events_carry_their_chain),
        ENGINE_TEST(records_are_decided_in_order),
        ENGINE_TEST(a_reschedule_has_an_event_in_each_chain),
        ENGINE_TEST(a_refusal_by_rules_is_recallable),
        ENGINE_TEST(refusals_before_the_rules_are_not_recallable),
        ENGINE_TEST(the_account_says_which_tokens_are_current),
        ENGINE_TEST(a_token_without_a_version_is_judged_by_its_age),
        ENGINE_TEST(an_accepted_loss_ends_older_tokens),
        ENGINE_TEST(tokens_issued_since_a_loss_are_good),
        ENGINE_TEST(a_record_settled_before_a_loss_is_not_too_old),
        ENGINE_TEST(only_the_batch_is_decoded),
        ENGINE_TEST(garbage_is_malformed),
        ENGINE_TEST(a_tombstone_is_malformed),
        ENGINE_TEST(a_schema_that_is_not_ours_is_unknown),
        ENGINE_TEST(a_cut_command_keeps_its_id_and_no_caller),
        ENGINE_TEST(an_unreadable_expiry_is_malformed),
        ENGINE_TEST(no_token_is_unauthenticated_and_no_letter),
        ENGINE_TEST(a_token_is_judged_at_append_time),
        ENGINE_TEST(another_role_is_forbidden_and_known),
        ENGINE_TEST(a_repeat_in_the_same_batch_gets_the_first_ones_bytes),
        ENGINE_TEST(a_refusal_is_repeated_too),
        ENGINE_TEST(a_repeat_of_other_content_is_refused),
        ENGINE_TEST(an_answer_in_the_log_is_given_again),
        ENGINE_TEST(an_answer_in_the_log_that_cannot_be_read_is_fatal),
        ENGINE_TEST(an_internal_answer_touches_nothing),
        ENGINE_TEST(an_early_refusal_can_be_internal_too),
    };

    return cmocka_run_group_tests_name("engine decide", tests, open_clinic, close_clinic);
}
