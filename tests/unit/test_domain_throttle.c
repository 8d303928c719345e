/* How many passwords may be tried: the schedule to the second. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "domain/throttle.h"

#define SECOND_US INT64_C(1000000)
#define NOW_US    (1894698000 * SECOND_US)

static const struct limits limits = {
    .login_failures_free = 5,
    .login_delay_max_us = 900 * SECOND_US,
    .login_failures_max = 100,
    .login_lock_us = 86400 * SECOND_US,
};

/* The n-th failure in a row, made when it may be; what the next one has to wait. */
static int64_t wait_after(int64_t failures) {
    struct throttle throttle = {.last_attempt_us = NOW_US};
    int64_t now_us = NOW_US;
    int64_t retry_after_us = 0;
    for (int64_t i = 0; i < failures; i++) {
        assert_true(throttle_admit(&throttle, &limits, now_us, &retry_after_us));
        if (i < failures - 1 && throttle.blocked_until_us > 0) {
            now_us = throttle.blocked_until_us;
        }
    }
    assert_int_equal(throttle.failures, failures);
    return throttle.blocked_until_us == 0 ? 0 : throttle.blocked_until_us - now_us;
}

static void failures_cost_time_from_the_fifth_on(void **state) {
    (void)state;
    assert_int_equal(wait_after(1), 0);
    assert_int_equal(wait_after(4), 0);
    assert_int_equal(wait_after(5), SECOND_US);
    assert_int_equal(wait_after(6), 2 * SECOND_US);
    assert_int_equal(wait_after(14), 512 * SECOND_US);
    assert_int_equal(wait_after(15), 900 * SECOND_US);
    assert_int_equal(wait_after(60), 900 * SECOND_US);
    assert_int_equal(wait_after(100), 900 * SECOND_US);
    assert_int_equal(wait_after(101), 86400 * SECOND_US);
}

static void who_must_wait_is_told_how_long_and_does_not_count(void **state) {
    (void)state;
    struct throttle throttle = {
        .failures = 7, .blocked_until_us = NOW_US + 3 * SECOND_US, .last_attempt_us = NOW_US};
    int64_t retry_after_us = 0;
    assert_false(throttle_admit(&throttle, &limits, NOW_US + SECOND_US, &retry_after_us));
    assert_int_equal(retry_after_us, 2 * SECOND_US);
    assert_int_equal(throttle.failures, 7);
    assert_true(throttle_admit(&throttle, &limits, NOW_US + 3 * SECOND_US, &retry_after_us));
    assert_int_equal(throttle.failures, 8);
}

static void a_quiet_day_forgets(void **state) {
    (void)state;
    struct throttle throttle = {.failures = 50, .last_attempt_us = NOW_US};
    int64_t retry_after_us = 0;
    int64_t later_us = NOW_US + limits.login_lock_us;
    assert_true(throttle_admit(&throttle, &limits, later_us, &retry_after_us));
    assert_int_equal(throttle.failures, 51);
    throttle = (struct throttle){.failures = 50, .last_attempt_us = NOW_US};
    assert_true(throttle_admit(&throttle, &limits, later_us + 1, &retry_after_us));
    assert_int_equal(throttle.failures, 1);
}

static void a_clock_that_steps_back_forgives_nothing(void **state) {
    (void)state;
    struct throttle throttle = {.failures = 3, .last_attempt_us = NOW_US};
    int64_t retry_after_us = 0;
    assert_true(throttle_admit(&throttle, &limits, NOW_US - 60 * SECOND_US, &retry_after_us));
    assert_int_equal(throttle.failures, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_cost_time_from_the_fifth_on),
        cmocka_unit_test(who_must_wait_is_told_how_long_and_does_not_count),
        cmocka_unit_test(a_quiet_day_forgets),
        cmocka_unit_test(a_clock_that_steps_back_forgives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
