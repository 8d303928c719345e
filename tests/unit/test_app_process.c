/* What the process does to itself, and the signals it waits for. Each in a child, because none can
 * be undone. */
#include "app/process.h"
#include "app/signals.h"
#include "base/time.h"
#include "unit.h"

#include <pthread.h>
#include <sys/prctl.h>

static bool succeeds(void (*act)(void)) {
    return outcome_in_child(act) == 0;
}

/* In a child: cmocka's own asserts would jump back into the parent's tests. */
static void require(bool condition, int line) {
    if (!condition) {
        _exit(line % 250 + 1);
    }
}

#define REQUIRE(condition) require((condition), __LINE__)

static void check_hardened(void) {
    process_harden();
    REQUIRE(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    REQUIRE(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    struct rlimit limit = {1, 1};
    REQUIRE(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    (void)close(ends[0]);
    REQUIRE(write(ends[1], "x", 1) == -1); /* SIGPIPE would have ended us */
}

static void hardening_takes_hold(void **state) {
    (void)state;
    assert_int_equal(outcome_in_child(check_hardened), 0);
}

static void check_events(void) {
    signals_block();
    REQUIRE(signals_wait(0) == SIGNAL_EVENT_NONE);
    (void)kill(getpid(), SIGHUP);
    REQUIRE(signals_wait(TIME_SECOND_US) == SIGNAL_EVENT_RELOAD);
    (void)kill(getpid(), SIGTERM);
    REQUIRE(signals_wait(TIME_SECOND_US) == SIGNAL_EVENT_STOP);
    (void)kill(getpid(), SIGINT);
    REQUIRE(signals_wait(TIME_SECOND_US) == SIGNAL_EVENT_STOP);
    REQUIRE(signals_wait(0) == SIGNAL_EVENT_NONE);
}

static void each_signal_is_its_event(void **state) {
    (void)state;
    assert_true(succeeds(check_events));
}

static void check_timeout(void) {
    signals_block();
    int64_t began_us = time_monotonic_us();
    REQUIRE(signals_wait(150000) == SIGNAL_EVENT_NONE);
    int64_t took_us = time_monotonic_us() - began_us;
    REQUIRE(took_us >= 149000 && took_us < 5 * TIME_SECOND_US);
    REQUIRE(signals_wait(-5) == SIGNAL_EVENT_NONE);
}

static void waiting_ends(void **state) {
    (void)state;
    assert_true(succeeds(check_timeout));
}

static void *sleep_long(void *context) {
    (void)context;
    (void)usleep(500000);
    return NULL;
}

static void check_threads(void) {
    signals_block();
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, sleep_long, NULL) == 0);
    (void)kill(getpid(), SIGTERM); /* would end us if the thread took it */
    REQUIRE(signals_wait(5 * TIME_SECOND_US) == SIGNAL_EVENT_STOP);
    (void)pthread_join(thread, NULL);
}

static void threads_started_later_do_not_take_them(void **state) {
    (void)state;
    assert_true(succeeds(check_threads));
}

static void on_other(int number) {
    (void)number;
}

static void check_interruption(void) {
    signals_block();
    (void)sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_other}, NULL);
    pid_t waiter = getpid();
    pid_t sender = fork();
    if (sender == 0) {
        (void)usleep(100000);
        (void)kill(waiter, SIGUSR1);
        (void)usleep(200000);
        (void)kill(waiter, SIGHUP);
        _exit(0);
    }
    REQUIRE(signals_wait(10 * TIME_SECOND_US) == SIGNAL_EVENT_RELOAD);
    (void)waitpid(sender, NULL, 0);
}

static void other_signals_do_not_end_the_wait(void **state) {
    (void)state;
    assert_true(succeeds(check_interruption));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hardening_takes_hold),
        cmocka_unit_test(each_signal_is_its_event),
        cmocka_unit_test(waiting_ends),
        cmocka_unit_test(threads_started_later_do_not_take_them),
        cmocka_unit_test(other_signals_do_not_end_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
