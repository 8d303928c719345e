/* The record that `send` makes of words: schema, topic, key, value, headers. */
/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "cli/request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT_ID    "33515ecd-d88d-8b22-87cd-ed8158059828"
#define ACCOUNT_ID "11111111-1111-4111-8111-111111111111"
#define COMMAND_ID "22222222-2222-4222-8222-222222222222"

struct fixture {
    struct schemas *schemas;
    struct codec *codec;
    struct request request;
    struct error error;
};

static struct fixture fixture;

static int set_up(void **state) {
    (void)state;
    fixture.schemas = schemas_new(&fixture.error);
    fixture.codec = codec_new(fixture.schemas, LANE_SLOTS, 65536, &fixture.error);
    return request_init(&fixture.request, &fixture.error) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    request_clean_up(&fixture.request);
    codec_destroy(fixture.codec);
    schemas_destroy(fixture.schemas);
    return 0;
}

#define BUILD(...)                                                                                 \
    build(                                                                                         \
        sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                                    \
        (const char *const[]){__VA_ARGS__})

static enum status build(size_t count, const char *const *words) {
    struct request_words request_words = {"scheduling", words, count};
    return request_from_words(
        &fixture.request, fixture.schemas, fixture.codec, &request_words, &fixture.error);
}

static void assert_key(const char *key) {
    assert_true(view_is(fixture.request.key, key));
}

static void slots_are_keyed_by_slot(void **state) {
    (void)state;
    assert_int_equal(
        BUILD("BookSlot", "slot_id=33515ECD-d88d-8b22-87cd-ed8158059828", "command_id=" COMMAND_ID),
        STATUS_OK);
    assert_key(SLOT_ID);
    assert_string_equal(fixture.request.topic.text, "scheduling.slot-commands");
    assert_string_equal(fixture.request.command, "BookSlot");
    assert_string_equal(fixture.request.command_id, COMMAND_ID);
}

static void values_are_framed(void **state) {
    (void)state;
    uint64_t fingerprint;
    struct view body;
    assert_int_equal(BUILD("BookSlot", "slot_id=" SLOT_ID), STATUS_OK);
    assert_true(unframe_single_object(fixture.request.value, &fingerprint, &body));
    const struct schema *schema = schemas_by_fingerprint(fixture.schemas, fingerprint);
    assert_non_null(schema);
    assert_string_equal(schema_full_name(schema), "slotkeeper.command.BookSlot");
    const char *text = codec_to_json(fixture.codec, fixture.request.arena, schema, body);
    assert_non_null(text);
    assert_non_null(strstr(text, SLOT_ID));
    assert_non_null(strstr(text, fixture.request.command_id));
}

static void a_command_id_is_minted(void **state) {
    (void)state;
    char first[UUID_TEXT_SIZE + 1];
    struct uuid uuid;
    assert_int_equal(BUILD("BookSlot", "slot_id=" SLOT_ID), STATUS_OK);
    (void)snprintf(first, sizeof first, "%s", fixture.request.command_id);
    assert_true(uuid_parse(view_text(first), &uuid));
    assert_int_equal(BUILD("BookSlot", "slot_id=" SLOT_ID), STATUS_OK);
    assert_string_not_equal(fixture.request.command_id, first);
}

static void accounts_are_keyed_by_account_where_one_is_named(void **state) {
    (void)state;
    assert_int_equal(BUILD("DeactivateAccount", "account_id=" ACCOUNT_ID), STATUS_OK);
    assert_key(ACCOUNT_ID);
    assert_string_equal(fixture.request.topic.text, "scheduling.account-commands");
    assert_int_equal(
        BUILD("PurgeHistory", "before=2030-01-01T00:00:00Z", "command_id=" COMMAND_ID), STATUS_OK);
    assert_key(COMMAND_ID);
}

static void queries_are_keyed_by_command_id(void **state) {
    (void)state;
    assert_int_equal(
        BUILD("getaccount", "account_id=" ACCOUNT_ID, "command_id=" COMMAND_ID), STATUS_OK);
    assert_key(COMMAND_ID);
    assert_string_equal(fixture.request.topic.text, "scheduling.queries");
}

static void names_come_in_any_case(void **state) {
    (void)state;
    assert_int_equal(BUILD("BOOKSLOT", "slot_id=" SLOT_ID), STATUS_OK);
    assert_int_equal(BUILD("slotkeeper.command.bookslot", "slot_id=" SLOT_ID), STATUS_OK);
    assert_string_equal(fixture.request.command, "BookSlot");
}

static void what_is_no_request_is_refused(void **state) {
    (void)state;
    assert_int_equal(BUILD("BookSlut", "slot_id=" SLOT_ID), STATUS_INVALID);
    assert_non_null(strstr(fixture.error.text, "did you mean BookSlot?"));
    assert_int_equal(BUILD("Outcome"), STATUS_INVALID);
    assert_int_equal(BUILD("Credentials"), STATUS_INVALID);
    assert_int_equal(BUILD(""), STATUS_INVALID);
}

static void wrong_fields_are_named(void **state) {
    (void)state;
    assert_int_equal(BUILD("BookSlot"), STATUS_INVALID);
    assert_non_null(strstr(fixture.error.text, "slot_id"));
    assert_int_equal(BUILD("BookSlot", "slot_id=x"), STATUS_INVALID);
    assert_non_null(strstr(fixture.error.text, "slot_id"));
    assert_int_equal(BUILD("BookSlot", "slot_id=" SLOT_ID, "color=red"), STATUS_INVALID);
    assert_non_null(strstr(fixture.error.text, "color"));
    assert_int_equal(BUILD("BookSlot", "slot_id"), STATUS_INVALID);
    assert_int_equal(BUILD("BookSlot", "=" SLOT_ID), STATUS_INVALID);
}

static struct view last_header(const char *name) {
    const void *value = NULL;
    size_t size = 0;
    if (rd_kafka_header_get_last(fixture.request.headers, name, &value, &size)
        != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return (struct view){0};
    }
    return view_of(value, size);
}

static void headers_are_text_or_bytes(void **state) {
    (void)state;
    assert_int_equal(request_add_header_text(&fixture.request, "a=b=c", &fixture.error), STATUS_OK);
    assert_int_equal(
        request_add_header_text(&fixture.request, "n=hex:00fF", &fixture.error), STATUS_OK);
    assert_int_equal(request_add_header_text(&fixture.request, "e=", &fixture.error), STATUS_OK);
    assert_true(view_is(last_header("a"), "b=c"));
    assert_true(view_equal(last_header("n"), view_of("\x00\xff", 2)));
    assert_int_equal(last_header("e").size, 0);
    static const char *const wrong[] = {"a", "=b", "a=hex:0", "a=hex:0g"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(
            request_add_header_text(&fixture.request, wrong[i], &fixture.error), STATUS_INVALID);
    }
}

static void a_file_is_sent_as_it_is(void **state) {
    (void)state;
    char path[] = "/tmp/test_cli_request.XXXXXX";
    int file = mkstemp(path);
    assert_int_equal(
        write(
            file,
            "\x00\xff"
            "abc",
            5),
        5);
    assert_int_equal(request_value_from_file(&fixture.request, path, &fixture.error), STATUS_OK);
    assert_true(view_equal(
        fixture.request.value,
        view_of(
            "\x00\xff"
            "abc",
            5)));
    assert_int_equal(ftruncate(file, REQUEST_VALUE_MAX), 0);
    assert_int_equal(request_value_from_file(&fixture.request, path, &fixture.error), STATUS_OK);
    assert_int_equal(fixture.request.value.size, REQUEST_VALUE_MAX);
    assert_int_equal(ftruncate(file, REQUEST_VALUE_MAX + 1), 0);
    assert_int_equal(
        request_value_from_file(&fixture.request, path, &fixture.error), STATUS_INVALID);
    (void)close(file);
    (void)unlink(path);
    assert_int_equal(
        request_value_from_file(&fixture.request, path, &fixture.error), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slots_are_keyed_by_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_are_framed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_command_id_is_minted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            accounts_are_keyed_by_account_where_one_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queries_are_keyed_by_command_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_come_in_any_case, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_request_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_fields_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(headers_are_text_or_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_sent_as_it_is, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
