/* What the commands of accounts answer, and the outcome without it. */
#include "wire_fixture.h"

#define ACCOUNT_ID "0e000000-0000-4000-8000-00000000000e"
#define OUTCOME_ID "10000000-0000-8000-8000-000000000010"
#define NOW_US     INT64_C(1795369634123456)
#define NOW_TEXT   "2026-11-22T17:47:14.123456Z"

enum { SEAL_KEYS = 16 };

static const char outcome_schema[] = "slotkeeper.event.Outcome";

static struct outcome outcome_of(struct result result) {
    return (struct outcome){
        .outcome_id = uuid_of(OUTCOME_ID),
        .command_id = uuid_of(COMMAND_ID),
        .has_command_id = true,
        .command = "slotkeeper.command.LogIn",
        .code = CODE_ACCEPTED,
        .decided_at_us = NOW_US,
        .retry_after_ms = -1,
        .result = result,
    };
}

static struct result account(enum role role, enum state state) {
    return (struct result){
        .type = RESULT_ACCOUNT,
        .as.account = {.account_id = uuid_of(ACCOUNT_ID), .role = role, .state = state}};
}

static struct result session(struct view sealed) {
    return (struct result){
        .type = RESULT_SESSION,
        .as.session = {.account_id = uuid_of(ACCOUNT_ID), .token_version = 7, .sealed = sealed}};
}

static struct result service_keys(const struct seal_key_result *keys, size_t count) {
    return (struct result){
        .type = RESULT_SERVICE_KEYS,
        .as.service_keys = {
            .seal_keys = keys,
            .seal_key_count = count,
            .jwks = "{\"keys\":[]}",
            .statement = "header.claims.signature"}};
}

static struct view encode(struct result result) {
    struct outcome outcome = outcome_of(result);
    return codec_encode_outcome(fixture.codec, fixture.arena, &outcome);
}

#define START                                                                                      \
    "{\"outcome_id\":\"" OUTCOME_ID "\",\"caller\":null,\"command_id\":\"" COMMAND_ID              \
    "\",\"command\":\"slotkeeper.command.LogIn\",\"status\":\"ACCEPTED\",\"code\":\"\","           \
    "\"message\":\"\",\"decided_at\":\"" NOW_TEXT "\",\"retry_after_ms\":null,\"result\":"

static void assert_body(struct view body, const char *result) {
    const char *json = codec_to_json(fixture.codec, fixture.arena, schema_of(outcome_schema), body);
    assert_non_null(json);
    assert_true(view_starts_with(view_text(json), view_text(START)));
    char *ending = arena_take(fixture.arena, strlen(result) + 2);
    (void)snprintf(ending, strlen(result) + 2, "%s}", result);
    assert_string_equal(json + strlen(START), ending);
}

static void an_account_is_written(void **state) {
    (void)state;

    static const enum state states[] = {STATE_ACTIVE, STATE_DEACTIVATED, STATE_ERASED};

    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        for (size_t i = 0; i < 3; i++) {
            char expected[256];
            (void)snprintf(
                expected,
                sizeof expected,
                "{\"account_id\":\"" ACCOUNT_ID "\",\"role\":\"%s\",\"state\":\"%s\"}",
                role_symbol((enum role)role),
                state_symbol(states[i]));
            assert_body(encode(account((enum role)role, states[i])), expected);
        }
    }
}

static void a_session_is_written(void **state) {
    (void)state;
    uint8_t box[1024];
    memset(box, 0x5a, sizeof box);
    assert_body(encode(session(view_of("\x00\xff\x10", 3))), "{\"sealed\":\"00ff10\"}");
    struct view body = encode(session(view_of(box, sizeof box)));
    const char *json = codec_to_json(fixture.codec, fixture.arena, schema_of(outcome_schema), body);
    assert_non_null(json);
    size_t fives = 0;
    for (const char *at = strstr(json, "sealed"); *at != '\0'; at++) {
        fives += *at == '5' ? 1 : 0;
    }
    assert_int_equal(fives, sizeof box);
    /* a shorter one after it is not longer than it is */
    assert_body(encode(session(view_of("\x01", 1))), "{\"sealed\":\"01\"}");
}

#define KEYS_END "],\"jwks\":\"{\\\"keys\\\":[]}\",\"statement\":\"header.claims.signature\"}"

static void the_services_keys_are_written(void **state) {
    (void)state;
    uint8_t first[32];
    uint8_t second[32];
    memset(first, 0x01, sizeof first);
    memset(second, 0xfe, sizeof second);
    const struct seal_key_result keys[] = {{"k2", first}, {"k1", second}};
    static const char both[] =
        "{\"seal_keys\":[{\"key_id\":\"k2\",\"public_key\":"
        "\"0101010101010101010101010101010101010101010101010101010101010101\"},"
        "{\"key_id\":\"k1\",\"public_key\":"
        "\"fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe\"}" KEYS_END;
    static const char one[] =
        "{\"seal_keys\":[{\"key_id\":\"k1\",\"public_key\":"
        "\"fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe\"}" KEYS_END;
    assert_body(encode(service_keys(keys, 2)), both);
    assert_body(encode(service_keys(keys + 1, 1)), one); /* the list begins anew each time */
    assert_body(encode(service_keys(keys, 0)), "{\"seal_keys\":[" KEYS_END);
    assert_body(encode(service_keys(keys, 2)), both);
}

static struct result purged(bool more) {
    return (struct result){
        .type = RESULT_PURGED,
        .as.purged = {.slots = 1, .appointments = 2, .events = INT64_C(5000000000), .more = more}};
}

static void what_was_purged_is_written(void **state) {
    (void)state;
    assert_body(
        encode(purged(true)),
        "{\"slots\":1,\"appointments\":2,\"events\":5000000000,\"more\":true}");
    assert_body(
        encode(purged(false)),
        "{\"slots\":1,\"appointments\":2,\"events\":5000000000,\"more\":false}");
}

/* Each kind after each other one: nothing of the one before stays behind. */
static void results_follow_one_another(void **state) {
    (void)state;
    uint8_t key[32] = {0};
    const struct seal_key_result keys[] = {{"k1", key}};
    const struct result results[] = {
        {.type = RESULT_NONE},
        {.type = RESULT_SLOT, .as.slot = {.state = STATE_WITHDRAWN}},
        {.type = RESULT_APPOINTMENT, .as.appointment = {.state = STATE_NOSHOW}},
        account(ROLE_ADMIN, STATE_ERASED),
        session(view_of("\x01", 1)),
        service_keys(keys, 1),
    };

    enum { COUNT = sizeof results / sizeof *results };
    struct view alone[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        alone[i] = encode(results[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            struct view before = encode(results[i]);
            assert_true(before.size > 0);
            assert_true(view_equal(encode(results[j]), alone[j]));
        }
    }
}

#define SLOT_ID_2 "0b000000-0000-4000-8000-00000000000b"

static void pages_of_slots_follow_one_another(void **state) {
    (void)state;
    const struct slot_result slots[] = {
        {.slot_id = uuid_of(SLOT_ID),
         .doctor_id = uuid_of(ACCOUNT_ID),
         .starts_at_us = NOW_US,
         .ends_at_us = NOW_US,
         .state = STATE_OPEN},
        {.slot_id = uuid_of(SLOT_ID_2),
         .doctor_id = uuid_of(ACCOUNT_ID),
         .starts_at_us = NOW_US,
         .ends_at_us = NOW_US,
         .state = STATE_OPEN},
    };
    struct result page = {
        .type = RESULT_SLOT_PAGE, .as.slot_page = {slots, 2, view_of("\x00\xff", 2)}};
#define SLOT_JSON(id)                                                                              \
    "{\"slot_id\":\"" id "\",\"doctor_id\":\"" ACCOUNT_ID "\",\"starts_at\":\"" NOW_TEXT           \
    "\",\"ends_at\":\"" NOW_TEXT "\",\"state\":\"OPEN\"}"
    assert_body(
        encode(page),
        "{\"items\":[" SLOT_JSON(SLOT_ID) "," SLOT_JSON(SLOT_ID_2) "],\"next_cursor\":\"00ff\"}");
    page.as.slot_page = (struct slot_page_result){slots, 1, {NULL, 0}};
    assert_body(encode(page), "{\"items\":[" SLOT_JSON(SLOT_ID) "],\"next_cursor\":null}");
    page.as.slot_page.count = 0;
    assert_body(encode(page), "{\"items\":[],\"next_cursor\":null}");
}

static void a_page_of_appointments_is_written(void **state) {
    (void)state;
    const struct appointment_result appointment = {
        .appointment_id = uuid_of(OUTCOME_ID),
        .slot_id = uuid_of(SLOT_ID),
        .doctor_id = uuid_of(ACCOUNT_ID),
        .patient_id = uuid_of(COMMAND_ID),
        .starts_at_us = NOW_US,
        .ends_at_us = NOW_US,
        .state = STATE_NOSHOW,
        .has_rescheduled_to = true,
        .rescheduled_to = uuid_of(SLOT_ID_2)};
    assert_body(
        encode((struct result){
            .type = RESULT_APPOINTMENT_PAGE, .as.appointment_page = {&appointment, 1, {NULL, 0}}}),
        "{\"items\":[{\"appointment_id\":\"" OUTCOME_ID "\",\"slot_id\":\"" SLOT_ID
        "\",\"doctor_id\":\"" ACCOUNT_ID "\",\"patient_id\":\"" COMMAND_ID
        "\",\"starts_at\":\"" NOW_TEXT "\",\"ends_at\":\"" NOW_TEXT
        "\",\"state\":\"NOSHOW\",\"rescheduled_from\":null,\"rescheduled_to\":\"" SLOT_ID_2
        "\"}],\"next_cursor\":null}");
}

/* An event on a page is the event on the audit topic, field by field. */
static void a_page_of_history_holds_events_as_they_are(void **state) {
    (void)state;
    const struct audit_event event = {
        .event_id = uuid_of(OUTCOME_ID),
        .entity = ENTITY_APPOINTMENT,
        .entity_id = uuid_of(SLOT_ID_2),
        .has_slot_id = true,
        .slot_id = uuid_of(SLOT_ID),
        .sequence = 3,
        .has_old_state = true,
        .old_state = STATE_BOOKED,
        .new_state = STATE_CANCELLED,
        .actor_id = uuid_of(ACCOUNT_ID),
        .actor_role = ROLE_PATIENT,
        .command_id = uuid_of(COMMAND_ID),
        .reason = REASON_RESCHEDULED,
        .has_related_id = true,
        .related_id = uuid_of(ACCOUNT_ID),
        .detail = "a detail",
        .occurred_at_us = NOW_US,
        .previous_hash = {{1}},
        .hash = {{2}}};
    const char *alone = codec_to_json(
        fixture.codec,
        fixture.arena,
        schema_of("slotkeeper.event.AuditEvent"),
        codec_encode_event(fixture.codec, fixture.arena, &event));
    char page[4096];
    (void)snprintf(page, sizeof page, "{\"items\":[%s],\"next_cursor\":\"01\"}", alone);
    assert_body(
        encode((struct result){
            .type = RESULT_HISTORY_PAGE, .as.history_page = {&event, 1, view_of("\x01", 1)}}),
        page);
}

static void assert_taken_away(struct result result) {
    struct outcome_summary summary;
    struct view body = encode(result);
    struct view bare = codec_outcome_without_result(
        fixture.codec, fixture.arena, codec_outcome_fingerprint(fixture.codec), body);
    assert_body(bare, "null");
    assert_true(view_equal(bare, encode((struct result){.type = RESULT_NONE})));
    assert_true(codec_read_outcome(
        fixture.codec, codec_outcome_fingerprint(fixture.codec), body, &summary));
    assert_true(uuid_equal(summary.outcome_id, uuid_of(OUTCOME_ID)));
    assert_int_equal(summary.code, CODE_ACCEPTED);
    assert_int_equal(summary.decided_at_us, NOW_US);
}

static void any_result_can_be_taken_away(void **state) {
    (void)state;
    uint8_t key[32] = {0};
    struct seal_key_result keys[SEAL_KEYS];
    for (size_t i = 0; i < SEAL_KEYS; i++) {
        keys[i] = (struct seal_key_result){"a-key", key};
    }
    assert_taken_away((struct result){.type = RESULT_NONE});
    assert_taken_away((struct result){.type = RESULT_SLOT, .as.slot = {.state = STATE_OPEN}});
    assert_taken_away(
        (struct result){.type = RESULT_APPOINTMENT, .as.appointment = {.state = STATE_BOOKED}});
    assert_taken_away(account(ROLE_DOCTOR, STATE_DEACTIVATED));
    assert_taken_away(session(view_text("any bytes")));
    assert_taken_away(service_keys(keys, 0));
    assert_taken_away(service_keys(keys, SEAL_KEYS));
}

/* The audit trail of an account: a password changed, nothing else. */
static void an_accounts_events_are_written(void **state) {
    (void)state;

    static const enum reason reasons[] = {
        REASON_PASSWORD_CHANGED, REASON_PASSWORD_RESET, REASON_NONE};

    for (size_t i = 0; i < 3; i++) {
        struct event_summary summary;
        struct audit_event event = {
            .event_id = uuid_of(OUTCOME_ID),
            .entity = ENTITY_ACCOUNT,
            .entity_id = uuid_of(ACCOUNT_ID),
            .sequence = 3,
            .has_old_state = true,
            .old_state = STATE_ACTIVE,
            .new_state = STATE_ACTIVE,
            .actor_id = uuid_of(ACCOUNT_ID),
            .actor_role = ROLE_DOCTOR,
            .command_id = uuid_of(COMMAND_ID),
            .reason = reasons[i],
            .occurred_at_us = NOW_US,
        };
        struct view body = codec_encode_event(fixture.codec, fixture.arena, &event);
        assert_true(codec_read_event(
            fixture.codec, codec_event_fingerprint(fixture.codec), body, &summary));
        assert_true(uuid_equal(summary.chain_id, uuid_of(ACCOUNT_ID)));
        assert_true(uuid_equal(summary.event_id, uuid_of(OUTCOME_ID)));
        assert_int_equal(summary.occurred_at_us, NOW_US);
        json_t *json = json_loads(
            codec_to_json(
                fixture.codec, fixture.arena, schema_of("slotkeeper.event.AuditEvent"), body),
            0,
            NULL);
        const json_t *reason = json_object_get(json, "reason");
        assert_true(json_is_null(json_object_get(json, "slot_id")));
        assert_string_equal(json_string_value(json_object_get(json, "new_state")), "ACTIVE");
        if (reasons[i] == REASON_NONE) {
            assert_true(json_is_null(reason));
        } else {
            assert_string_equal(json_string_value(reason), reason_symbol(reasons[i]));
        }
        json_decref(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_is_written),
        cmocka_unit_test(a_session_is_written),
        cmocka_unit_test(the_services_keys_are_written),
        cmocka_unit_test(what_was_purged_is_written),
        cmocka_unit_test(results_follow_one_another),
        cmocka_unit_test(any_result_can_be_taken_away),
        cmocka_unit_test(pages_of_slots_follow_one_another),
        cmocka_unit_test(a_page_of_appointments_is_written),
        cmocka_unit_test(a_page_of_history_holds_events_as_they_are),
        cmocka_unit_test(an_accounts_events_are_written),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
