/* Outcomes and audit events to bytes, and back as far as headers need them. */
#include "wire_fixture.h"

#define CALLER_ID "0e000000-0000-4000-8000-00000000000e"
#define OTHER_ID  "0b000000-0000-4000-8000-00000000000b"
#define NOW_US    INT64_C(1795369634123456) /* 2026-11-22T17:47:14.123456Z */
#define NOW_TEXT  "2026-11-22T17:47:14.123456Z"

static struct outcome accepted(void) {
    return (struct outcome){
        .outcome_id = uuid_of(OTHER_ID),
        .has_caller = true,
        .caller = uuid_of(CALLER_ID),
        .has_command_id = true,
        .command_id = uuid_of(COMMAND_ID),
        .command = "slotkeeper.command.BookSlot",
        .code = CODE_ACCEPTED,
        .decided_at_us = NOW_US,
        .retry_after_ms = -1,
    };
}

static const char *outcome_json(const struct outcome *outcome) {
    struct view body = codec_encode_outcome(fixture.codec, fixture.arena, outcome);
    const char *text =
        codec_to_json(fixture.codec, fixture.arena, schema_of("slotkeeper.event.Outcome"), body);
    assert_non_null(text);
    return text;
}

static const char *event_json(const struct audit_event *event) {
    struct view body = codec_encode_event(fixture.codec, fixture.arena, event);
    const char *text =
        codec_to_json(fixture.codec, fixture.arena, schema_of("slotkeeper.event.AuditEvent"), body);
    assert_non_null(text);
    return text;
}

#define OUTCOME_START                                                                              \
    "{\"outcome_id\":\"" OTHER_ID "\",\"caller\":\"" CALLER_ID "\",\"command_id\":\"" COMMAND_ID   \
    "\",\"command\":\"slotkeeper.command.BookSlot\","

#define OUTCOME_ACCEPTED                                                                           \
    OUTCOME_START                                                                                  \
    "\"status\":\"ACCEPTED\",\"code\":\"\",\"message\":\"\",\"decided_at\":\"" NOW_TEXT            \
    "\",\"retry_after_ms\":null,\"result\":"

static void an_outcome_without_result_is_written(void **state) {
    (void)state;
    struct outcome outcome = accepted();
    assert_string_equal(outcome_json(&outcome), OUTCOME_ACCEPTED "null}");
}

static void a_slot_is_written(void **state) {
    (void)state;

    static const enum state states[] = {STATE_OPEN, STATE_BOOKED, STATE_WITHDRAWN};
    struct outcome outcome = accepted();
    outcome.result.type = RESULT_SLOT;
    outcome.result.as.slot = (struct slot_result){
        .slot_id = uuid_of(SLOT_ID),
        .doctor_id = uuid_of(CALLER_ID),
        .starts_at_us = 0,
        .ends_at_us = NOW_US,
    };
    for (size_t i = 0; i < 3; i++) {
        char expected[1024];
        outcome.result.as.slot.state = states[i];
        (void)snprintf(
            expected,
            sizeof expected,
            OUTCOME_ACCEPTED
            "{\"slot_id\":\"" SLOT_ID "\",\"doctor_id\":\"" CALLER_ID
            "\",\"starts_at\":\"1970-01-01T00:00:00.000000Z\",\"ends_at\":\"" NOW_TEXT
            "\",\"state\":\"%s\"}}",
            state_symbol(states[i]));
        assert_string_equal(outcome_json(&outcome), expected);
    }
}

static void an_appointment_is_written(void **state) {
    (void)state;

    static const enum state states[] = {
        STATE_BOOKED, STATE_CANCELLED, STATE_FULFILLED, STATE_NOSHOW};
    struct outcome outcome = accepted();
    outcome.result.type = RESULT_APPOINTMENT;
    for (size_t i = 0; i < 4; i++) {
        char expected[1024];
        bool from = i % 2 == 1;
        bool to = i >= 2;
        outcome.result.as.appointment = (struct appointment_result){
            .appointment_id = uuid_of(OTHER_ID),
            .slot_id = uuid_of(SLOT_ID),
            .doctor_id = uuid_of(COMMAND_ID),
            .patient_id = uuid_of(CALLER_ID),
            .starts_at_us = NOW_US,
            .ends_at_us = TIME_MAX_US,
            .state = states[i],
            .has_rescheduled_from = from,
            .has_rescheduled_to = to,
            .rescheduled_from = uuid_of(CALLER_ID),
            .rescheduled_to = uuid_of(SLOT_ID),
        };
        (void)snprintf(
            expected,
            sizeof expected,
            OUTCOME_ACCEPTED "{\"appointment_id\":\"" OTHER_ID "\",\"slot_id\":\"" SLOT_ID
                             "\",\"doctor_id\":\"" COMMAND_ID "\",\"patient_id\":\"" CALLER_ID
                             "\",\"starts_at\":\"" NOW_TEXT
                             "\",\"ends_at\":\"9999-12-31T23:59:59.999999Z\",\"state\":\"%s\","
                             "\"rescheduled_from\":%s,\"rescheduled_to\":%s}}",
            state_symbol(states[i]),
            from ? "\"" CALLER_ID "\"" : "null",
            to ? "\"" SLOT_ID "\"" : "null");
        assert_string_equal(outcome_json(&outcome), expected);
    }
}

/* Every code, with its status and sentence; nothing of the outcome before stays behind. */
static void every_code_is_written_and_read(void **state) {
    (void)state;
    static const char *const statuses[] = {"ACCEPTED", "REFUSED", "INVALID"};
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        enum code code = (enum code)i;
        char expected[1024];
        struct outcome outcome = {
            .outcome_id = uuid_of(OTHER_ID),
            .code = code,
            .decided_at_us = NOW_US + i,
            .retry_after_ms = code == CODE_RATE_LIMITED ? 1500 : -1,
        };
        char time[TIME_TEXT_SIZE + 1];
        time_format(outcome.decided_at_us, time);
        (void)snprintf(
            expected,
            sizeof expected,
            "{\"outcome_id\":\"" OTHER_ID "\",\"caller\":null,\"command_id\":null,"
            "\"command\":null,\"status\":\"%s\",\"code\":\"%s\",\"message\":\"%s\","
            "\"decided_at\":\"%s\",\"retry_after_ms\":%s,\"result\":null}",
            statuses[code_status(code)],
            code_text(code),
            code_sentence(code),
            time,
            code == CODE_RATE_LIMITED ? "1500" : "null");
        assert_string_equal(outcome_json(&outcome), expected);

        struct outcome_summary summary;
        struct view body = codec_encode_outcome(fixture.codec, fixture.arena, &outcome);
        assert_true(codec_read_outcome(
            fixture.codec, codec_outcome_fingerprint(fixture.codec), body, &summary));
        assert_true(uuid_equal(summary.outcome_id, outcome.outcome_id));
        assert_int_equal(summary.code, code);
        assert_int_equal(summary.decided_at_us, outcome.decided_at_us);
    }
}

static struct audit_event booked(void) {
    struct audit_event event = {
        .event_id = uuid_of(OTHER_ID),
        .entity = ENTITY_APPOINTMENT,
        .entity_id = uuid_of(CALLER_ID),
        .has_slot_id = true,
        .slot_id = uuid_of(SLOT_ID),
        .sequence = 2,
        .new_state = STATE_BOOKED,
        .actor_id = uuid_of(CALLER_ID),
        .actor_role = ROLE_PATIENT,
        .command_id = uuid_of(COMMAND_ID),
        .occurred_at_us = NOW_US,
    };
    memset(event.hash.bytes, 0xab, sizeof event.hash.bytes);
    return event;
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ABS   "abababababababababababababababababababababababababababababababab"

static void an_event_is_written(void **state) {
    (void)state;
    struct audit_event event = booked();
    assert_string_equal(
        event_json(&event),
        "{\"event_id\":\"" OTHER_ID "\",\"entity\":\"APPOINTMENT\",\"entity_id\":\"" CALLER_ID
        "\",\"slot_id\":\"" SLOT_ID "\",\"sequence\":2,\"old_state\":null,"
        "\"new_state\":\"BOOKED\",\"actor_id\":\"" CALLER_ID
        "\",\"actor_role\":\"PATIENT\",\"command_id\":\"" COMMAND_ID
        "\",\"reason\":null,\"related_id\":null,\"detail\":null,\"occurred_at\":\"" NOW_TEXT
        "\",\"previous_hash\":\"" ZEROS "\",\"hash\":\"" ABS "\"}");
}

static void an_event_with_everything_is_written(void **state) {
    (void)state;
    struct audit_event event = booked();
    event.entity = ENTITY_ACCOUNT;
    event.has_slot_id = false;
    event.sequence = INT64_MAX;
    event.has_old_state = true;
    event.old_state = STATE_ACTIVE;
    event.new_state = STATE_DEACTIVATED;
    event.actor_role = ROLE_ADMIN;
    event.reason = REASON_PASSWORD_RESET;
    event.has_related_id = true;
    event.related_id = uuid_of(COMMAND_ID);
    event.detail = "words";
    event.previous_hash = event.hash;
    static const char expected[] =
        "{\"event_id\":\"" OTHER_ID "\",\"entity\":\"ACCOUNT\",\"entity_id\":\"" CALLER_ID
        "\",\"slot_id\":null,\"sequence\":9223372036854775807,\"old_state\":\"ACTIVE\","
        "\"new_state\":\"DEACTIVATED\",\"actor_id\":\"" CALLER_ID
        "\",\"actor_role\":\"ADMIN\",\"command_id\":\"" COMMAND_ID
        "\",\"reason\":\"PASSWORD_RESET\",\"related_id\":\"" COMMAND_ID
        "\",\"detail\":\"words\",\"occurred_at\":\"" NOW_TEXT "\",\"previous_hash\":\"" ABS
        "\",\"hash\":\"" ABS "\"}";
    assert_string_equal(event_json(&event), expected);
    an_event_is_written(state); /* and nothing of it stays behind */
    assert_string_equal(event_json(&event), expected);
}

static bool json_has(const char *json, const char *name, const char *symbol) {
    json_t *object = json_loads(json, 0, NULL);
    const char *found = json_string_value(json_object_get(object, name));
    bool has = found != NULL && symbol != NULL && strcmp(found, symbol) == 0;
    json_decref(object);
    return has;
}

static void every_word_has_its_symbol(void **state) {
    (void)state;
    struct audit_event event = booked();
    event.has_old_state = true;
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        event.old_state = (enum state)i;
        event.new_state = (enum state)(STATE_COUNT - 1 - i);
        const char *json = event_json(&event);
        assert_true(json_has(json, "old_state", state_symbol(event.old_state)));
        assert_true(json_has(json, "new_state", state_symbol(event.new_state)));
    }
    for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        event.reason = (enum reason)i;
        assert_true(json_has(event_json(&event), "reason", reason_symbol(event.reason)));
    }
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        event.actor_role = (enum role)i;
        assert_true(json_has(event_json(&event), "actor_role", role_symbol(event.actor_role)));
    }
    for (unsigned i = 0; i < ENTITY_COUNT; i++) {
        event.entity = (enum entity)i;
        assert_true(json_has(event_json(&event), "entity", entity_symbol(event.entity)));
    }
}

static void an_event_is_read_by_its_chain(void **state) {
    (void)state;
    struct audit_event event = booked();
    struct event_summary summary;
    struct view body = codec_encode_event(fixture.codec, fixture.arena, &event);
    assert_true(
        codec_read_event(fixture.codec, codec_event_fingerprint(fixture.codec), body, &summary));
    assert_true(uuid_equal(summary.event_id, event.event_id));
    assert_true(uuid_equal(summary.chain_id, event.slot_id));
    assert_int_equal(summary.occurred_at_us, NOW_US);
    event.has_slot_id = false;
    body = codec_encode_event(fixture.codec, fixture.arena, &event);
    assert_true(
        codec_read_event(fixture.codec, codec_event_fingerprint(fixture.codec), body, &summary));
    assert_true(uuid_equal(summary.chain_id, event.entity_id));
}

static void other_bytes_are_no_summary(void **state) {
    (void)state;
    struct outcome outcome = accepted();
    struct audit_event event = booked();
    struct outcome_summary outcome_summary;
    struct event_summary event_summary;
    struct view body = codec_encode_outcome(fixture.codec, fixture.arena, &outcome);
    struct view event_body = codec_encode_event(fixture.codec, fixture.arena, &event);
    for (size_t cut = 0; cut < body.size; cut++) {
        assert_false(codec_read_outcome(
            fixture.codec,
            codec_outcome_fingerprint(fixture.codec),
            view_of(body.data, cut),
            &outcome_summary));
    }
    for (size_t cut = 0; cut < event_body.size; cut++) {
        assert_false(codec_read_event(
            fixture.codec,
            codec_event_fingerprint(fixture.codec),
            view_of(event_body.data, cut),
            &event_summary));
    }
    assert_false(codec_read_outcome(
        fixture.codec, codec_outcome_fingerprint(fixture.codec), event_body, &outcome_summary));
    assert_false(codec_read_event(
        fixture.codec, codec_event_fingerprint(fixture.codec), body, &event_summary));
    assert_null(codec_to_json(
        fixture.codec, fixture.arena, schema_of("slotkeeper.event.Outcome"), event_body));
}

/* A code of a later version of the service is no code of ours. */
static void a_code_that_is_not_ours_is_not_read(void **state) {
    (void)state;
    struct outcome outcome = accepted();
    struct outcome_summary summary;
    outcome.code = CODE_SLOT_TAKEN;
    struct view body = codec_encode_outcome(fixture.codec, fixture.arena, &outcome);
    uint8_t *found = memmem(body.data, body.size, "SLOT_TAKEN", 10);
    assert_non_null(found);
    found[9] = 'X';
    assert_false(codec_read_outcome(
        fixture.codec, codec_outcome_fingerprint(fixture.codec), body, &summary));
}

static void fingerprints_are_those_of_the_schemas(void **state) {
    (void)state;
    assert_int_equal(
        codec_outcome_fingerprint(fixture.codec),
        schema_fingerprint(schema_of("slotkeeper.event.Outcome")));
    assert_int_equal(
        codec_event_fingerprint(fixture.codec),
        schema_fingerprint(schema_of("slotkeeper.event.AuditEvent")));
}

/* A time outside the calendar is printed as the number that it is. */
static void json_of_odd_values_is_json(void **state) {
    (void)state;
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_long(&body, INT64_MAX);
    assert_string_equal(
        codec_to_json(
            fixture.codec,
            fixture.arena,
            schema_of("slotkeeper.command.PurgeHistory"),
            view_of_body(&body)),
        "{\"command_id\":\"" COMMAND_ID "\",\"before\":9223372036854775807}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outcome_without_result_is_written),
        cmocka_unit_test(a_slot_is_written),
        cmocka_unit_test(an_appointment_is_written),
        cmocka_unit_test(every_code_is_written_and_read),
        cmocka_unit_test(an_event_is_written),
        cmocka_unit_test(an_event_with_everything_is_written),
        cmocka_unit_test(every_word_has_its_symbol),
        cmocka_unit_test(an_event_is_read_by_its_chain),
        cmocka_unit_test(other_bytes_are_no_summary),
        cmocka_unit_test(a_code_that_is_not_ours_is_not_read),
        cmocka_unit_test(fingerprints_are_those_of_the_schemas),
        cmocka_unit_test(json_of_odd_values_is_json),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
