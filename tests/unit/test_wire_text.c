/* Requests from the words of a command line. */
#include "wire_fixture.h"

#define KEY "abcdefABCDEFabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdef0123"

static struct error error;

static enum status from_text(
    const char *full_name, const struct field_text *fields, size_t count, struct view *body) {
    return codec_from_text(
        fixture.codec, fixture.arena, schema_of(full_name), fields, count, body, &error);
}

static void assert_json(const char *full_name, struct view body, const char *expected) {
    assert_string_equal(
        codec_to_json(fixture.codec, fixture.arena, schema_of(full_name), body), expected);
}

static void assert_refused(
    const char *full_name, const struct field_text *fields, size_t count, const char *named) {
    struct view body;
    error.text[0] = '\0';
    assert_int_equal(from_text(full_name, fields, count, &body), STATUS_INVALID);
    if (strstr(error.text, named) == NULL) {
        fail_msg("%s is not named: %s", named, error.text);
    }
}

static const char cancel[] = "slotkeeper.command.CancelAppointment";
static const char log_in[] = "slotkeeper.command.LogIn";
static const char credentials[] = "slotkeeper.command.Credentials";
static const char list_slots[] = "slotkeeper.query.ListOpenSlots";

static void fields_come_in_any_order_and_uuids_in_any_case(void **state) {
    (void)state;
    const struct field_text fields[] = {
        {"reason", "Facility"},
        {"appointment_id", "0C000000-0000-4000-8000-00000000000C"},
        {"command_id", COMMAND_ID},
        {"slot_id", SLOT_ID},
    };
    struct view body;
    assert_int_equal(from_text(cancel, fields, 4, &body), STATUS_OK);
    assert_json(
        cancel,
        body,
        "{\"command_id\":\"" COMMAND_ID "\",\"slot_id\":\"" SLOT_ID
        "\",\"appointment_id\":\"0c000000-0000-4000-8000-00000000000c\","
        "\"reason\":\"FACILITY\"}");
}

static void what_is_not_named_takes_its_default(void **state) {
    (void)state;
    const struct field_text fields[] = {
        {"command_id", COMMAND_ID},
        {"from", "2030-01-15T10:00:00+01:00"},
        {"until", "2030-01-16T09:00:00Z"},
    };
    struct view body;
    assert_int_equal(from_text(list_slots, fields, 3, &body), STATUS_OK);
    assert_json(
        list_slots,
        body,
        "{\"command_id\":\"" COMMAND_ID "\",\"doctor_id\":null,"
        "\"from\":\"2030-01-15T09:00:00.000000Z\",\"until\":\"2030-01-16T09:00:00.000000Z\","
        "\"limit\":100,\"cursor\":null}");
}

static void null_is_a_word(void **state) {
    (void)state;
    const struct field_text fields[] = {
        {"command_id", COMMAND_ID},
        {"from", "2030-01-15T10:00:00Z"},
        {"until", "2030-01-16T09:00:00Z"},
        {"doctor_id", "null"},
        {"cursor", "00fFa9"},
        {"limit", "-5"},
    };
    struct view body;
    assert_int_equal(from_text(list_slots, fields, 6, &body), STATUS_OK);
    assert_json(
        list_slots,
        body,
        "{\"command_id\":\"" COMMAND_ID "\",\"doctor_id\":null,"
        "\"from\":\"2030-01-15T10:00:00.000000Z\",\"until\":\"2030-01-16T09:00:00.000000Z\","
        "\"limit\":-5,\"cursor\":\"00ffa9\"}");
}

static void missing_unknown_and_repeated_fields_are_named(void **state) {
    (void)state;
    const struct field_text fields[] = {
        {"command_id", COMMAND_ID},
        {"slot_id", SLOT_ID},
        {"slotid", SLOT_ID},
        {"slot_id", SLOT_ID}};
    static const char book[] = "slotkeeper.command.BookSlot";
    assert_refused(book, fields, 1, "slot_id");
    assert_refused(book, fields + 1, 1, "command_id");
    assert_refused(book, NULL, 0, "command_id");
    assert_refused(book, fields, 3, "slotid");
    const struct field_text twice[] = {fields[0], fields[1], fields[3]};
    assert_refused(book, twice, 3, "slot_id");
}

static void one_wrong(const char *full_name, const char *name, const char *text) {
    struct field_text fields[8] = {{"command_id", COMMAND_ID}};
    size_t count = 1;
    const struct type *type = schema_of(full_name)->type;
    for (size_t i = 1; i < type->member_count; i++) {
        const char *field = type->members[i].name;
        bool time = type_unwrapped(type->members[i].type)->kind == TYPE_LONG;
        if (strcmp(field, name) == 0) {
            fields[count++] = (struct field_text){field, text};
        } else if (type->members[i].fallback == NULL) {
            fields[count++] = (struct field_text){field, time ? "2030-01-15T10:00:00Z" : SLOT_ID};
        }
    }
    assert_refused(full_name, fields, count, name);
}

static void values_outside_their_type_are_named(void **state) {
    (void)state;
    one_wrong("slotkeeper.command.BookSlot", "slot_id", "");
    one_wrong("slotkeeper.command.BookSlot", "slot_id", "null");
    one_wrong("slotkeeper.command.BookSlot", "slot_id", "0a000000");
    one_wrong("slotkeeper.command.PublishSlot", "starts_at", "tomorrow");
    one_wrong("slotkeeper.command.PublishSlot", "starts_at", "1894698000000000");
    one_wrong("slotkeeper.command.PublishSlot", "ends_at", "10000-01-01T00:00:00Z");
    one_wrong(cancel, "reason", "weather");
    one_wrong(cancel, "reason", "");
    one_wrong(list_slots, "limit", "");
    one_wrong(list_slots, "limit", "ten");
    one_wrong(list_slots, "limit", "10x");
    one_wrong(list_slots, "limit", "2147483648");
    one_wrong(list_slots, "limit", "-2147483649");
    one_wrong(list_slots, "limit", "99999999999999999999");
    one_wrong(list_slots, "cursor", "0");
    one_wrong(list_slots, "cursor", "0g");
    one_wrong(list_slots, "cursor", "\x10\x11");
    one_wrong(log_in, "key_id", "\xff");
    one_wrong(log_in, "sealed", "c3f");
    one_wrong(log_in, "sealed", "0xc3");
    one_wrong(log_in, "sealed", "null");
    one_wrong(credentials, "reply_key", "");
    one_wrong(credentials, "reply_key", KEY "ff");
    one_wrong(credentials, "reply_key", &KEY[2]);
}

static void bytes_are_hexadecimal_digits_in_either_case(void **state) {
    (void)state;
    const struct field_text box[] = {
        {"command_id", COMMAND_ID}, {"sealed", "C3fF00"}, {"key_id", "2026-a"}};
    const struct field_text inside[] = {
        {"command_id", COMMAND_ID},
        {"command", "slotkeeper.command.LogIn"},
        {"issued_at", "2030-01-15T10:00:00Z"},
        {"reply_key", KEY},
        {"login", "somebody"},
        {"password", "null"}, /* a word that is one here, for the field is never null */
    };
    struct view body;
    assert_int_equal(from_text(log_in, box, 3, &body), STATUS_OK);
    assert_json(
        log_in,
        body,
        "{\"command_id\":\"" COMMAND_ID "\",\"key_id\":\"2026-a\",\"sealed\":\"c3ff00\"}");
    assert_int_equal(from_text(credentials, inside, 6, &body), STATUS_OK);
    assert_json(
        credentials,
        body,
        "{\"command_id\":\"" COMMAND_ID
        "\",\"command\":\"slotkeeper.command.LogIn\",\"account_id\":null,"
        "\"issued_at\":\"2030-01-15T10:00:00.000000Z\",\"reply_key\":"
        "\"abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdef0123\","
        "\"login\":\"somebody\",\"password\":\"null\",\"new_password\":null}");
}

/* What our own requests do not have, but a schema may. */
static void every_plain_type_is_taken(void **state) {
    (void)state;
    static const char text[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
        "{\"name\":\"yes\",\"type\":\"boolean\",\"default\":true},"
        "{\"name\":\"no\",\"type\":\"boolean\"},"
        "{\"name\":\"single\",\"type\":\"float\"},"
        "{\"name\":\"wide\",\"type\":\"double\"},"
        "{\"name\":\"fixed\",\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":2}},"
        "{\"name\":\"word\",\"type\":\"string\",\"default\":\"w\"}]}";
    struct schema schema;
    assert_int_equal(schema_init(&schema, text, fixture.arena, &error), STATUS_OK);
    struct field_text fields[] = {
        {"no", "False"}, {"single", "1.5"}, {"wide", "-2"}, {"fixed", "01ff"}};
    struct view body;
    assert_int_equal(
        codec_from_text(fixture.codec, fixture.arena, &schema, fields, 4, &body, &error),
        STATUS_OK);
    assert_string_equal(
        codec_to_json(fixture.codec, fixture.arena, &schema, body),
        "{\"yes\":true,\"no\":false,\"single\":1.5,\"wide\":-2.0,\"fixed\":\"01ff\","
        "\"word\":\"w\"}");
    static const char *const wrong[] = {"maybe", "1.5x", "", "01"};
    for (size_t i = 0; i < 4; i++) {
        struct field_text changed[4];
        memcpy(changed, fields, sizeof changed);
        changed[i].text = wrong[i];
        assert_int_equal(
            codec_from_text(fixture.codec, fixture.arena, &schema, changed, 4, &body, &error),
            STATUS_INVALID);
        assert_non_null(strstr(error.text, fields[i].name));
    }
    fields[2].text = "inf";
    assert_int_equal(
        codec_from_text(fixture.codec, fixture.arena, &schema, fields, 4, &body, &error),
        STATUS_OK);
    assert_non_null(
        strstr(codec_to_json(fixture.codec, fixture.arena, &schema, body), "\"wide\":null"));
    schema_clean_up(&schema);
}

static void what_has_parts_is_not_taken_from_text(void **state) {
    (void)state;
    const struct field_text fields[] = {{"items", "x"}};
    assert_refused("slotkeeper.event.SlotPage", fields, 1, "items");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_in_any_order_and_uuids_in_any_case),
        cmocka_unit_test(what_is_not_named_takes_its_default),
        cmocka_unit_test(null_is_a_word),
        cmocka_unit_test(missing_unknown_and_repeated_fields_are_named),
        cmocka_unit_test(values_outside_their_type_are_named),
        cmocka_unit_test(bytes_are_hexadecimal_digits_in_either_case),
        cmocka_unit_test(every_plain_type_is_taken),
        cmocka_unit_test(what_has_parts_is_not_taken_from_text),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
