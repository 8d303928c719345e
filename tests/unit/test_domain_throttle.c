/* How long each attempt at a password makes the next one wait, exactly. */
#include "domain/throttle.h"
#include "domain_fixture.h"

#define NOT_SET INT64_C(-7)

static bool admit(struct throttle *throttle, const struct limits *limits, int64_t now_us) {
    int64_t retry_after_us = NOT_SET;
    bool admitted = throttle_admit(throttle, limits, now_us, &retry_after_us);
    assert_int_equal(admitted, retry_after_us == NOT_SET);
    return admitted;
}

static int64_t wait_of(struct throttle *throttle, const struct limits *limits, int64_t now_us) {
    int64_t retry_after_us = NOT_SET;
    assert_false(throttle_admit(throttle, limits, now_us, &retry_after_us));
    return retry_after_us;
}

/* So many attempts, each at the first moment that it may be made; gives the last one's time. */
static int64_t attempt_times(struct throttle *throttle, const struct limits *limits, int times) {
    int64_t now_us = NOW_US;
    for (int i = 0; i < times; i++) {
        now_us = throttle->blocked_until_us > now_us ? throttle->blocked_until_us : now_us;
        assert_true(admit(throttle, limits, now_us));
    }
    return now_us;
}

static void an_attempt_counts_and_says_when(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    assert_true(admit(&throttle, &limits, NOW_US));
    assert_int_equal(throttle.failures, 1);
    assert_int_equal(throttle.last_attempt_us, NOW_US);
    assert_int_equal(throttle.blocked_until_us, 0);
}

/* From the fifth on 2^(n - 5) seconds, at most a quarter of an hour, and a day beyond the
 * hundredth. */
static int64_t documented_delay(int attempt) {
    static const int64_t seconds[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
    if (attempt <= 14) {
        return seconds[attempt] * SECOND_US;
    }
    return attempt <= 100 ? 15 * MINUTE_US : DAY_US;
}

static void every_delay_is_the_documented_one(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t now_us = NOW_US;
    for (int attempt = 1; attempt <= 101; attempt++) {
        assert_true(admit(&throttle, &limits, now_us));
        int64_t delay_us = documented_delay(attempt);
        assert_int_equal(throttle.failures, attempt);
        assert_int_equal(throttle.last_attempt_us, now_us);
        assert_int_equal(throttle.blocked_until_us, delay_us == 0 ? 0 : now_us + delay_us);
        now_us += delay_us;
    }
}

static void an_attempt_before_its_time_does_not_count(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t now_us = attempt_times(&throttle, &limits, 7); /* 4 s */
    struct throttle before = throttle;
    assert_int_equal(wait_of(&throttle, &limits, now_us), 4 * SECOND_US);
    assert_int_equal(wait_of(&throttle, &limits, now_us + SECOND_US), 3 * SECOND_US);
    assert_int_equal(wait_of(&throttle, &limits, now_us + 4 * SECOND_US - 1), 1);
    assert_memory_equal(&throttle, &before, sizeof before);
    assert_true(admit(&throttle, &limits, now_us + 4 * SECOND_US));
    assert_int_equal(throttle.failures, 8);
}

static void waiting_alone_forgives_nothing(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t now_us = attempt_times(&throttle, &limits, 14) + DAY_US - 1;
    assert_true(admit(&throttle, &limits, now_us));
    assert_int_equal(throttle.failures, 15);
    assert_int_equal(throttle.blocked_until_us, now_us + 15 * MINUTE_US);
}

static void failures_are_forgotten_after_the_locks_time_without_one(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t now_us = attempt_times(&throttle, &limits, 14);
    assert_true(admit(&throttle, &limits, now_us + DAY_US)); /* not longer than a day */
    assert_int_equal(throttle.failures, 15);
    assert_true(admit(&throttle, &limits, now_us + DAY_US + DAY_US + 1));
    assert_int_equal(throttle.failures, 1);
    assert_int_equal(throttle.blocked_until_us, 0);
}

static void a_lock_lasts_a_day_and_no_attempt_makes_it_longer(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t locked_us = attempt_times(&throttle, &limits, 101);
    for (int hour = 0; hour < 24; hour++) {
        assert_int_equal(
            wait_of(&throttle, &limits, locked_us + hour * HOUR_US), DAY_US - hour * HOUR_US);
    }
    struct throttle at_its_end = throttle;
    assert_true(admit(&at_its_end, &limits, locked_us + DAY_US)); /* still in a row */
    assert_int_equal(at_its_end.failures, 102);
    assert_int_equal(at_its_end.blocked_until_us, locked_us + DAY_US + DAY_US);
    assert_true(admit(&throttle, &limits, locked_us + DAY_US + 1));
    assert_int_equal(throttle.failures, 1);
}

static void every_number_is_a_setting(void **state) {
    (void)state;
    struct limits limits = {
        .login_failures_free = 1,
        .login_delay_max_us = 3 * SECOND_US,
        .login_failures_max = 4,
        .login_lock_us = HOUR_US};
    static const int64_t seconds[] = {1, 2, 3, 3, 3600, 3600};
    struct throttle throttle = {0};
    int64_t now_us = NOW_US;
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        assert_true(admit(&throttle, &limits, now_us));
        assert_int_equal(throttle.blocked_until_us - now_us, seconds[i] * SECOND_US);
        now_us = throttle.blocked_until_us;
    }
    assert_true(admit(&throttle, &limits, now_us + 1));
    assert_int_equal(throttle.failures, 1);
    assert_int_equal(throttle.blocked_until_us - now_us - 1, SECOND_US);
}

/* No number of failures makes the delay overflow into none. */
static void many_failures_double_no_further(void **state) {
    (void)state;
    struct limits limits = default_limits();
    limits.login_failures_max = 1000000;
    limits.login_delay_max_us = INT64_MAX / 2;
    struct throttle throttle = {.failures = 5 + 40 - 1, .last_attempt_us = NOW_US};
    assert_true(admit(&throttle, &limits, NOW_US));
    assert_int_equal(throttle.blocked_until_us - NOW_US, SECOND_US << 40);
    for (int64_t failures = 5 + 41; failures < 300; failures++) {
        throttle = (struct throttle){.failures = failures - 1, .last_attempt_us = NOW_US};
        assert_true(admit(&throttle, &limits, NOW_US));
        assert_int_equal(throttle.blocked_until_us - NOW_US, INT64_MAX / 2);
    }
}

static void a_clock_that_steps_back_frees_nobody(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t now_us = attempt_times(&throttle, &limits, 4);
    assert_true(admit(&throttle, &limits, now_us - 2 * DAY_US)); /* nothing was forgotten */
    assert_int_equal(throttle.failures, 5);
    assert_int_equal(throttle.last_attempt_us, now_us - 2 * DAY_US);
    assert_int_equal(throttle.blocked_until_us, now_us - 2 * DAY_US + SECOND_US);
}

/* Else the owner of an attacked login would wait longer than any delay that is documented. */
static void a_clock_that_steps_back_makes_no_delay_longer(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t now_us = attempt_times(&throttle, &limits, 20) - HOUR_US;
    assert_int_equal(wait_of(&throttle, &limits, now_us), 15 * MINUTE_US);
    assert_int_equal(wait_of(&throttle, &limits, now_us + MINUTE_US), 14 * MINUTE_US);
    assert_int_equal(wait_of(&throttle, &limits, now_us), 14 * MINUTE_US + MINUTE_US);
    assert_int_equal(throttle.failures, 20);
    assert_true(admit(&throttle, &limits, now_us + 15 * MINUTE_US));
    assert_int_equal(throttle.failures, 21);
}

/* A step shorter than what had passed: it only seems to have been less. */
static void a_small_step_back_is_waited_for_again(void **state) {
    (void)state;
    struct limits limits = default_limits();
    struct throttle throttle = {0};
    int64_t now_us = attempt_times(&throttle, &limits, 20);
    assert_int_equal(wait_of(&throttle, &limits, now_us + 10 * MINUTE_US), 5 * MINUTE_US);
    assert_int_equal(wait_of(&throttle, &limits, now_us + 8 * MINUTE_US), 7 * MINUTE_US);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_counts_and_says_when),
        cmocka_unit_test(every_delay_is_the_documented_one),
        cmocka_unit_test(an_attempt_before_its_time_does_not_count),
        cmocka_unit_test(waiting_alone_forgives_nothing),
        cmocka_unit_test(failures_are_forgotten_after_the_locks_time_without_one),
        cmocka_unit_test(a_lock_lasts_a_day_and_no_attempt_makes_it_longer),
        cmocka_unit_test(every_number_is_a_setting),
        cmocka_unit_test(many_failures_double_no_further),
        cmocka_unit_test(a_clock_that_steps_back_frees_nobody),
        cmocka_unit_test(a_clock_that_steps_back_makes_no_delay_longer),
        cmocka_unit_test(a_small_step_back_is_waited_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
