/* Records to commands: framing, refusals, and what can still be said of a record that is refused.
 */
#include "wire_fixture.h"

#define APPOINTMENT_ID "0c000000-0000-4000-8000-00000000000c"

static struct view framed_book_slot(void) {
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    return framed("slotkeeper.command.BookSlot", view_of_body(&body));
}

static void assert_salvaged(enum code code, enum code expected, const struct decoded *decoded) {
    assert_int_equal(code, expected);
    assert_null(decoded->command.definition);
    assert_true(decoded->has_command_id);
    assert_true(uuid_equal(decoded->command.command_id, uuid_of(COMMAND_ID)));
}

static void assert_unreadable(struct view value) {
    struct decoded decoded;
    struct view copy = value.data == NULL ? value : exact_copy(value);
    assert_int_equal(decode(copy, &decoded), CODE_MALFORMED);
    assert_int_equal(decoded.framing, FRAMING_SINGLE_OBJECT);
    assert_false(decoded.has_command_id);
    assert_null(decoded.command_name);
    assert_null(decoded.command.definition);
    if (value.data != NULL) {
        drop_copy(copy);
    }
}

static void what_has_no_framing_is_malformed(void **state) {
    (void)state;
    assert_unreadable((struct view){0}); /* a tombstone */
    assert_unreadable(view_text(""));
    assert_unreadable(view_text("{\"command_id\":1}"));
    assert_unreadable(view_text("\xc3"));
    assert_unreadable(view_text("\xc3\x02"
                                "12345678"));
    assert_unreadable(view_text("\xc3\x01"
                                "1234567"));
    assert_unreadable(view_of("\x00", 1));
    assert_unreadable(view_of("\x00\x00\x00\x01", 4));
}

static void registry_framings_name_unknown_schemas(void **state) {
    (void)state;
    struct decoded decoded;
    static const char confluent[] = "\0\0\0\0\7body";
    assert_int_equal(decode(view_of(confluent, 9), &decoded), CODE_UNKNOWN_SCHEMA);
    assert_int_equal(decoded.framing, FRAMING_CONFLUENT);
    assert_int_equal(decode(view_of(confluent, 5), &decoded), CODE_UNKNOWN_SCHEMA);
    assert_int_equal(decoded.framing, FRAMING_CONFLUENT);
    assert_false(decoded.has_command_id);
    assert_null(decoded.command_name);
}

static enum code decode_with_header(struct view schema_id, struct decoded *decoded) {
    struct record record = {.value = framed_book_slot()};
    struct request_headers headers = {.expires_at_us = -1, .schema_id = schema_id};
    return codec_decode_command(fixture.codec, fixture.arena, &record, &headers, decoded);
}

/* The header is looked at first: the same value that would be readable without it. */
static void the_schema_header_comes_first(void **state) {
    (void)state;
    static const char bytes[18] = {0};
    static const char guid[18] = {1};
    struct decoded decoded;
    assert_int_equal(decode_with_header(view_of(bytes, 5), &decoded), CODE_UNKNOWN_SCHEMA);
    assert_int_equal(decoded.framing, FRAMING_HEADER_ID);
    assert_int_equal(decode_with_header(view_of(guid, 17), &decoded), CODE_UNKNOWN_SCHEMA);
    assert_int_equal(decoded.framing, FRAMING_HEADER_GUID);
    for (size_t size = 0; size <= 18; size++) {
        if (size != 5) {
            assert_int_equal(decode_with_header(view_of(bytes, size), &decoded), CODE_MALFORMED);
            assert_int_equal(decoded.framing, FRAMING_SINGLE_OBJECT);
        }
        if (size != 17) {
            assert_int_equal(decode_with_header(view_of(guid, size), &decoded), CODE_MALFORMED);
        }
    }
    assert_int_equal(
        decode_with_header(
            view_text("\x02"
                      "1234"),
            &decoded),
        CODE_MALFORMED);
    struct record empty = {.value = view_text("")};
    struct request_headers headers = {.schema_id = view_of(bytes, 5)};
    assert_int_equal(
        codec_decode_command(fixture.codec, fixture.arena, &empty, &headers, &decoded),
        CODE_MALFORMED);
}

static void a_command_is_read(void **state) {
    (void)state;
    struct decoded decoded;
    struct view copy = exact_copy(framed_book_slot());
    assert_int_equal(decode(copy, &decoded), CODE_ACCEPTED);
    drop_copy(copy);
    assert_int_equal(decoded.framing, FRAMING_SINGLE_OBJECT);
    assert_true(decoded.has_command_id);
    assert_string_equal(decoded.command_name, "slotkeeper.command.BookSlot");
    assert_ptr_equal(decoded.command.definition, command_definition_find(view_text("BookSlot")));
    assert_true(uuid_equal(decoded.command.command_id, uuid_of(COMMAND_ID)));
    assert_true(decoded.command.values[0].present);
    assert_true(uuid_equal(decoded.command.values[0].as.uuid, uuid_of(SLOT_ID)));
}

/* Cut anywhere, or longer: malformed, and still matched to its request where that can be read. */
static void a_command_cut_anywhere_is_malformed(void **state) {
    (void)state;
    struct view whole = framed_book_slot();
    size_t id_end = 10 + 1 + UUID_TEXT_SIZE;
    for (size_t size = 0; size < whole.size; size++) {
        struct decoded decoded;
        struct view copy = exact_copy(view_of(whole.data, size));
        assert_int_equal(decode(copy, &decoded), CODE_MALFORMED);
        assert_null(decoded.command.definition);
        assert_int_equal(decoded.has_command_id, size >= id_end);
        assert_int_equal(decoded.command_name != NULL, size >= 10);
        drop_copy(copy);
    }
    struct decoded decoded;
    uint8_t longer[256] = {0};
    memcpy(longer, whole.data, whole.size);
    assert_salvaged(decode(view_of(longer, whole.size + 1), &decoded), CODE_MALFORMED, &decoded);
}

static void lengths_that_lie_are_malformed(void **state) {
    (void)state;
    static const int64_t lengths[] = {-1, 35, 37, 1 << 30, INT64_C(1) << 62, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct decoded decoded;
        struct body body = {.size = 0};
        add_text(&body, COMMAND_ID);
        add_long(&body, lengths[i]);
        add_bytes(&body, SLOT_ID, UUID_TEXT_SIZE);
        struct view value = framed("slotkeeper.command.BookSlot", view_of_body(&body));
        assert_salvaged(decode(value, &decoded), CODE_MALFORMED, &decoded);
    }
}

static void a_value_above_the_maximum_is_not_read(void **state) {
    (void)state;
    uint8_t *bytes = arena_take(fixture.arena, FIXTURE_RECORD_MAX + 1);
    struct view book = framed_book_slot();
    struct decoded decoded;
    memcpy(bytes, book.data, book.size);
    assert_salvaged(decode(view_of(bytes, FIXTURE_RECORD_MAX), &decoded), CODE_MALFORMED, &decoded);
    assert_unreadable(view_of(bytes, FIXTURE_RECORD_MAX + 1));
}

static enum code decode_book_slot(
    const char *command_id, const char *slot_id, struct decoded *decoded) {
    struct body body = {.size = 0};
    add_text(&body, command_id);
    add_text(&body, slot_id);
    return decode(framed("slotkeeper.command.BookSlot", view_of_body(&body)), decoded);
}

static void uuids_are_text_of_36_characters(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "not a uuid",
        "0a000000-0000-4000-8000-00000000000",
        "0a000000-0000-4000-8000-00000000000aa",
        "0a000000-0000-4000-8000-00000000000g",
        "0a000000_0000-4000-8000-00000000000a",
        "{a000000-0000-4000-8000-00000000000a",
        "000000-0000-4000-8000-00000000000\xc3\xa9",
        "0a000000-0000-4000-8000-0000000000\xff\xff",
    };
    struct decoded decoded;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_salvaged(decode_book_slot(COMMAND_ID, wrong[i], &decoded), CODE_MALFORMED, &decoded);
        assert_int_equal(decode_book_slot(wrong[i], SLOT_ID, &decoded), CODE_MALFORMED);
        assert_false(decoded.has_command_id);
        assert_string_equal(decoded.command_name, "slotkeeper.command.BookSlot");
    }
    assert_int_equal(
        decode_book_slot("0F000000-0000-4000-8000-00000000000F", SLOT_ID, &decoded), CODE_ACCEPTED);
    assert_true(uuid_equal(decoded.command.command_id, uuid_of(COMMAND_ID)));
}

static enum code decode_publish(int64_t starts_at, int64_t ends_at, struct decoded *decoded) {
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    add_long(&body, starts_at);
    add_long(&body, ends_at);
    return decode(framed("slotkeeper.command.PublishSlot", view_of_body(&body)), decoded);
}

static void times_lie_between_1970_and_9999(void **state) {
    (void)state;
    struct decoded decoded;
    assert_int_equal(decode_publish(TIME_MIN_US, TIME_MAX_US, &decoded), CODE_ACCEPTED);
    assert_int_equal(decoded.command.values[1].as.time_us, TIME_MIN_US);
    assert_int_equal(decoded.command.values[2].as.time_us, TIME_MAX_US);
    static const int64_t wrong[] = {TIME_MIN_US - 1, TIME_MAX_US + 1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_salvaged(decode_publish(wrong[i], 1, &decoded), CODE_MALFORMED, &decoded);
        assert_salvaged(decode_publish(1, wrong[i], &decoded), CODE_MALFORMED, &decoded);
    }
}

static enum code decode_cancel(int64_t branch, int64_t reason, struct decoded *decoded) {
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    add_text(&body, APPOINTMENT_ID);
    add_long(&body, branch);
    if (reason >= 0) {
        add_long(&body, reason);
    }
    return decode(framed("slotkeeper.command.CancelAppointment", view_of_body(&body)), decoded);
}

static void reasons_are_read_by_symbol(void **state) {
    (void)state;

    static const enum reason reasons[] = {
        REASON_PATIENT, REASON_PROVIDER, REASON_FACILITY, REASON_ERROR, REASON_OTHER};
    struct decoded decoded;
    for (int64_t i = 0; i < 5; i++) {
        assert_int_equal(decode_cancel(1, i, &decoded), CODE_ACCEPTED);
        assert_true(decoded.command.values[2].present);
        assert_int_equal(decoded.command.values[2].as.reason, reasons[i]);
    }
    assert_int_equal(decode_cancel(0, -1, &decoded), CODE_ACCEPTED);
    assert_false(decoded.command.values[2].present);
    assert_salvaged(decode_cancel(1, 5, &decoded), CODE_MALFORMED, &decoded);
    assert_salvaged(decode_cancel(1, INT64_C(1) << 40, &decoded), CODE_MALFORMED, &decoded);
    assert_salvaged(decode_cancel(2, 0, &decoded), CODE_MALFORMED, &decoded);
    assert_salvaged(decode_cancel(-1, 0, &decoded), CODE_MALFORMED, &decoded);
    assert_salvaged(decode_cancel(1, -1, &decoded), CODE_MALFORMED, &decoded);
}

static void other_schemas_are_unknown(void **state) {
    (void)state;
    struct decoded decoded;
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    add_text(&body, SLOT_ID);
    struct view known = view_of_body(&body);
    assert_int_equal(
        decode(frame_single_object(fixture.arena, 17, known), &decoded), CODE_UNKNOWN_SCHEMA);
    assert_null(decoded.command_name);
    assert_false(decoded.has_command_id);

    assert_salvaged(
        decode(framed("slotkeeper.query.GetAccount", known), &decoded),
        CODE_UNKNOWN_SCHEMA,
        &decoded);
    assert_string_equal(decoded.command_name, "slotkeeper.query.GetAccount");

    /* no command, though in the commands' namespace */
    assert_salvaged(
        decode(framed("slotkeeper.command.Credentials", known), &decoded),
        CODE_UNKNOWN_SCHEMA,
        &decoded);
    assert_int_equal(
        decode(framed("slotkeeper.command.Credentials", view_text("")), &decoded),
        CODE_UNKNOWN_SCHEMA);
    assert_false(decoded.has_command_id);

    assert_int_equal(
        decode(framed("slotkeeper.event.Token", known), &decoded), CODE_UNKNOWN_SCHEMA);
    assert_null(decoded.command_name);
    assert_false(decoded.has_command_id);
}

/* A refused record leaves nothing behind in what the next one is read into. */
static void records_do_not_leak_into_each_other(void **state) {
    (void)state;
    struct decoded decoded;
    assert_int_equal(decode_cancel(1, 3, &decoded), CODE_ACCEPTED);
    assert_int_equal(decode_cancel(1, 9, &decoded), CODE_MALFORMED);
    assert_int_equal(decode_cancel(0, -1, &decoded), CODE_ACCEPTED);
    assert_false(decoded.command.values[2].present);
    assert_int_equal(decode_book_slot(SLOT_ID, COMMAND_ID, &decoded), CODE_ACCEPTED);
    assert_int_equal(decode_book_slot(COMMAND_ID, SLOT_ID, &decoded), CODE_ACCEPTED);
    assert_true(uuid_equal(decoded.command.values[0].as.uuid, uuid_of(SLOT_ID)));
}

static void framing_is_undone(void **state) {
    (void)state;
    uint64_t fingerprint = 0;
    struct view body;
    struct view value =
        frame_single_object(fixture.arena, UINT64_C(0x1122334455667788), view_text("body"));
    assert_memory_equal(
        value.data,
        "\xc3\x01\x88\x77\x66\x55\x44\x33\x22\x11"
        "body",
        14);
    assert_int_equal(value.size, 14);
    assert_true(unframe_single_object(value, &fingerprint, &body));
    assert_int_equal(fingerprint, UINT64_C(0x1122334455667788));
    assert_true(view_is(body, "body"));
    assert_true(unframe_single_object(
        frame_single_object(fixture.arena, 1, view_text("")), &fingerprint, &body));
    assert_int_equal(body.size, 0);
    assert_false(unframe_single_object(view_of(value.data, 9), &fingerprint, &body));
    assert_false(unframe_single_object((struct view){0}, &fingerprint, &body));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_no_framing_is_malformed),
        cmocka_unit_test(registry_framings_name_unknown_schemas),
        cmocka_unit_test(the_schema_header_comes_first),
        cmocka_unit_test(a_command_is_read),
        cmocka_unit_test(a_command_cut_anywhere_is_malformed),
        cmocka_unit_test(lengths_that_lie_are_malformed),
        cmocka_unit_test(a_value_above_the_maximum_is_not_read),
        cmocka_unit_test(uuids_are_text_of_36_characters),
        cmocka_unit_test(times_lie_between_1970_and_9999),
        cmocka_unit_test(reasons_are_read_by_symbol),
        cmocka_unit_test(other_schemas_are_unknown),
        cmocka_unit_test(records_do_not_leak_into_each_other),
        cmocka_unit_test(framing_is_undone),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
