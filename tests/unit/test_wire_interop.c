/* Values written by another Avro implementation (tests/vectors/avro/generate.py): read here, and
 * written here to the same bytes. */
#include "wire_fixture.h"

#define PATIENT_ID "0e000000-0000-4000-8000-00000000000e"
#define NOW_US     INT64_C(1795369634123456)

enum { TEXT_FIELDS_MAX = 16 };

static json_t *vectors(void) {
    char *text = read_test_file("vectors/avro/records.json");
    json_t *list = json_loads(text, 0, NULL);
    free(text);
    assert_true(json_array_size(list) > 40);
    return list;
}

static struct view bytes_of(const char *hex) {
    size_t size = strlen(hex) / 2;
    uint8_t *bytes = arena_take(fixture.arena, size);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return view_of(bytes, size);
}

/* The schema that a vector's value names by its fingerprint, and the body. */
static const struct schema *unframe(const json_t *vector, struct view *body) {
    uint64_t fingerprint = 0;
    struct view value = bytes_of(json_string_value(json_object_get(vector, "framed")));
    assert_true(unframe_single_object(value, &fingerprint, body));
    const struct schema *schema = schemas_by_fingerprint(fixture.schemas, fingerprint);
    assert_non_null(schema);
    assert_string_equal(
        schema_full_name(schema), json_string_value(json_object_get(vector, "schema")));
    return schema;
}

static void values_of_others_are_read(void **state) {
    (void)state;
    json_t *list = vectors();
    size_t index = 0;
    const json_t *vector = NULL;
    json_array_foreach(list, index, vector) {
        struct view body;
        const struct schema *schema = unframe(vector, &body);
        char *text = codec_to_json(fixture.codec, fixture.arena, schema, body);
        assert_non_null(text);
        char *expected = json_dumps(json_object_get(vector, "value"), JSON_COMPACT);
        assert_string_equal(text, expected);
        free(expected);
    }
    json_decref(list);
}

/* A member as somebody would type it; NULL: not in one word. */
static const char *typed(const json_t *json) {
    if (json_is_integer(json)) {
        char *text = arena_take(fixture.arena, 24);
        (void)snprintf(text, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        return text;
    }
    return json_is_null(json) ? "null" : json_string_value(json);
}

static void requests_are_written_to_the_same_bytes(void **state) {
    (void)state;
    json_t *list = vectors();
    size_t index = 0;
    size_t checked = 0;
    json_t *vector = NULL;
    json_array_foreach(list, index, vector) {
        struct view body;
        const struct schema *schema = unframe(vector, &body);
        struct field_text fields[TEXT_FIELDS_MAX];
        size_t count = 0;
        const char *name = NULL;
        json_t *member = NULL;
        json_object_foreach(json_object_get(vector, "value"), name, member) {
            fields[count++] = (struct field_text){name, typed(member)};
        }
        if (schema_is_in(schema, "event")) {
            continue;
        }
        struct view written = body_from_text(schema_full_name(schema), fields, count);
        assert_int_equal(written.size, body.size);
        assert_memory_equal(written.data, body.data, body.size);
        checked++;
    }
    assert_true(checked > 20);
    json_decref(list);
}

/* The framed bytes of the vector of that schema which says so in its value's text. */
static struct view vector_bytes(const char *name, const char *words) {
    json_t *list = vectors();
    struct view found = {0};
    size_t index = 0;
    const json_t *vector = NULL;
    json_array_foreach(list, index, vector) {
        char *text = json_dumps(json_object_get(vector, "value"), JSON_COMPACT);
        if (strcmp(json_string_value(json_object_get(vector, "schema")), name) == 0
            && strstr(text, words) != NULL) {
            assert_null(found.data);
            found = bytes_of(json_string_value(json_object_get(vector, "framed")));
        }
        free(text);
    }
    json_decref(list);
    assert_non_null(found.data);
    return found;
}

static void assert_outcome_bytes(const struct result *result, const char *words) {
    const struct outcome outcome = {
        .outcome_id = uuid_of("10000000-0000-8000-8000-000000000010"),
        .has_caller = true,
        .caller = uuid_of(PATIENT_ID),
        .has_command_id = true,
        .command_id = uuid_of(COMMAND_ID),
        .command = "slotkeeper.command.BookSlot",
        .code = CODE_ACCEPTED,
        .decided_at_us = NOW_US,
        .retry_after_ms = -1,
        .result = *result,
    };
    struct view body = codec_encode_outcome(fixture.codec, fixture.arena, &outcome);
    struct view expected = vector_bytes("slotkeeper.event.Outcome", words);
    assert_true(view_equal(framed("slotkeeper.event.Outcome", body), expected));
}

static void answers_are_written_to_the_same_bytes(void **state) {
    (void)state;
    uint8_t key[32];
    memset(key, 0x01, sizeof key);
    const struct seal_key_result keys[] = {{"k1", key}};
    const struct token_record token = {
        .command_id = uuid_of(COMMAND_ID),
        .account_id = uuid_of(PATIENT_ID),
        .role = ROLE_ADMIN,
        .token = "a.b.c",
        .expires_at_us = NOW_US,
    };
    assert_true(view_equal(
        codec_encode_token(fixture.codec, fixture.arena, &token),
        vector_bytes("slotkeeper.event.Token", "a.b.c")));
    assert_outcome_bytes(
        &(struct result){
            .type = RESULT_ACCOUNT,
            .as.account = {uuid_of(PATIENT_ID), ROLE_PATIENT, STATE_ACTIVE}},
        "ACTIVE");
    assert_outcome_bytes(
        &(struct result){.type = RESULT_SESSION, .as.session.sealed = view_of("\xab", 1)},
        "sealed");
    assert_outcome_bytes(
        &(struct result){
            .type = RESULT_SERVICE_KEYS, .as.service_keys = {keys, 1, "{\"keys\":[]}", "a.b.c"}},
        "seal_keys");
}

static void credentials_of_others_are_decoded(void **state) {
    (void)state;
    struct command command;
    struct view content = vector_bytes("slotkeeper.command.Credentials", "twelve or so");
    assert_true(codec_decode_credentials(fixture.codec, content, &command));
    assert_true(view_is(command_value(&command, "login")->as.bytes, "zo\xc3\xab"));
    assert_true(view_is(command_value(&command, "password")->as.bytes, "twelve or so"));
    assert_int_equal(command_value(&command, "issued_at")->as.time_us, NOW_US);
    assert_false(command_value(&command, "new_password")->present);
    content = vector_bytes("slotkeeper.command.Credentials", "ChangePassword");
    assert_true(codec_decode_credentials(fixture.codec, content, &command));
    assert_true(uuid_equal(command_value(&command, "account_id")->as.uuid, uuid_of(PATIENT_ID)));
    assert_int_equal(command_value(&command, "password")->as.bytes.size, 4 * 128);
    assert_int_equal(command_value(&command, "new_password")->as.bytes.size, 4 * 128);
    assert_true(content.size > 1024); /* which is why boxes of 2,048 bytes are needed, too */
    assert_true(content.size < 2048);
}

static bool starts_with(const char *name, const char *prefix) {
    return view_starts_with(view_text(name), view_text(prefix));
}

/* What a lane's codec makes of the value; true: it is one of that lane's commands. */
static bool assert_decoded(const json_t *vector, enum lane lane) {
    struct decoded decoded;
    const char *name = json_string_value(json_object_get(vector, "schema"));
    struct view value = bytes_of(json_string_value(json_object_get(vector, "framed")));
    const struct command_definition *definition =
        command_definition_find(view_text(strrchr(name, '.') + 1));
    bool ours = definition != NULL && definition->lane == lane;
    assert_int_equal(decode_on(lane, value, &decoded), ours ? CODE_ACCEPTED : CODE_UNKNOWN_SCHEMA);
    if (!starts_with(name, "slotkeeper.event.")) {
        assert_true(decoded.has_command_id);
        assert_true(uuid_equal(decoded.command.command_id, uuid_of(COMMAND_ID)));
        assert_string_equal(decoded.command_name, name);
    }
    return ours;
}

static void commands_of_others_are_decoded(void **state) {
    (void)state;
    json_t *list = vectors();
    size_t index = 0;
    size_t accepted = 0;
    const json_t *vector = NULL;
    json_array_foreach(list, index, vector) {
        for (unsigned i = 0; i < LANE_COUNT; i++) {
            accepted += assert_decoded(vector, (enum lane)i) ? 1 : 0;
        }
    }
    assert_true(accepted >= 18);
    json_decref(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_others_are_read),
        cmocka_unit_test(requests_are_written_to_the_same_bytes),
        cmocka_unit_test(answers_are_written_to_the_same_bytes),
        cmocka_unit_test(credentials_of_others_are_decoded),
        cmocka_unit_test(commands_of_others_are_decoded),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
