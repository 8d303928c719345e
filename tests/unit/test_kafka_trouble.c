/* What is said of connections that fail: once a minute, and the last of it for whoever asks. */
/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "kafka/trouble.h"

#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

/* The memory is the process's, so every test begins an hour after the one before. */
static int64_t begin(void) {
    static int64_t now_us;
    now_us += 3600 * SECOND_US;
    return now_us;
}

static void the_same_is_news_once_a_minute(void **state) {
    (void)state;
    int64_t now_us = begin();
    assert_true(trouble_is_news("refused", true, now_us));
    assert_false(trouble_is_news("refused", true, now_us));
    assert_false(trouble_is_news("refused", true, now_us + 59 * SECOND_US));
    assert_true(trouble_is_news("refused", true, now_us + 60 * SECOND_US));
    assert_false(trouble_is_news("refused", true, now_us + 61 * SECOND_US));
}

static void threads_and_counts_make_no_difference(void **state) {
    (void)state;
    int64_t now_us = begin();
    char text[TROUBLE_TEXT_SIZE];
    assert_true(
        trouble_is_news("[thrd:a]: b: no route (after 1ms in state CONNECT)", true, now_us));
    assert_false(
        trouble_is_news("[thrd:c]: b: no route (after 22ms in state CONNECT)", true, now_us));
    trouble_last(text, now_us);
    assert_string_equal(text, "b: no route");
}

static void something_else_is_news(void **state) {
    (void)state;
    int64_t now_us = begin();
    assert_true(trouble_is_news("one", true, now_us));
    assert_true(trouble_is_news("two", true, now_us));
    assert_false(trouble_is_news("one", true, now_us));
    assert_false(trouble_is_news("two", true, now_us));
}

static void the_last_is_told_for_half_a_minute(void **state) {
    (void)state;
    int64_t now_us = begin();
    char text[TROUBLE_TEXT_SIZE];
    trouble_last(text, now_us);
    assert_string_equal(text, "");
    assert_true(trouble_is_news("one", true, now_us));
    assert_true(trouble_is_news("two", true, now_us));
    assert_false(trouble_is_news("one", true, now_us + SECOND_US));
    assert_true(trouble_is_news("a consequence", false, now_us + SECOND_US));
    trouble_last(text, now_us + 30 * SECOND_US);
    assert_string_equal(text, "one");
    trouble_last(text, now_us + 31 * SECOND_US);
    assert_string_equal(text, "");
}

/* More kinds than there are places: the oldest is forgotten, and never more than that. */
static void the_memory_is_bounded(void **state) {
    (void)state;
    int64_t now_us = begin();
    for (int i = 0; i < 17; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "kind %d", i);
        assert_true(trouble_is_news(text, true, now_us + i));
    }
    assert_false(trouble_is_news("kind 16", true, now_us + 17));
    assert_false(trouble_is_news("kind 1", true, now_us + 17));
    assert_true(trouble_is_news("kind 0", true, now_us + 17));
}

static void a_long_sentence_is_cut(void **state) {
    (void)state;
    int64_t now_us = begin();
    char text[2 * TROUBLE_TEXT_SIZE];
    char last[TROUBLE_TEXT_SIZE];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_true(trouble_is_news(text, true, now_us));
    assert_false(trouble_is_news(text, true, now_us));
    trouble_last(last, now_us);
    assert_int_equal(strlen(last), TROUBLE_TEXT_SIZE - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_news_once_a_minute),
        cmocka_unit_test(threads_and_counts_make_no_difference),
        cmocka_unit_test(something_else_is_news),
        cmocka_unit_test(the_last_is_told_for_half_a_minute),
        cmocka_unit_test(the_memory_is_bounded),
        cmocka_unit_test(a_long_sentence_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
