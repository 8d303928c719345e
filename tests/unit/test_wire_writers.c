/* Writers of other releases: what they add, lack and have in another order, once their schema is
 * known. Each is our own schema, changed; fields are added at its end, so that a body is ours and
 * what follows. */
#include "wire_fixture.h"

#define ACCOUNT_ID     "0e000000-0000-4000-8000-00000000000e"
#define APPOINTMENT_ID "0c000000-0000-4000-8000-00000000000c"
#define OUTCOME_ID     "10000000-0000-8000-8000-000000000010"
#define NOW_US         INT64_C(1795369634123456)
#define NOTE           "{\"name\":\"note\",\"type\":\"string\",\"default\":\"\"}"

static const char book_slot[] = "slotkeeper.command.BookSlot";
static const char cancel[] = "slotkeeper.command.CancelAppointment";
static const char credentials[] = "slotkeeper.command.Credentials";
static const char outcome_name[] = "slotkeeper.event.Outcome";
static const char event_name[] = "slotkeeper.event.AuditEvent";
static const char token_name[] = "slotkeeper.event.Token";

/* ---- schemas ---- */

static json_t *json_of(const char *full_name) {
    json_t *json = json_loads(schema_text(schema_of(full_name)), 0, NULL);
    assert_non_null(json);
    return json;
}

static const char *text_of(json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT);
    assert_non_null(text);
    const char *copy = arena_text(fixture.arena, view_text(text));
    free(text);
    json_decref(json);
    return copy;
}

static const char *with_field(const char *full_name, const char *field) {
    json_t *json = json_of(full_name);
    json_t *added = json_loads(field, 0, NULL);
    assert_int_equal(json_array_append_new(json_object_get(json, "fields"), added), 0);
    return text_of(json);
}

static size_t place_of(const json_t *fields, const char *name) {
    size_t index = 0;
    const json_t *field = NULL;
    json_array_foreach(fields, index, field) {
        if (strcmp(json_string_value(json_object_get(field, "name")), name) == 0) {
            return index;
        }
    }
    fail_msg("no field %s", name);
    return index;
}

static const char *without_field(const char *full_name, const char *name) {
    json_t *json = json_of(full_name);
    json_t *fields = json_object_get(json, "fields");
    assert_int_equal(json_array_remove(fields, place_of(fields, name)), 0);
    return text_of(json);
}

/* With one more symbol in the enum that is the second branch of the field. */
static const char *with_symbol(const char *full_name, const char *name, const char *symbol) {
    json_t *json = json_of(full_name);
    json_t *fields = json_object_get(json, "fields");
    json_t *type = json_object_get(json_array_get(fields, place_of(fields, name)), "type");
    json_t *symbols = json_object_get(json_array_get(type, 1), "symbols");
    assert_int_equal(json_array_append_new(symbols, json_string(symbol)), 0);
    return text_of(json);
}

static uint64_t fingerprint_of(const char *text) {
    struct schema schema;
    struct error error;
    assert_int_equal(schema_init(&schema, text, fixture.arena, &error), STATUS_OK);
    uint64_t fingerprint = schema.fingerprint;
    schema_clean_up(&schema);
    return fingerprint;
}

/* Its fingerprint. */
static uint64_t add_schema(const char *text) {
    struct error error = {""};
    bool added = false;
    enum status status = schemas_add(fixture.schemas, view_text(text), &added, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(status, STATUS_OK);
    assert_true(added);
    return fingerprint_of(text);
}

static void assert_not_added(struct view text, const char *words) {
    struct error error = {""};
    bool added = true;
    assert_int_equal(schemas_add(fixture.schemas, text, &added, &error), STATUS_INVALID);
    assert_false(added);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
    }
}

/* ---- bodies ---- */

static struct view framed_as(uint64_t fingerprint, const struct body *body) {
    return frame_single_object(fixture.arena, fingerprint, view_of_body(body));
}

static struct body body_of(struct view bytes) {
    struct body body = {.size = 0};
    add_bytes(&body, bytes.data, bytes.size);
    return body;
}

static struct body body_of_book_slot(void) {
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    return body;
}

static struct body body_of_cancel(void) {
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    add_text(&body, APPOINTMENT_ID);
    return body;
}

static struct digest content_hash(const struct decoded *decoded) {
    struct digest hash;
    command_content_hash(&decoded->command, &hash);
    return hash;
}

/* ---- requests ---- */

/* The codecs were made before, as those of a running worker. */
static void a_newer_writer_is_unknown_until_its_schema_is_added(void **state) {
    (void)state;
    struct decoded ours;
    struct decoded theirs;
    const char *text = with_field(book_slot, NOTE);
    struct body body = body_of_book_slot();
    struct view own = framed(book_slot, view_of_body(&body));
    add_text(&body, "by telephone");
    struct view value = framed_as(fingerprint_of(text), &body);
    assert_int_equal(decode(value, &theirs), CODE_UNKNOWN_SCHEMA);
    assert_null(theirs.command_name);
    (void)add_schema(text);
    assert_int_equal(decode(own, &ours), CODE_ACCEPTED);
    assert_int_equal(decode(value, &theirs), CODE_ACCEPTED);
    assert_string_equal(theirs.command_name, book_slot);
    assert_true(uuid_equal(theirs.command.command_id, uuid_of(COMMAND_ID)));
    assert_true(uuid_equal(command_value(&theirs.command, "slot_id")->as.uuid, uuid_of(SLOT_ID)));
    /* So a repeat by the other release is a repeat. */
    struct digest first = content_hash(&ours);
    struct digest second = content_hash(&theirs);
    assert_true(digest_equal(&first, &second));
    assert_int_equal(decode_on(LANE_ACCOUNTS, value, &theirs), CODE_UNKNOWN_SCHEMA);
    assert_true(theirs.has_command_id);
}

static void an_older_writer_lacks_a_field(void **state) {
    (void)state;
    struct decoded decoded;
    uint64_t fingerprint = add_schema(without_field(cancel, "reason"));
    struct body body = body_of_cancel();
    assert_int_equal(decode(framed_as(fingerprint, &body), &decoded), CODE_ACCEPTED);
    assert_false(command_value(&decoded.command, "reason")->present);
    assert_true(uuid_equal(
        command_value(&decoded.command, "appointment_id")->as.uuid, uuid_of(APPOINTMENT_ID)));
    add_byte(&body, 0);
    assert_int_equal(decode(framed_as(fingerprint, &body), &decoded), CODE_MALFORMED);
    assert_true(decoded.has_command_id);
}

static void a_symbol_of_later_is_the_default(void **state) {
    (void)state;
    struct decoded decoded;
    uint64_t fingerprint = add_schema(with_symbol(cancel, "reason", "WEATHER"));
    struct body body = body_of_cancel();
    add_long(&body, 1);
    add_long(&body, 5);
    assert_int_equal(decode(framed_as(fingerprint, &body), &decoded), CODE_ACCEPTED);
    assert_int_equal(command_value(&decoded.command, "reason")->as.reason, REASON_OTHER);
    assert_int_equal(
        decode(framed(cancel, view_of_body(&body)), &decoded), CODE_MALFORMED); /* not of ours */
}

static void credentials_of_others_are_read(void **state) {
    (void)state;
    static const struct field_text fields[] = {
        {"command_id", COMMAND_ID},
        {"command", "slotkeeper.command.LogIn"},
        {"issued_at", "2026-11-22T17:47:14.123456Z"},
        {"reply_key", "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fff"},
        {"login", "zoe"},
        {"password", "correct horse"},
    };
    struct command command;
    struct decoded decoded;
    uint64_t fingerprint = add_schema(with_field(credentials, NOTE));
    struct body body = body_of(body_from_text(credentials, fields, 6));
    add_text(&body, "from a new device");
    struct view content = framed_as(fingerprint, &body);
    struct codec *codec = fixture.lanes[LANE_ACCOUNTS];
    assert_true(codec_decode_credentials(codec, content, &command));
    assert_true(view_is(command_value(&command, "password")->as.bytes, "correct horse"));
    assert_false(command_value(&command, "new_password")->present);
    /* Never a request of its own, nor another record as credentials. */
    assert_int_equal(decode_on(LANE_ACCOUNTS, content, &decoded), CODE_UNKNOWN_SCHEMA);
    assert_int_equal(
        decode_on(LANE_ACCOUNTS, framed(credentials, view_of_body(&body)), &decoded),
        CODE_UNKNOWN_SCHEMA);
    struct body other = body_of_book_slot();
    assert_false(
        codec_decode_credentials(codec, framed(book_slot, view_of_body(&other)), &command));
}

/* ---- answers ---- */

static void assert_outcome(uint64_t fingerprint, struct view body) {
    struct outcome_summary summary = {.code = CODE_INTERNAL};
    assert_true(codec_read_outcome(fixture.codec, fingerprint, body, &summary));
    assert_true(uuid_equal(summary.outcome_id, uuid_of(OUTCOME_ID)));
    assert_int_equal(summary.code, CODE_ACCEPTED);
    assert_int_equal(summary.decided_at_us, NOW_US);
}

static struct outcome account_outcome(void) {
    return (struct outcome){
        .outcome_id = uuid_of(OUTCOME_ID),
        .command = book_slot,
        .code = CODE_ACCEPTED,
        .decided_at_us = NOW_US,
        .retry_after_ms = -1,
        .result =
            {.type = RESULT_ACCOUNT,
             .as.account = {uuid_of(ACCOUNT_ID), ROLE_PATIENT, STATE_ACTIVE}},
    };
}

/* Without retry_after_ms, as an earlier release may have stored it. */
static void an_older_outcome_is_read(void **state) {
    (void)state;
    uint64_t fingerprint = add_schema(without_field(outcome_name, "retry_after_ms"));
    struct body body = {.size = 0};
    add_text(&body, OUTCOME_ID);
    add_long(&body, 0); /* caller, command_id, command: null */
    add_long(&body, 0);
    add_long(&body, 0);
    add_long(&body, 0); /* ACCEPTED */
    add_text(&body, "");
    add_text(&body, "");
    add_long(&body, NOW_US);
    add_long(&body, 0);
    assert_outcome(fingerprint, view_of_body(&body));
    struct outcome_summary summary;
    assert_false(codec_read_outcome(
        fixture.codec, codec_outcome_fingerprint(fixture.codec), view_of_body(&body), &summary));
    assert_false(codec_read_outcome(fixture.codec, 17, view_of_body(&body), &summary));
    assert_false(codec_read_outcome(
        fixture.codec, schema_of(book_slot)->fingerprint, view_of_body(&body), &summary));
}

/* The result goes, what stands behind it stays. */
static void a_newer_outcome_loses_its_result_alone(void **state) {
    (void)state;
    const struct outcome outcome = account_outcome();
    struct outcome bare = outcome;
    bare.result = (struct result){.type = RESULT_NONE};
    uint64_t fingerprint = add_schema(with_field(outcome_name, NOTE));
    struct body body = body_of(codec_encode_outcome(fixture.codec, fixture.arena, &outcome));
    struct body expected = body_of(codec_encode_outcome(fixture.codec, fixture.arena, &bare));
    add_text(&body, "kept");
    add_text(&expected, "kept");
    assert_outcome(fingerprint, view_of_body(&body));
    struct view redacted = codec_outcome_without_result(
        fixture.codec, fixture.arena, fingerprint, view_of_body(&body));
    assert_true(view_equal(redacted, view_of_body(&expected)));
    assert_outcome(fingerprint, redacted);
}

static void an_older_event_is_read(void **state) {
    (void)state;
    struct event_summary summary;
    struct audit_event event = {
        .event_id = uuid_of(OUTCOME_ID),
        .entity = ENTITY_ACCOUNT,
        .entity_id = uuid_of(ACCOUNT_ID),
        .sequence = 1,
        .new_state = STATE_ACTIVE,
        .reason = REASON_NONE,
        .occurred_at_us = NOW_US,
    };
    uint64_t fingerprint = add_schema(with_field(event_name, NOTE));
    struct body body = body_of(codec_encode_event(fixture.codec, fixture.arena, &event));
    add_text(&body, "");
    assert_true(codec_read_event(fixture.codec, fingerprint, view_of_body(&body), &summary));
    assert_true(uuid_equal(summary.event_id, uuid_of(OUTCOME_ID)));
    assert_true(uuid_equal(summary.chain_id, uuid_of(ACCOUNT_ID)));
    assert_int_equal(summary.occurred_at_us, NOW_US);
    assert_false(codec_read_event(
        fixture.codec, codec_event_fingerprint(fixture.codec), view_of_body(&body), &summary));
}

static void a_newer_token_is_read(void **state) {
    (void)state;
    struct token_content content;
    const struct token_record token = {
        .command_id = uuid_of(COMMAND_ID),
        .account_id = uuid_of(ACCOUNT_ID),
        .role = ROLE_DOCTOR,
        .token = "a.b.c",
        .expires_at_us = NOW_US,
    };
    uint64_t own = 0;
    struct view bare;
    uint64_t fingerprint = add_schema(with_field(token_name, NOTE));
    assert_true(unframe_single_object(
        codec_encode_token(fixture.codec, fixture.arena, &token), &own, &bare));
    struct body body = body_of(bare);
    add_text(&body, "");
    assert_true(codec_read_token(fixture.codec, framed_as(fingerprint, &body), &content));
    assert_int_equal(content.role, ROLE_DOCTOR);
    assert_true(view_is(content.token, "a.b.c"));
    assert_int_equal(content.expires_at_us, NOW_US);
    assert_false(codec_read_token(fixture.codec, framed_as(own, &body), &content));
}

/* ---- what is not taken ---- */

static void what_cannot_be_read_as_ours_is_not_added(void **state) {
    (void)state;
    assert_not_added(view_text("{"), "JSON");
    assert_not_added(view_text("[\"string\"]"), "record");
    assert_not_added(view_of("{\0}", 3), "NUL");
    assert_not_added(
        view_text("{\"type\":\"record\",\"name\":\"slotkeeper.command.Fly\",\"fields\":[]}"),
        "Fly");
    assert_not_added(view_text(without_field(book_slot, "slot_id")), "slot_id");
    assert_not_added(view_text(without_field(book_slot, "command_id")), "command_id");
    assert_not_added(view_text(without_field(credentials, "password")), "password");
    assert_not_added(view_text(without_field(outcome_name, "result")), "result");
    assert_not_added(view_text(without_field(outcome_name, "code")), "code");
    assert_not_added(view_text(without_field(event_name, "occurred_at")), "occurred_at");
    assert_not_added(view_text(without_field(token_name, "token")), "token");
    char *text = arena_take(fixture.arena, 64 * 1024 + 2);
    memset(text, ' ', 64 * 1024 + 1);
    assert_not_added(view_text(text), "64 KiB");
}

static void a_record_of_too_many_fields_is_not_added(void **state) {
    (void)state;
    char name[80];
    json_t *json = json_of(book_slot);
    for (size_t i = 0; i < SCHEMA_FIELDS_MAX; i++) {
        (void)snprintf(name, sizeof name, "f%zu", i);
        json_t *field = json_pack("{s:s,s:s,s:s}", "name", name, "type", "string", "default", "");
        assert_int_equal(json_array_append_new(json_object_get(json, "fields"), field), 0);
    }
    assert_not_added(view_text(text_of(json)), "too many fields");
}

static void what_is_known_is_not_added_again(void **state) {
    (void)state;
    struct error error;
    bool added = true;
    struct view text = view_text(schema_text(schema_of(book_slot)));
    assert_int_equal(schemas_add(fixture.schemas, text, &added, &error), STATUS_OK);
    assert_false(added);
    const char *other = with_field(book_slot, "{\"name\":\"w\",\"type\":\"int\",\"default\":1}");
    (void)add_schema(other);
    added = true;
    assert_int_equal(schemas_add(fixture.schemas, view_text(other), &added, &error), STATUS_OK);
    assert_false(added);
}

/* The last test: it leaves no room. */
static void there_is_a_bound(void **state) {
    (void)state;
    char field[80];
    struct error error = {""};
    enum status status = STATUS_OK;
    size_t count = 0;
    for (; status == STATUS_OK && count <= SCHEMAS_ADDED_MAX; count++) {
        bool added = false;
        (void)snprintf(
            field, sizeof field, "{\"name\":\"f%zu\",\"type\":\"int\",\"default\":1}", count);
        status =
            schemas_add(fixture.schemas, view_text(with_field(book_slot, field)), &added, &error);
        assert_int_equal(added, status == STATUS_OK);
    }
    assert_int_equal(status, STATUS_INVALID);
    assert_non_null(strstr(error.text, "one too many"));
    assert_true(count > SCHEMAS_ADDED_MAX / 2);
    size_t last = schemas_capacity(fixture.schemas) - 1;
    assert_non_null(schemas_any_at(fixture.schemas, last));
    assert_null(schemas_any_at(fixture.schemas, last + 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_writer_is_unknown_until_its_schema_is_added),
        cmocka_unit_test(an_older_writer_lacks_a_field),
        cmocka_unit_test(a_symbol_of_later_is_the_default),
        cmocka_unit_test(credentials_of_others_are_read),
        cmocka_unit_test(an_older_outcome_is_read),
        cmocka_unit_test(a_newer_outcome_loses_its_result_alone),
        cmocka_unit_test(an_older_event_is_read),
        cmocka_unit_test(a_newer_token_is_read),
        cmocka_unit_test(what_cannot_be_read_as_ours_is_not_added),
        cmocka_unit_test(a_record_of_too_many_fields_is_not_added),
        cmocka_unit_test(what_is_known_is_not_added_again),
        cmocka_unit_test(there_is_a_bound),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
