/* The token buckets: refill, burst, wait, what time does that does not only go on, room, threads.
 */
#include "security/rate_limiter.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SECOND_US = 1000000, PER_SECOND = 10, BURST = 40, MANY = 1000 };

#define START_US INT64_C(1790000000000000)

static struct rate_limiter *limiter;

static void given(int64_t per_second, int64_t burst, size_t callers_max) {
    const struct rate_settings settings = {per_second, burst, callers_max};
    rate_limiter_destroy(limiter);
    limiter = rate_limiter_new(&settings);
    assert_non_null(limiter);
}

static int set_up(void **state) {
    (void)state;
    given(PER_SECOND, BURST, MANY);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    rate_limiter_destroy(limiter);
    limiter = NULL;
    return 0;
}

static struct uuid caller(unsigned number) {
    return (struct uuid){
        {[12] = (uint8_t)(number >> 24),
         [13] = (uint8_t)(number >> 16),
         [14] = (uint8_t)(number >> 8),
         [15] = (uint8_t)number}};
}

static int64_t take(unsigned number, uint32_t stream, int64_t after_us) {
    return rate_limiter_take(limiter, caller(number), stream, START_US + after_us);
}

/* How many of `count` at that time pass. */
static int passed(unsigned number, uint32_t stream, int64_t after_us, int count) {
    int passed = 0;
    for (int i = 0; i < count; i++) {
        passed += take(number, stream, after_us) == 0 ? 1 : 0;
    }
    return passed;
}

/* ---- one caller ---- */

static void a_burst_passes_and_no_more(void **state) {
    (void)state;
    assert_int_equal(passed(1, 0, 0, BURST + 20), BURST);
}

static void a_bucket_fills_by_time_up_to_a_burst(void **state) {
    (void)state;
    assert_int_equal(passed(1, 0, 0, BURST), BURST);
    assert_int_equal(passed(1, 0, SECOND_US, BURST), PER_SECOND);
    assert_int_equal(passed(1, 0, SECOND_US + SECOND_US / 2, BURST), PER_SECOND / 2);
    assert_int_equal(passed(1, 0, INT64_C(1000) * SECOND_US, 2 * BURST), BURST);
}

static void who_keeps_to_the_rate_is_never_refused(void **state) {
    (void)state;
    (void)passed(1, 0, 0, BURST);
    for (int i = 1; i <= 10 * BURST; i++) {
        assert_int_equal(take(1, 0, (int64_t)i * SECOND_US / PER_SECOND), 0);
    }
    assert_int_not_equal(take(1, 0, INT64_C(10) * BURST * SECOND_US / PER_SECOND), 0);
}

static void a_rate_that_divides_no_second_is_kept_exactly(void **state) {
    (void)state;
    given(7, 1, MANY);
    int count = 0;
    for (int64_t us = 0; us <= INT64_C(100) * SECOND_US; us += 1000) {
        count += take(1, 0, us) == 0 ? 1 : 0;
    }
    assert_in_range(count, 698, 701); /* asked every ms, each up to one ms late */
}

static void the_wait_is_right_to_the_microsecond(void **state) {
    (void)state;
    (void)passed(1, 0, 0, BURST);
    int64_t wait_us = take(1, 0, 20000);
    assert_int_equal(wait_us, SECOND_US / PER_SECOND - 20000);
    assert_int_equal(take(1, 0, 20000 + wait_us - 1), 1);
    assert_int_equal(take(1, 0, 20000 + wait_us), 0);
}

static void a_refusal_costs_nothing(void **state) {
    (void)state;
    (void)passed(1, 0, 0, 100 * BURST);
    assert_int_equal(take(1, 0, SECOND_US / PER_SECOND), 0);
}

static void what_is_given_back_may_be_taken_again(void **state) {
    (void)state;
    (void)passed(1, 0, 0, BURST);
    rate_limiter_give_back(limiter, caller(1), 0, START_US);
    rate_limiter_give_back(limiter, caller(1), 0, START_US);
    assert_int_equal(passed(1, 0, 0, BURST), 2);
    for (int i = 0; i < 2 * BURST; i++) {
        rate_limiter_give_back(limiter, caller(1), 0, START_US);
    }
    assert_int_equal(passed(1, 0, 0, 2 * BURST), BURST);
}

static void callers_do_not_share(void **state) {
    (void)state;
    assert_int_equal(passed(1, 0, 0, 2 * BURST), BURST);
    assert_int_equal(passed(2, 0, 0, 2 * BURST), BURST);
}

static void the_largest_settings_do_not_overflow(void **state) {
    (void)state;
    given(1, 10000000, MANY);
    assert_int_equal(passed(1, 0, 0, 1000), 1000);
    assert_int_equal(take(1, 0, INT64_C(200) * 366 * 86400 * SECOND_US), 0);
    given(1000000, 1, MANY);
    assert_int_equal(passed(1, 0, 0, 2), 1);
    assert_int_equal(passed(1, 0, 1, 2), 1);
}

/* ---- partitions, and times that do not only go on ---- */

static void partitions_that_are_abreast_share_a_bucket(void **state) {
    (void)state;
    assert_int_equal(passed(1, 0, 0, BURST / 2), BURST / 2);
    assert_int_equal(passed(1, 1, -SECOND_US / 2, BURST), BURST / 2);
    assert_int_equal(passed(1, 2, 0, BURST), 0);
}

static void the_wait_of_a_late_record_counts_from_its_own_time(void **state) {
    (void)state;
    (void)passed(1, 0, 0, BURST);
    int64_t wait_us = take(1, 1, -SECOND_US / 2);
    assert_int_equal(wait_us, SECOND_US / 2 + SECOND_US / PER_SECOND);
}

/* Sent at the whole of the rate for an hour over three partitions, and then read one partition
 * after the other. */
static void a_backlog_that_was_sent_slowly_enough_passes_whole(void **state) {
    (void)state;
    for (uint32_t stream = 0; stream < 3; stream++) {
        for (int64_t i = stream; i < (int64_t)3600 * PER_SECOND; i += 3) {
            assert_int_equal(take(1, stream, i * SECOND_US / PER_SECOND), 0);
        }
    }
}

static void a_partition_that_lags_is_limited_too(void **state) {
    (void)state;
    (void)take(1, 0, INT64_C(3600) * SECOND_US);
    assert_int_equal(passed(1, 1, 0, 3 * BURST), BURST);
    assert_int_equal(passed(1, 1, SECOND_US, 3 * BURST), PER_SECOND);
    assert_int_equal(passed(1, 2, 0, 3 * BURST), BURST);
}

static void a_clock_set_back_stops_nobody(void **state) {
    (void)state;
    (void)passed(1, 0, INT64_C(3600) * SECOND_US, BURST);
    assert_int_equal(passed(1, 0, 0, 2 * BURST), BURST); /* the partition's own */
    assert_int_equal(passed(1, 0, -INT64_C(3600) * SECOND_US, BURST), 0);
    assert_int_equal(passed(1, 0, -INT64_C(3599) * SECOND_US, BURST), PER_SECOND);
}

/* ---- room ---- */

static void a_full_table_forgets_the_fullest(void **state) {
    (void)state;
    given(PER_SECOND, BURST, 2);
    (void)passed(1, 0, 0, BURST);
    (void)passed(2, 0, 0, 1);
    (void)passed(3, 0, 0, 1); /* in the place of 2 */
    assert_int_equal(passed(1, 0, 0, BURST), 0);
    assert_int_equal(passed(2, 0, 0, 2 * BURST), BURST);
}

static void a_crowd_does_not_wash_out_who_is_at_the_limit(void **state) {
    (void)state;
    given(PER_SECOND, BURST, 64);
    (void)passed(0, 0, 0, BURST);
    for (unsigned i = 1; i < 100000; i++) {
        assert_int_equal(take(i, 0, 0), 0);
    }
    assert_int_equal(passed(0, 0, 0, BURST), 0);
}

static void callers_counted_upwards_are_spread(void **state) {
    (void)state;
    given(PER_SECOND, BURST, 4096);
    for (unsigned i = 0; i < 1024; i++) {
        (void)passed(i, 0, 0, BURST);
    }
    int remembered = 0;
    for (unsigned i = 0; i < 1024; i++) {
        remembered += take(i, 0, 0) != 0 ? 1 : 0;
    }
    assert_in_range(remembered, 1014, 1024); /* a quarter full, and sets of eight */
}

/* ---- threads ---- */

enum { THREADS = 2, TAKES = 20000 };

static atomic_int taken[2];

static void *take_much(void *argument) {
    uint32_t stream = *(const uint32_t *)argument;
    for (int i = 0; i < TAKES; i++) {
        unsigned number = (unsigned)i % 2;
        if (take(number, stream, 0) == 0) {
            (void)atomic_fetch_add(&taken[number], 1);
        }
        (void)take(2 + (unsigned)i, stream, 0); /* so that there is much coming and going, too */
    }
    return NULL;
}

static void threads_together_take_no_more_than_a_burst(void **state) {
    (void)state;
    static const uint32_t streams[THREADS] = {0, 1};
    pthread_t threads[THREADS];
    given(PER_SECOND, TAKES / 2, MANY);
    for (size_t i = 0; i < THREADS; i++) {
        union {
            const void *from;
            void *to;
        } argument = {&streams[i]};

        assert_int_equal(pthread_create(&threads[i], NULL, take_much, argument.to), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&taken[0]), TAKES / 2);
    assert_int_equal(atomic_load(&taken[1]), TAKES / 2);
}

#define RATE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        RATE_TEST(a_burst_passes_and_no_more),
        RATE_TEST(a_bucket_fills_by_time_up_to_a_burst),
        RATE_TEST(who_keeps_to_the_rate_is_never_refused),
        RATE_TEST(a_rate_that_divides_no_second_is_kept_exactly),
        RATE_TEST(the_wait_is_right_to_the_microsecond),
        RATE_TEST(a_refusal_costs_nothing),
        RATE_TEST(what_is_given_back_may_be_taken_again),
        RATE_TEST(callers_do_not_share),
        RATE_TEST(the_largest_settings_do_not_overflow),
        RATE_TEST(partitions_that_are_abreast_share_a_bucket),
        RATE_TEST(the_wait_of_a_late_record_counts_from_its_own_time),
        RATE_TEST(a_backlog_that_was_sent_slowly_enough_passes_whole),
        RATE_TEST(a_partition_that_lags_is_limited_too),
        RATE_TEST(a_clock_set_back_stops_nobody),
        RATE_TEST(a_full_table_forgets_the_fullest),
        RATE_TEST(a_crowd_does_not_wash_out_who_is_at_the_limit),
        RATE_TEST(callers_counted_upwards_are_spread),
        RATE_TEST(threads_together_take_no_more_than_a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
