/* The schedule: after the n-th failure, from login_failures_free on, 2^(n - login_failures_free)
 * seconds up to login_delay_max_us; beyond login_failures_max, login_lock_us. */
#include "domain/throttle.h"

enum { DELAY_DOUBLINGS_MAX = 40 };

#define FIRST_DELAY_US INT64_C(1000000)

static int64_t delay_after(int64_t failures, const struct limits *limits) {
    if (failures < limits->login_failures_free) {
        return 0;
    }
    if (failures > limits->login_failures_max) {
        return limits->login_lock_us;
    }
    int64_t doublings = failures - limits->login_failures_free;
    int64_t delay_us =
        doublings > DELAY_DOUBLINGS_MAX ? limits->login_delay_max_us : FIRST_DELAY_US << doublings;
    return delay_us < limits->login_delay_max_us ? delay_us : limits->login_delay_max_us;
}

/* As if the last attempt had been made just now: no clock makes a delay longer than it is, and none
 * makes it shorter. */
static void follow_clock_back(struct throttle *throttle, int64_t now_us) {
    int64_t step_us = throttle->last_attempt_us - now_us;
    if (step_us > 0) {
        throttle->last_attempt_us -= step_us;
        throttle->blocked_until_us -= step_us;
    }
}

bool throttle_admit(
    struct throttle *throttle,
    const struct limits *limits,
    int64_t now_us,
    int64_t *retry_after_us) {
    follow_clock_back(throttle, now_us);
    if (throttle->blocked_until_us > now_us) {
        *retry_after_us = throttle->blocked_until_us - now_us;
        return false;
    }
    if (now_us - throttle->last_attempt_us > limits->login_lock_us) {
        throttle->failures = 0;
    }
    throttle->failures++;
    throttle->last_attempt_us = now_us;
    int64_t delay_us = delay_after(throttle->failures, limits);
    throttle->blocked_until_us = delay_us == 0 ? 0 : now_us + delay_us;
    return true;
}
