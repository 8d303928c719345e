/* Writers that are older or newer than the service: fields by name, enums by symbol, defaults. */
#include "wire/mapping.h"
#include "wire_fixture.h"

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

    struct generic_value {
        avro_value_iface_t *iface;
        avro_value_t value;
    } generic;
    struct mapping mapping;
};

static enum status pair_init(struct pair *pair, const char *writer, const char *reader) {
    *pair = (struct pair){0};
    assert_int_equal(schema_init(&pair->writer, writer, fixture.arena, &error), STATUS_OK);
    assert_int_equal(schema_init(&pair->reader, reader, fixture.arena, &error), STATUS_OK);
    pair->generic.iface = avro_generic_class_from_schema(pair->writer.avro);
    assert_int_equal(avro_generic_value_new(pair->generic.iface, &pair->generic.value), 0);
    return mapping_init(&pair->mapping, &pair->writer, &pair->reader, &definition, &error);
}

static void pair_clean_up(struct pair *pair) {
    avro_value_decref(&pair->generic.value);
    avro_value_iface_decref(pair->generic.iface);
    schema_clean_up(&pair->writer);
    schema_clean_up(&pair->reader);
}

static bool read_body(struct pair *pair, const struct body *body, struct command *command) {
    bool has_command_id = false;
    assert_true(program_walk(pair->writer.program, view_of_body(body)));
    avro_reader_t reader = avro_reader_memory((const char *)body->bytes, (int64_t)body->size);
    assert_int_equal(avro_value_read(reader, &pair->generic.value), 0);
    avro_reader_free(reader);
    bool good = mapping_read(&pair->mapping, &pair->generic.value, command, &has_command_id);
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

static void assert_no_mapping(const char *writer, const char *reader, const char *named) {
    struct pair pair;
    error.text[0] = '\0';
    assert_int_equal(pair_init(&pair, writer, reader), STATUS_INVALID);
    assert_null(pair.mapping.definition);
    if (strstr(error.text, named) == NULL) {
        fail_msg("%s is not named: %s", named, error.text);
    }
    pair_clean_up(&pair);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_writer_may_have_more_in_another_order),
        cmocka_unit_test(an_older_writer_lacks_what_has_a_default),
        cmocka_unit_test(symbols_are_mapped_by_name),
        cmocka_unit_test(a_strange_symbol_without_default_is_refused),
        cmocka_unit_test(an_int_is_read_as_a_time),
        cmocka_unit_test(null_where_a_value_is_needed_is_refused),
        cmocka_unit_test(schemas_that_do_not_fit_are_found_at_start),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
