/* Reading a subcommand's arguments. */
/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/time.h"
#include "cli/options.h"

#include <string.h>

static const struct option_row rows[] = {
    {"--wait", OPTION_FLAG},
    {"--token", OPTION_VALUE},
    {"--header", OPTION_REPEATED},
    {NULL, OPTION_FLAG},
};

static const char usage[] = "usage: slotkeeper try\n";

static enum options_result read_words(
    struct options *options, int count, const char *const *words) {
    char *argv[16];
    static char copies[16][64];
    for (int i = 0; i < count; i++) {
        strncpy(copies[i], words[i], sizeof copies[i] - 1);
        argv[i] = copies[i];
    }
    struct cli cli = {.argc = count, .argv = argv};
    return options_read(&cli, rows, usage, options);
}

#define READ(options, ...)                                                                         \
    read_words(                                                                                    \
        (options),                                                                                 \
        (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                             \
        (const char *const[]){__VA_ARGS__})

static void test_arguments_and_options_mix(void **state) {
    (void)state;
    struct options options;
    assert_int_equal(
        READ(&options, "try", "BookSlot", "--wait", "--token", "abc", "slot_id=1"), OPTIONS_READ);
    assert_true(options_has(&options, "--wait"));
    assert_string_equal(options_value(&options, "--token"), "abc");
    assert_int_equal(options.argument_count, 2);
    assert_string_equal(options.arguments[0], "BookSlot");
    assert_string_equal(options.arguments[1], "slot_id=1");
}

static void test_value_after_equals(void **state) {
    (void)state;
    struct options options;
    assert_int_equal(READ(&options, "try", "--token=a=b", "--token="), OPTIONS_READ);
    assert_string_equal(options_value(&options, "--token"), "");
    assert_int_equal(READ(&options, "try", "--token=a=b"), OPTIONS_READ);
    assert_string_equal(options_value(&options, "--token"), "a=b");
}

static void test_repeated_in_order(void **state) {
    (void)state;
    struct options options;
    size_t at = 0;
    assert_int_equal(
        READ(&options, "try", "--header", "a=1", "--wait", "--header", "b=2"), OPTIONS_READ);
    assert_string_equal(options_next(&options, "--header", &at), "a=1");
    assert_string_equal(options_next(&options, "--header", &at), "b=2");
    assert_null(options_next(&options, "--header", &at));
}

static void test_absent(void **state) {
    (void)state;
    struct options options;
    assert_int_equal(READ(&options, "try"), OPTIONS_READ);
    assert_false(options_has(&options, "--wait"));
    assert_null(options_value(&options, "--token"));
    assert_int_equal(options.argument_count, 0);
}

static void test_dashes(void **state) {
    (void)state;
    struct options options;
    assert_int_equal(READ(&options, "try", "-", "--", "--wait", "--help"), OPTIONS_READ);
    assert_int_equal(options.argument_count, 3);
    assert_string_equal(options.arguments[0], "-");
    assert_string_equal(options.arguments[1], "--wait");
    assert_false(options_has(&options, "--wait"));
}

static void test_wrong(void **state) {
    (void)state;
    struct options options;
    assert_int_equal(READ(&options, "try", "--nothing"), OPTIONS_WRONG);
    assert_int_equal(READ(&options, "try", "--tok", "x"), OPTIONS_WRONG);
    assert_int_equal(READ(&options, "try", "--wait=yes"), OPTIONS_WRONG);
    assert_int_equal(READ(&options, "try", "--token"), OPTIONS_WRONG);
    assert_int_equal(READ(&options, "try", "-x"), OPTIONS_WRONG);
}

static void test_help_is_asked_for(void **state) {
    (void)state;
    struct options options;
    assert_int_equal(READ(&options, "try", "BookSlot", "--help"), OPTIONS_HELP);
}

static void test_too_many(void **state) {
    (void)state;
    static char wait[] = "--wait";
    static char word[] = "word";
    char *argv[OPTIONS_ARGUMENTS_MAX + 2];
    struct options options;
    for (size_t i = 0; i < sizeof argv / sizeof argv[0]; i++) {
        argv[i] = word;
    }
    struct cli cli = {.argc = OPTIONS_ARGUMENTS_MAX + 1, .argv = argv};
    assert_int_equal(options_read(&cli, rows, usage, &options), OPTIONS_READ);
    cli.argc++;
    assert_int_equal(options_read(&cli, rows, usage, &options), OPTIONS_WRONG);
    for (size_t i = 0; i < OPTIONS_GIVEN_MAX + 2; i++) {
        argv[i] = wait;
    }
    cli.argc = OPTIONS_GIVEN_MAX + 1;
    assert_int_equal(options_read(&cli, rows, usage, &options), OPTIONS_READ);
    cli.argc++;
    assert_int_equal(options_read(&cli, rows, usage, &options), OPTIONS_WRONG);
}

static void test_durations(void **state) {
    (void)state;
    int64_t us;
    assert_true(duration_parse("250ms", &us));
    assert_int_equal(us, 250000);
    assert_true(duration_parse("30s", &us));
    assert_int_equal(us, 30 * TIME_SECOND_US);
    assert_true(duration_parse("15m", &us));
    assert_int_equal(us, 900 * TIME_SECOND_US);
    assert_true(duration_parse("2h", &us));
    assert_true(duration_parse("3650d", &us));
    static const char *const wrong[] = {
        "",
        "s",
        "30",
        "30 s",
        "-1s",
        "1.5s",
        "30S",
        "3651d",
        "99999999999999999999s",
        "9223372036854775807d",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(duration_parse(wrong[i], &us));
    }
}

static void test_counts(void **state) {
    (void)state;
    int64_t count;
    assert_true(count_parse("7", 10, &count));
    assert_int_equal(count, 7);
    assert_true(count_parse("10", 10, &count));
    static const char *const wrong[] = {"", "0", "11", "+1", "1x", "x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(count_parse(wrong[i], 10, &count));
    }
}

static void test_hex(void **state) {
    (void)state;
    uint8_t bytes[4];
    size_t size;
    assert_true(hex_parse("00fFa5", bytes, sizeof bytes, &size));
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "\x00\xff\xa5", 3);
    assert_true(hex_parse("", bytes, sizeof bytes, &size));
    assert_int_equal(size, 0);
    assert_false(hex_parse("0", bytes, sizeof bytes, &size));
    assert_false(hex_parse("0g", bytes, sizeof bytes, &size));
    assert_false(hex_parse("0011223344", bytes, sizeof bytes, &size));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_and_options_mix),
        cmocka_unit_test(test_value_after_equals),
        cmocka_unit_test(test_repeated_in_order),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_dashes),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_help_is_asked_for),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
