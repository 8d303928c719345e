/* Writers that are older or newer than the service: fields by name, enums by symbol, defaults. */
#include "wire/mapping.h"
#include "wire_fixture.h"

enum { FIELDS_MAX = 8 };

static struct error error;

/* A command with a field of each type, ours. */
static const struct command_definition definition = {
    .name = "Move",
    .fields = {
        {.name = "slot_id", .type = FIELD_UUID},
        {.name = "at", .type = FIELD_TIME, .nullable = true},
        {.name = "reason", .type = FIELD_REASON, .nullable = true},
    }};

#define ID(name)   "{\"name\":\"" name "\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}}"
#define TEXT(name) "{\"name\":\"" name "\",\"type\":\"string\"}"
#define TIME       "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"
#define REASONS(symbols)                                                                           \
    "{\"type\":\"enum\",\"name\":\"R\",\"symbols\":[" symbols "],\"default\":\"OTHER\"}"
#define OURS           "\"PATIENT\",\"PROVIDER\",\"OTHER\""
#define RECORD(fields) "{\"type\":\"record\",\"name\":\"Move\",\"fields\":[" fields "]}"
#define FIELD(name, type, fallback)                                                                \
    "{\"name\":\"" name "\",\"type\":" type ",\"default\":" fallback "}"

static const char reader_text[] = RECORD(
    ID("command_id") "," ID("slot_id") "," FIELD("at", "[\"null\"," TIME "]", "null") "," FIELD(
        "reason", "[\"null\"," REASONS(OURS) "]", "null"));

struct pair {
    struct schema writer;
    struct schema reader;
    struct mapping mapping;
    struct arena *arena; /* that values are copied into; NULL: they stay where they are */
};

static enum status pair_init_of(
    struct pair *pair,
    const struct command_definition *command,
    const char *writer,
    const char *reader) {
    *pair = (struct pair){.arena = fixture.arena};
    assert_int_equal(schema_init(&pair->writer, writer, fixture.arena, &error), STATUS_OK);
    assert_int_equal(schema_init(&pair->reader, reader, fixture.arena, &error), STATUS_OK);
    return mapping_init(&pair->mapping, &pair->writer, &pair->reader, command, &error);
}

static enum status pair_init(struct pair *pair, const char *writer, const char *reader) {
    return pair_init_of(pair, &definition, writer, reader);
}

static void pair_clean_up(struct pair *pair) {
    schema_clean_up(&pair->writer);
    schema_clean_up(&pair->reader);
}

static bool read_body(struct pair *pair, const struct body *body, struct command *command) {
    bool has_command_id = false;
    struct view fields[FIELDS_MAX];
    assert_true(pair->writer.type->member_count <= FIELDS_MAX);
    assert_true(program_walk_fields(pair->writer.program, view_of_body(body), fields));
    bool good = mapping_read(&pair->mapping, fields, pair->arena, command, &has_command_id);
    assert_true(has_command_id);
    assert_true(uuid_equal(command->command_id, uuid_of(COMMAND_ID)));
    return good;
}

static void a_newer_writer_may_have_more_in_another_order(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = {.size = 0};
    assert_int_equal(
        pair_init(
            &pair,
            RECORD("{\"name\":\"new\",\"type\":{\"type\":\"array\",\"items\":\"long\"}}," FIELD(
                "reason",
                "[" REASONS(OURS) ",\"null\"]",
                "\"OTHER\"") "," TEXT("slot_id") "," FIELD("at", TIME, "5") "," TEXT("command_id")),
            reader_text),
        STATUS_OK);
    add_long(&body, 2);
    add_long(&body, 7);
    add_long(&body, 8);
    add_long(&body, 0);
    add_long(&body, 0);
    add_long(&body, 1);
    add_text(&body, SLOT_ID);
    add_long(&body, 1000);
    add_text(&body, COMMAND_ID);
    assert_true(read_body(&pair, &body, &command));
    assert_ptr_equal(command.definition, &definition);
    assert_true(uuid_equal(command.values[0].as.uuid, uuid_of(SLOT_ID)));
    assert_true(command.values[1].present);
    assert_int_equal(command.values[1].as.time_us, 1000);
    assert_true(command.values[2].present);
    assert_int_equal(command.values[2].as.reason, REASON_PROVIDER);
    pair_clean_up(&pair);
}

static void an_older_writer_lacks_what_has_a_default(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    assert_int_equal(
        pair_init(&pair, RECORD(ID("command_id") "," ID("slot_id")), reader_text), STATUS_OK);
    assert_true(read_body(&pair, &body, &command));
    assert_false(command.values[1].present);
    assert_false(command.values[2].present);
    pair_clean_up(&pair);

    assert_int_equal(
        pair_init(
            &pair,
            RECORD(ID("command_id")),
            RECORD(ID("command_id") "," FIELD("slot_id", "\"string\"", "\"" SLOT_ID "\"") "," FIELD(
                "at", TIME, "77") "," FIELD("reason", REASONS(OURS), "\"PATIENT\""))),
        STATUS_OK);
    body.size = 0;
    add_text(&body, COMMAND_ID);
    assert_true(read_body(&pair, &body, &command));
    assert_true(uuid_equal(command.values[0].as.uuid, uuid_of(SLOT_ID)));
    assert_true(command.values[1].present);
    assert_int_equal(command.values[1].as.time_us, 77);
    assert_true(command.values[2].present);
    assert_int_equal(command.values[2].as.reason, REASON_PATIENT);
    pair_clean_up(&pair);
}

/* The symbols of another order, and one that we do not know: our default. */
static void symbols_are_mapped_by_name(void **state) {
    (void)state;

    static const enum reason expected[] = {
        REASON_OTHER, REASON_PROVIDER, REASON_OTHER, REASON_PATIENT, REASON_OTHER};
    struct pair pair;
    assert_int_equal(
        pair_init(
            &pair,
            RECORD(ID("command_id") "," ID("slot_id") "," FIELD(
                "reason",
                REASONS("\"WEATHER\",\"PROVIDER\",\"OTHER\",\"PATIENT\",\"PURGED\""),
                "\"OTHER\"")),
            reader_text),
        STATUS_OK);
    for (int64_t i = 0; i < 5; i++) {
        struct command command;
        struct body body = {.size = 0};
        add_text(&body, COMMAND_ID);
        add_text(&body, SLOT_ID);
        add_long(&body, i);
        assert_true(read_body(&pair, &body, &command));
        assert_int_equal(command.values[2].as.reason, expected[i]);
    }
    pair_clean_up(&pair);
}

/* Without a default there is nothing to read a strange symbol as. */
static void a_strange_symbol_without_default_is_refused(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = {.size = 0};
    assert_int_equal(
        pair_init(
            &pair,
            RECORD(ID("command_id") "," ID("slot_id") "," FIELD(
                "reason", REASONS("\"OTHER\",\"WEATHER\""), "\"OTHER\"")),
            RECORD(ID("command_id") "," ID("slot_id") "," FIELD(
                "at",
                "[\"null\"," TIME "]",
                "null") ",{\"name\":\"reason\",\"type\":{\"type\":\"enum\",\"name\":\"R\","
                        "\"symbols\":[\"OTHER\"]}}")),
        STATUS_OK);
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    add_long(&body, 1);
    assert_false(read_body(&pair, &body, &command));
    body.bytes[body.size - 1] = 0;
    assert_true(read_body(&pair, &body, &command));
    pair_clean_up(&pair);
}

static void an_int_is_read_as_a_time(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = {.size = 0};
    assert_int_equal(
        pair_init(
            &pair,
            RECORD(ID("command_id") "," ID("slot_id") "," FIELD("at", "\"int\"", "0")),
            reader_text),
        STATUS_OK);
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    add_long(&body, 12345);
    assert_true(read_body(&pair, &body, &command));
    assert_int_equal(command.values[1].as.time_us, 12345);
    pair_clean_up(&pair);
}

static void null_where_a_value_is_needed_is_refused(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = {.size = 0};
    assert_int_equal(
        pair_init(
            &pair,
            RECORD(ID("command_id") "," FIELD("slot_id", "[\"null\",\"string\"]", "null")),
            reader_text),
        STATUS_OK);
    add_text(&body, COMMAND_ID);
    add_long(&body, 0);
    assert_false(read_body(&pair, &body, &command));
    body.size--;
    add_long(&body, 1);
    add_text(&body, SLOT_ID);
    assert_true(read_body(&pair, &body, &command));
    pair_clean_up(&pair);
}

/* One with texts and bytes. */
static const struct command_definition boxed = {
    .name = "Move",
    .fields = {
        {.name = "word", .type = FIELD_TEXT, .nullable = true},
        {.name = "box", .type = FIELD_BYTES, .nullable = true},
        {.name = "key", .type = FIELD_BYTES},
    }};

#define KEY(size)                                                                                  \
    "{\"name\":\"key\",\"type\":{\"type\":\"fixed\",\"name\":\"K\",\"size\":" size "}}"
#define WORD FIELD("word", "[\"null\",\"string\"]", "null")
#define BOX  FIELD("box", "[\"null\",\"bytes\"]", "null")

static const char boxed_text[] = RECORD(ID("command_id") "," WORD "," BOX "," KEY("2"));

static struct body boxed_body(void) {
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_long(&body, 1);
    add_text(&body, "zo\xc3\xab");
    add_long(&body, 1);
    add_long(&body, 3);
    add_bytes(&body, "\x00\xff\x01", 3);
    add_bytes(&body, "\xab\xcd", 2);
    return body;
}

static void assert_boxed(const struct command *command) {
    assert_true(command->values[0].present);
    assert_true(view_is(command->values[0].as.bytes, "zo\xc3\xab"));
    assert_true(command->values[1].present);
    assert_true(view_equal(command->values[1].as.bytes, view_of("\x00\xff\x01", 3)));
    assert_true(command->values[2].present);
    assert_true(view_equal(command->values[2].as.bytes, view_of("\xab\xcd", 2)));
}

static void texts_and_bytes_are_copied_into_the_arena(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = boxed_body();
    assert_int_equal(pair_init_of(&pair, &boxed, boxed_text, boxed_text), STATUS_OK);
    assert_true(read_body(&pair, &body, &command));
    memset(body.bytes, 0, sizeof body.bytes);
    assert_boxed(&command);
    pair_clean_up(&pair);
}

static void without_an_arena_they_stay_where_they_are(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = boxed_body();
    assert_int_equal(pair_init_of(&pair, &boxed, boxed_text, boxed_text), STATUS_OK);
    pair.arena = NULL;
    assert_true(read_body(&pair, &body, &command));
    assert_boxed(&command);
    const uint8_t *word = memmem(body.bytes, body.size, "zo", 2);
    const uint8_t *key = body.bytes + body.size - 2;
    assert_ptr_equal(command.values[0].as.bytes.data, word);
    assert_ptr_equal(command.values[1].as.bytes.data, key - 3);
    assert_ptr_equal(command.values[2].as.bytes.data, key);
    pair_clean_up(&pair);
}

static void texts_and_bytes_may_be_empty_null_or_missing(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_long(&body, 1);
    add_text(&body, "");
    add_long(&body, 0);
    add_bytes(&body, "\xab\xcd", 2);
    assert_int_equal(pair_init_of(&pair, &boxed, boxed_text, boxed_text), STATUS_OK);
    assert_true(read_body(&pair, &body, &command));
    assert_true(command.values[0].present);
    assert_non_null(command.values[0].as.bytes.data);
    assert_int_equal(command.values[0].as.bytes.size, 0);
    assert_false(command.values[1].present);
    pair_clean_up(&pair);

    static const char older[] = RECORD(ID("command_id") "," KEY("2"));
    body.size = 1 + UUID_TEXT_SIZE;
    add_bytes(&body, "\xab\xcd", 2);
    assert_int_equal(pair_init_of(&pair, &boxed, older, boxed_text), STATUS_OK);
    assert_true(read_body(&pair, &body, &command));
    assert_false(command.values[0].present);
    assert_false(command.values[1].present);
    assert_true(view_equal(command.values[2].as.bytes, view_of("\xab\xcd", 2)));
    pair_clean_up(&pair);

    assert_int_equal(
        pair_init_of(
            &pair,
            &boxed,
            older,
            RECORD(ID("command_id") "," FIELD("word", "\"string\"", "\"so\"") "," BOX
                                                                              "," KEY("2"))),
        STATUS_OK);
    assert_true(read_body(&pair, &body, &command));
    assert_true(command.values[0].present);
    assert_true(view_is(command.values[0].as.bytes, "so"));
    pair_clean_up(&pair);
}

static void assert_no_mapping_of(
    const struct command_definition *command,
    const char *writer,
    const char *reader,
    const char *named) {
    struct pair pair;
    error.text[0] = '\0';
    assert_int_equal(pair_init_of(&pair, command, writer, reader), STATUS_INVALID);
    assert_null(pair.mapping.definition);
    if (strstr(error.text, named) == NULL) {
        fail_msg("%s is not named: %s", named, error.text);
    }
    pair_clean_up(&pair);
}

static void assert_no_mapping(const char *writer, const char *reader, const char *named) {
    assert_no_mapping_of(&definition, writer, reader, named);
}

static void bytes_of_another_kind_do_not_fit(void **state) {
    (void)state;
    static const char bytes_key[] =
        RECORD(ID("command_id") ",{\"name\":\"key\",\"type\":\"bytes\"}");
    assert_no_mapping_of(&boxed, RECORD(ID("command_id") "," KEY("3")), boxed_text, "key");
    assert_no_mapping_of(&boxed, bytes_key, boxed_text, "key");
    assert_no_mapping_of(&boxed, RECORD(ID("command_id") "," TEXT("key")), boxed_text, "key");
    assert_no_mapping_of(
        &boxed,
        RECORD(ID("command_id") "," FIELD("word", "\"bytes\"", "\"\"") "," KEY("2")),
        boxed_text,
        "word");
    assert_no_mapping_of(
        &boxed,
        RECORD(ID("command_id")),
        RECORD(ID("command_id") "," WORD "," BOX "," FIELD("key", "\"bytes\"", "\"ab\"")),
        "key");
}

static void schemas_that_do_not_fit_are_found_at_start(void **state) {
    (void)state;
    assert_no_mapping(RECORD(ID("slot_id")), reader_text, "command_id");
    assert_no_mapping(
        RECORD("{\"name\":\"command_id\",\"type\":\"bytes\"}," ID("slot_id")),
        reader_text,
        "command_id");
    assert_no_mapping(RECORD(ID("command_id")), reader_text, "slot_id");
    assert_no_mapping(
        RECORD(ID("command_id") "," FIELD("slot_id", "\"long\"", "1")), reader_text, "slot_id");
    assert_no_mapping(
        RECORD(ID("command_id") "," ID("slot_id") "," FIELD(
            "at", "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", "1")),
        reader_text,
        "at");
    assert_no_mapping(
        RECORD(ID("command_id") "," ID("slot_id") "," FIELD(
            "at", "[\"null\",\"long\",\"int\"]", "null")),
        reader_text,
        "at");
    assert_no_mapping(
        RECORD(ID("command_id") "," ID("slot_id") "," FIELD("reason", "\"string\"", "\"\"")),
        reader_text,
        "reason");
    assert_no_mapping(
        RECORD(ID("command_id") "," ID("slot_id")),
        RECORD(ID("command_id") "," ID("slot_id")),
        "at");
    assert_no_mapping(
        RECORD(ID("command_id")),
        RECORD(ID("command_id") "," FIELD("slot_id", "\"string\"", "\"x\"")),
        "slot_id");
    assert_no_mapping(
        RECORD(ID("command_id")),
        RECORD(ID("command_id") "," FIELD("slot_id", "[\"null\",\"string\"]", "null")),
        "slot_id");
}

/* The same for numbers and states. ------------------------------------------------------------- */

static const struct command_definition listing = {
    .name = "Move",
    .fields = {
        {.name = "limit", .type = FIELD_INT},
        {.name = "state", .type = FIELD_STATE, .nullable = true},
    }};

#define STATES(symbols) "{\"type\":\"enum\",\"name\":\"S\",\"symbols\":[" symbols "]}"

static const char listing_text[] =
    RECORD(ID("command_id") "," FIELD("limit", "\"int\"", "100") "," FIELD(
        "state", "[\"null\"," STATES("\"BOOKED\",\"NOSHOW\"") "]", "null"));

static void numbers_and_states_have_defaults(void **state) {
    (void)state;
    struct pair pair;
    struct command command;
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    assert_int_equal(
        pair_init_of(&pair, &listing, RECORD(ID("command_id")), listing_text), STATUS_OK);
    assert_true(read_body(&pair, &body, &command));
    assert_int_equal(command.values[0].as.number, 100);
    assert_false(command.values[1].present);
    pair_clean_up(&pair);
}

/* Index 0 of the writer's, which ours does not have; then NOSHOW. */
static void states_are_mapped_by_name(void **state) {
    (void)state;
    static const bool good[] = {false, true};
    struct pair pair;
    assert_int_equal(
        pair_init_of(
            &pair,
            &listing,
            RECORD(ID("command_id") "," FIELD("state", STATES("\"LOST\",\"NOSHOW\""), "\"LOST\"")),
            listing_text),
        STATUS_OK);
    for (int64_t i = 0; i < 2; i++) {
        struct command command;
        struct body body = {.size = 0};
        add_text(&body, COMMAND_ID);
        add_long(&body, i);
        assert_int_equal(read_body(&pair, &body, &command), good[i]);
        assert_true(!good[i] || command.values[1].as.state == STATE_NOSHOW);
    }
    pair_clean_up(&pair);
}

static void a_long_is_no_limit(void **state) {
    (void)state;
    struct pair pair;
    assert_int_equal(
        pair_init_of(
            &pair,
            &listing,
            RECORD(ID("command_id") "," FIELD("limit", "\"long\"", "1")),
            listing_text),
        STATUS_INVALID);
    pair_clean_up(&pair);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_writer_may_have_more_in_another_order),
        cmocka_unit_test(an_older_writer_lacks_what_has_a_default),
        cmocka_unit_test(symbols_are_mapped_by_name),
        cmocka_unit_test(a_strange_symbol_without_default_is_refused),
        cmocka_unit_test(an_int_is_read_as_a_time),
        cmocka_unit_test(null_where_a_value_is_needed_is_refused),
        cmocka_unit_test(texts_and_bytes_are_copied_into_the_arena),
        cmocka_unit_test(without_an_arena_they_stay_where_they_are),
        cmocka_unit_test(texts_and_bytes_may_be_empty_null_or_missing),
        cmocka_unit_test(bytes_of_another_kind_do_not_fit),
        cmocka_unit_test(schemas_that_do_not_fit_are_found_at_start),
        cmocka_unit_test(numbers_and_states_have_defaults),
        cmocka_unit_test(states_are_mapped_by_name),
        cmocka_unit_test(a_long_is_no_limit),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
