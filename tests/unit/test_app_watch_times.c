/* Since when a partition's records wait, from one look to the next. */
#include "app/watch_times.h"
#include "base/time.h"
#include "unit.h"

#define AT(seconds) (INT64_C(1790000000000000) + (seconds)*TIME_SECOND_US)

static struct partition partition;

static int set_up(void **state) {
    (void)state;
    partition =
        (struct partition){.next_offset = 100, .last_offset = 99, .last_append_time_us = AT(-1000)};
    return 0;
}

static double undecided(int64_t high, int64_t at_s) {
    watch_update(&partition, high, AT(at_s));
    return watch_age_s(partition.watch.undecided_since_us, AT(at_s));
}

static double withheld(int64_t high, int64_t at_s) {
    watch_update(&partition, high, AT(at_s));
    return watch_age_s(partition.watch.withheld_since_us, AT(at_s));
}

static void decided_up_to(int64_t offset, int64_t append_s) {
    partition.next_offset = offset + 1;
    partition.last_offset = offset;
    partition.last_append_time_us = AT(append_s);
}

static void nothing_waits(void **state) {
    (void)state;
    assert_true(undecided(100, 0) == 0 && undecided(100, 1000) == 0);
    assert_true(watch_age_s(AT(5), AT(4)) == 0);
}

static void a_backlog_is_as_old_as_what_came_before_it(void **state) {
    (void)state;
    assert_true(undecided(500, 0) == 1000);
    decided_up_to(199, -400);
    assert_true(undecided(500, 1) == 401);
    decided_up_to(299, -100);
    assert_true(undecided(500, 2) == 102);
    decided_up_to(499, 3);
    assert_true(undecided(500, 4) == 0);
}

static void one_record_on_an_idle_topic_is_not_old(void **state) {
    (void)state;
    assert_true(undecided(100, 0) == 0);
    assert_true(undecided(101, 3600) == 0);
    assert_true(undecided(101, 3601) == 1);
    assert_true(undecided(300, 3700) == 100);
}

static void where_nothing_was_ever_decided_it_counts_from_the_first_look(void **state) {
    (void)state;
    partition = (struct partition){.last_offset = -1};
    assert_true(undecided(10, 0) == 0);
    assert_true(undecided(10, 60) == 60);
}

static void a_transaction_that_stays_open_is_seen(void **state) {
    (void)state;
    partition.end_offset = 100;
    assert_true(withheld(100, 0) == 0);
    assert_true(withheld(105, 1) == 0);
    assert_true(withheld(105, 61) == 60);
    assert_true(withheld(900, 91) == 90);
    decided_up_to(899, 92); /* it was committed, and the end not yet told */
    assert_true(withheld(1000, 93) == 0);
    partition.end_offset = 1000;
    assert_true(withheld(1000, 94) == 0);
}

static void another_transaction_counts_anew(void **state) {
    (void)state;
    partition.end_offset = 100;
    (void)withheld(105, 0);
    decided_up_to(109, 50);
    partition.end_offset = 110;
    assert_true(withheld(120, 60) == 0);
    assert_true(withheld(120, 70) == 10);
}

static void a_record_that_is_only_on_its_way_is_not_withheld(void **state) {
    (void)state;
    assert_true(withheld(105, 0) == 0); /* the end was never told */
    partition.end_offset = 90;
    assert_true(withheld(105, 60) == 0 && withheld(105, 90) == 0);
}

#define WATCH_TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        WATCH_TEST(nothing_waits),
        WATCH_TEST(a_backlog_is_as_old_as_what_came_before_it),
        WATCH_TEST(one_record_on_an_idle_topic_is_not_old),
        WATCH_TEST(where_nothing_was_ever_decided_it_counts_from_the_first_look),
        WATCH_TEST(a_transaction_that_stays_open_is_seen),
        WATCH_TEST(another_transaction_counts_anew),
        WATCH_TEST(a_record_that_is_only_on_its_way_is_not_withheld),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
