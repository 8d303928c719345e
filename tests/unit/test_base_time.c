/* RFC 3339 in and out. The expected numbers come from `date -u -d TEXT +%s`. */
#include "base/time.h"
#include "unit.h"

#include <time.h>

static const struct {
    const char *text;
    int64_t time_us;
} good[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00.000001Z", 1},
    {"2026-11-22T17:47:14.123456Z", 1795369634123456},
    {"2026-11-22T17:47:14.1Z", 1795369634100000},
    {"2026-11-22T17:47:14.123456789Z", 1795369634123456},
    {"2026-11-22t17:47:14z", 1795369634000000},
    {"2026-11-22T18:47:14+01:00", 1795369634000000},
    {"2026-11-22T12:17:14-05:30", 1795369634000000},
    {"2026-11-23T00:00:00+06:12", 1795369680000000},
    {"2000-02-29T12:00:00Z", 951825600000000},
    {"2024-02-29T23:59:59Z", 1709251199000000},
    {"2100-02-28T23:59:59Z", 4107542399000000},
    {"1970-01-01T01:00:00+01:00", 0},
    {"1969-12-31T23:00:00-01:00", 0},
    {"9999-12-31T23:59:59.999999Z", TIME_MAX_US},
};

static const char *const bad[] = {
    "",
    "2026-11-22",
    "2026-11-22T17:47:14",
    "2026-11-22 17:47:14Z",
    "2026-11-22T17:47Z",
    "2026-11-22T17:47:14.Z",
    "2026-11-22T17:47:14.1234567890Z",
    "2026-11-22T17:47:14,5Z",
    "2026-11-22T17:47:14Z ",
    " 2026-11-22T17:47:14Z",
    "2026-11-22T17:47:14ZZ",
    "2026-11-22T17:47:14+1:00",
    "2026-11-22T17:47:14+0100",
    "2026-11-22T17:47:14+24:00",
    "2026-11-22T17:47:14+01:60",
    "2026-11-22T24:00:00Z",
    "2026-11-22T23:60:00Z",
    "2026-06-30T23:59:60Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-04-00T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "1900-02-28T00:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:59:59+01:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-00:01",
    "10000-01-01T00:00:00Z",
    "-026-11-22T17:47:14Z",
    "+026-11-22T17:47:14Z",
    "20x6-11-22T17:47:14Z",
};

static void parses_what_is_good(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        print_message("%s\n", good[i].text);
        int64_t time_us = -1;
        assert_true(time_parse(view_text(good[i].text), &time_us));
        assert_int_equal(time_us, good[i].time_us);
    }
}

static void refuses_what_is_bad(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        print_message("\"%s\"\n", bad[i]);
        int64_t time_us;
        assert_false(time_parse(view_text(bad[i]), &time_us));
    }
    int64_t time_us;
    assert_false(time_parse(view_of(NULL, 0), &time_us));
    assert_false(time_parse(view_of("2026-11-22T17:47:14\0", 20), &time_us));
}

static void every_prefix_is_refused(void **state) {
    (void)state;
    const char *text = "2026-11-22T17:47:14.123456+01:00";
    int64_t time_us;
    for (size_t size = 0; size < strlen(text); size++) {
        char *cut = strndup(text, size); /* so that reading on is seen by a sanitizer */
        assert_false(time_parse(view_of(cut, size), &time_us));
        free(cut);
    }
    assert_true(time_parse(view_text(text), &time_us));
}

static void formats_what_it_parses(void **state) {
    (void)state;
    for (int64_t time_us = 0; time_us < TIME_MAX_US; time_us += INT64_C(86399) * 7654321987) {
        char text[TIME_TEXT_SIZE + 1];
        time_format(time_us, text);
        assert_int_equal(strlen(text), TIME_TEXT_SIZE);
        int64_t again;
        assert_true(time_parse(view_text(text), &again));
        assert_int_equal(again, time_us);
    }
}

/* Each day of 130 years against the C library. */
static void agrees_with_the_c_library(void **state) {
    (void)state;
    for (int64_t day = 0; day < 47500; day++) {
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        struct tm parts;
        assert_non_null(gmtime_r(&seconds, &parts));
        char expected[32];
        assert_int_equal(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &parts), 19);
        char text[TIME_TEXT_SIZE + 1];
        time_format((int64_t)seconds * TIME_SECOND_US, text);
        assert_memory_equal(text, expected, 19);
    }
}

static void formats_bounds(void **state) {
    (void)state;
    char text[TIME_TEXT_SIZE + 1];
    time_format(-1, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    time_format(TIME_MAX_US + 1, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void clocks_go_forward(void **state) {
    (void)state;
    int64_t before_us = time_monotonic_us();
    assert_true(time_monotonic_us() >= before_us);
    int64_t wall_us = time_wall_us();
    assert_true(llabs(wall_us / TIME_SECOND_US - (int64_t)time(NULL)) <= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_what_is_good),
        cmocka_unit_test(refuses_what_is_bad),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(formats_what_it_parses),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(formats_bounds),
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
