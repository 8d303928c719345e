/* What sealed boxes hold: Credentials in a request, Token in an answer. */
#include "wire_fixture.h"

#define ACCOUNT_ID   "0e000000-0000-4000-8000-00000000000e"
#define REPLY_KEY    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fff"
#define LOGIN        "zo\xc3\xab@example.org"
#define PASSWORD     "correct horse \xf0\x9f\x90\x8e"
#define NEW_PASSWORD "battery staple"
#define NOW_US       INT64_C(1795369634123456)
#define NOW_TEXT     "2026-11-22T17:47:14.123456Z"

enum { MUTATIONS = 10000 };

static const char credentials[] = "slotkeeper.command.Credentials";

/* All fields; the first five are those that have no default. */
static const struct field_text fields[] = {
    {"command_id", COMMAND_ID},
    {"command", "slotkeeper.command.ChangePassword"},
    {"issued_at", NOW_TEXT},
    {"reply_key", REPLY_KEY},
    {"password", PASSWORD},
    {"account_id", ACCOUNT_ID},
    {"login", LOGIN},
    {"new_password", NEW_PASSWORD},
};

static struct view content_of(size_t field_count) {
    return framed(credentials, body_from_text(credentials, fields, field_count));
}

static bool decode_content(struct view content, struct command *command) {
    return codec_decode_credentials(fixture.lanes[LANE_ACCOUNTS], content, command);
}

static struct view bytes_of(const struct command *command, const char *field) {
    const struct value *value = command_value(command, field);
    assert_non_null(value);
    assert_true(value->present);
    return value->as.bytes;
}

static bool is_absent(const struct command *command, const char *field) {
    const struct value *value = command_value(command, field);
    return value != NULL && !value->present;
}

static void assert_inside(struct view content, struct view part) {
    assert_true(part.data >= content.data);
    assert_true(part.data + part.size <= content.data + content.size);
}

/* All texts and bytes that are there. */
static void assert_all_inside(struct view content, const struct command *command) {
    const struct field *field = credentials_definition.fields;
    for (size_t i = 0; field[i].name != NULL; i++) {
        bool bytes = field[i].type == FIELD_TEXT || field[i].type == FIELD_BYTES;
        if (bytes && command->values[i].present) {
            assert_inside(content, command->values[i].as.bytes);
        }
    }
}

static void credentials_are_read_where_they_lie(void **state) {
    (void)state;
    struct command command;
    struct view content = exact_copy(content_of(8));
    assert_true(decode_content(content, &command));
    assert_ptr_equal(command.definition, &credentials_definition);
    assert_true(uuid_equal(command.command_id, uuid_of(COMMAND_ID)));
    assert_true(view_is(bytes_of(&command, "command"), "slotkeeper.command.ChangePassword"));
    assert_true(uuid_equal(command_value(&command, "account_id")->as.uuid, uuid_of(ACCOUNT_ID)));
    assert_int_equal(command_value(&command, "issued_at")->as.time_us, NOW_US);
    struct view key = bytes_of(&command, "reply_key");
    assert_int_equal(key.size, 32);
    assert_int_equal(key.data[0], 0x01);
    assert_int_equal(key.data[31], 0xff);
    assert_true(view_is(bytes_of(&command, "login"), LOGIN));
    assert_true(view_is(bytes_of(&command, "password"), PASSWORD));
    assert_true(view_is(bytes_of(&command, "new_password"), NEW_PASSWORD));
    assert_all_inside(content, &command);
    drop_copy(content);
}

static void what_is_null_is_absent(void **state) {
    (void)state;
    struct command command;
    struct view content = content_of(5);
    assert_true(decode_content(content, &command));
    assert_true(is_absent(&command, "account_id"));
    assert_true(is_absent(&command, "login"));
    assert_true(is_absent(&command, "new_password"));
    assert_true(view_is(bytes_of(&command, "password"), PASSWORD));
    /* and nothing of one before stays behind */
    assert_true(decode_content(content_of(8), &command));
    assert_true(decode_content(content, &command));
    assert_true(is_absent(&command, "login"));
}

static void assert_no_credentials(struct view content) {
    struct command command;
    struct view copy = exact_copy(content);
    assert_false(decode_content(copy, &command));
    assert_null(command.definition);
    for (size_t i = 0; i < COMMAND_FIELDS_MAX; i++) {
        assert_null(command.values[i].as.bytes.data);
    }
    drop_copy(copy);
}

static void content_cut_anywhere_or_longer_is_refused(void **state) {
    (void)state;
    struct view whole = content_of(8);
    for (size_t size = 0; size < whole.size; size++) {
        assert_no_credentials(view_of(whole.data, size));
    }
    uint8_t *longer = arena_take(fixture.arena, whole.size + 1024);
    memcpy(longer, whole.data, whole.size);
    assert_no_credentials(view_of(longer, whole.size + 1));
    assert_no_credentials(view_of(longer, whole.size + 1024)); /* padding not taken off */
    longer[whole.size] = 0x80;
    assert_no_credentials(view_of(longer, whole.size + 1));
}

static void another_schema_is_refused(void **state) {
    (void)state;
    struct view body = view_from(content_of(8), 10);
    assert_no_credentials(framed("slotkeeper.command.LogIn", body));
    assert_no_credentials(framed("slotkeeper.event.Token", body));
    assert_no_credentials(frame_single_object(fixture.arena, 0, body));
    assert_no_credentials(body);
    assert_no_credentials(view_text(""));
    assert_no_credentials(view_of("\x00\x00\x00\x00\x01", 5));
}

static struct view with_byte(size_t field, const char *marker, uint8_t byte) {
    struct view content = content_of(8);
    uint8_t *found =
        memmem(content.data, content.size, fields[field].text, strlen(fields[field].text));
    assert_non_null(found);
    size_t at = (size_t)(strstr(fields[field].text, marker) - fields[field].text);
    found[at] = byte;
    return content;
}

static void texts_are_utf8_without_nul(void **state) {
    (void)state;
    struct command command;
    assert_true(decode_content(with_byte(4, "horse", 'H'), &command));
    assert_no_credentials(with_byte(4, "horse", 0));
    assert_no_credentials(with_byte(4, "horse", 0xff));
    assert_no_credentials(with_byte(6, "example", 0));
    assert_no_credentials(with_byte(6, "example", 0xc0));
    assert_no_credentials(with_byte(7, "staple", 0));
    assert_no_credentials(with_byte(1, "Change", 0));
    assert_no_credentials(with_byte(0, "f", 'x')); /* no UUID */
    assert_no_credentials(with_byte(5, "e", 'x'));
}

static uint64_t next_random(uint64_t *random) {
    *random ^= *random << 13U;
    *random ^= *random >> 7U;
    *random ^= *random << 17U;
    return *random >> 16U;
}

/* Some bytes changed behind the fingerprint, and sometimes cut. */
static struct view mutate(struct view content, uint64_t *random) {
    uint8_t *bytes = malloc(content.size);
    assert_non_null(bytes);
    memcpy(bytes, content.data, content.size);
    size_t changes = 1 + next_random(random) % 4;
    for (size_t i = 0; i < changes; i++) {
        size_t at = 10 + next_random(random) % (content.size - 10);
        bool flip = next_random(random) % 2 == 0;
        uint8_t flipped = (uint8_t)(bytes[at] ^ 1U << next_random(random) % 8);
        bytes[at] = flip ? flipped : (uint8_t)next_random(random);
    }
    bool cut = next_random(random) % 8 == 0;
    struct view changed =
        exact_copy(view_of(bytes, cut ? next_random(random) % content.size : content.size));
    free(bytes);
    return changed;
}

static void random_changes_are_survived(void **state) {
    (void)state;
    uint64_t random = 88172645463325252U;
    struct view content = content_of(8);
    size_t taken = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        struct command command;
        struct view changed = mutate(content, &random);
        if (decode_content(changed, &command)) {
            assert_all_inside(changed, &command);
            assert_int_equal(bytes_of(&command, "reply_key").size, 32);
            taken++;
        }
        drop_copy(changed);
    }
    assert_in_range(taken, 1, MUTATIONS - 1); /* both ways are gone */
}

static void every_lane_reads_credentials(void **state) {
    (void)state;
    struct command command;
    struct view content = content_of(8);
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        assert_true(codec_decode_credentials(fixture.lanes[i], content, &command));
    }
}

static struct token_record token_of(enum role role, const char *text) {
    return (struct token_record){
        .command_id = uuid_of(COMMAND_ID),
        .account_id = uuid_of(ACCOUNT_ID),
        .role = role,
        .token = text,
        .expires_at_us = NOW_US,
    };
}

static void assert_token(const struct token_record *token, const char *expires_at) {
    char expected[4096];
    uint64_t fingerprint = 0;
    struct view body;
    const struct schema *schema = schema_of("slotkeeper.event.Token");
    struct view content = codec_encode_token(fixture.codec, fixture.arena, token);
    assert_true(unframe_single_object(content, &fingerprint, &body));
    assert_int_equal(fingerprint, schema_fingerprint(schema));
    (void)snprintf(
        expected,
        sizeof expected,
        "{\"command_id\":\"" COMMAND_ID "\",\"account_id\":\"" ACCOUNT_ID
        "\",\"role\":\"%s\",\"token\":\"%s\",\"expires_at\":\"%s\"}",
        role_symbol(token->role),
        token->token,
        expires_at);
    const char *json = codec_to_json(fixture.codec, fixture.arena, schema, body);
    assert_non_null(json);
    assert_string_equal(json, expected);
}

static void a_token_is_written(void **state) {
    (void)state;
    char longest[2049];
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        struct token_record token = token_of((enum role)i, "header.claims.signature");
        assert_token(&token, NOW_TEXT);
    }
    static const size_t sizes[] = {0, 1, 63, 64, 1023, 2048};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(longest, 'a', sizes[i]);
        longest[sizes[i]] = '\0';
        struct token_record token = token_of(ROLE_DOCTOR, longest);
        assert_token(&token, NOW_TEXT);
    }
    struct token_record token = token_of(ROLE_ADMIN, "a.b.c");
    token.expires_at_us = TIME_MAX_US;
    assert_token(&token, "9999-12-31T23:59:59.999999Z");
    token.expires_at_us = 0;
    assert_token(&token, "1970-01-01T00:00:00.000000Z");
}

static const uint8_t written_key[32] = {1, 2, 3, 4};

static struct credentials_content full_credentials(void) {
    return (struct credentials_content){
        .command_id = uuid_of(COMMAND_ID),
        .command = "slotkeeper.command.ChangePassword",
        .has_account_id = true,
        .account_id = uuid_of(ACCOUNT_ID),
        .issued_at_us = NOW_US,
        .reply_key = written_key,
        .login = view_text(LOGIN),
        .password = view_text(PASSWORD),
        .new_password = view_text(NEW_PASSWORD),
    };
}

static bool write_content(
    const struct credentials_content *full, uint8_t *content, size_t size_max, size_t *size) {
    return codec_write_credentials(fixture.codec, full, content, size_max, size);
}

static void credentials_are_written_as_avro_has_them(void **state) {
    (void)state;
    uint8_t content[2048];
    size_t size = 0;
    struct credentials_content full = full_credentials();
    struct view wanted = content_of(8); /* with another reply key */
    assert_true(write_content(&full, content, sizeof content, &size));
    assert_int_equal(size, wanted.size);
    uint8_t *key = memmem(content, size, written_key, sizeof written_key);
    assert_non_null(key);
    memcpy(key, wanted.data + (key - content), sizeof written_key);
    assert_memory_equal(content, wanted.data, size);
}

static void what_is_null_is_written_so(void **state) {
    (void)state;
    uint8_t content[2048];
    size_t size = 0;
    struct command command;
    struct credentials_content bare = full_credentials();
    bare.has_account_id = false;
    bare.login = view_of(NULL, 0);
    bare.new_password = view_of(NULL, 0);
    assert_true(write_content(&bare, content, sizeof content, &size));
    assert_true(decode_content(view_of(content, size), &command));
    assert_true(is_absent(&command, "account_id"));
    assert_true(is_absent(&command, "login"));
    assert_true(is_absent(&command, "new_password"));
    assert_true(view_is(bytes_of(&command, "password"), PASSWORD));
}

static void nothing_is_written_past_the_end(void **state) {
    (void)state;
    size_t size = 0;
    struct credentials_content full = full_credentials();
    size_t whole = content_of(8).size;
    for (size_t room = 0; room <= whole; room++) {
        uint8_t *exact = malloc(room + (room == 0 ? 1 : 0));
        assert_non_null(exact);
        assert_true(write_content(&full, exact, room, &size) == (room == whole));
        assert_int_equal(size, room == whole ? whole : 0);
        free(exact);
    }
}

static void a_token_is_read_back(void **state) {
    (void)state;
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        struct token_record token = token_of((enum role)i, "header.claims.signature");
        struct token_content read;
        struct view content = exact_copy(codec_encode_token(fixture.codec, fixture.arena, &token));
        assert_true(codec_read_token(fixture.codec, content, &read));
        assert_true(uuid_equal(read.command_id, token.command_id));
        assert_true(uuid_equal(read.account_id, token.account_id));
        assert_int_equal(read.role, i);
        assert_true(view_is(read.token, token.token));
        assert_inside(content, read.token);
        assert_int_equal(read.expires_at_us, NOW_US);
        drop_copy(content);
    }
}

static void what_is_no_token_is_refused(void **state) {
    (void)state;
    struct token_record token = token_of(ROLE_PATIENT, "header.claims.signature");
    struct token_content read;
    struct view whole = codec_encode_token(fixture.codec, fixture.arena, &token);
    for (size_t size = 0; size < whole.size; size++) {
        struct view cut = exact_copy(view_of(whole.data, size));
        assert_false(codec_read_token(fixture.codec, cut, &read));
        drop_copy(cut);
    }
    assert_false(codec_read_token(fixture.codec, content_of(8), &read));
    struct view body = view_from(whole, 10);
    assert_false(codec_read_token(fixture.codec, framed("slotkeeper.command.LogIn", body), &read));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_read_where_they_lie),
        cmocka_unit_test(what_is_null_is_absent),
        cmocka_unit_test(content_cut_anywhere_or_longer_is_refused),
        cmocka_unit_test(another_schema_is_refused),
        cmocka_unit_test(texts_are_utf8_without_nul),
        cmocka_unit_test(random_changes_are_survived),
        cmocka_unit_test(every_lane_reads_credentials),
        cmocka_unit_test(a_token_is_written),
        cmocka_unit_test(credentials_are_written_as_avro_has_them),
        cmocka_unit_test(what_is_null_is_written_so),
        cmocka_unit_test(nothing_is_written_past_the_end),
        cmocka_unit_test(a_token_is_read_back),
        cmocka_unit_test(what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
