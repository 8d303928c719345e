/* Limits for tests: the settings' defaults, but for those of purges, which are 0. */
#ifndef SLOTKEEPER_TESTS_DEFAULT_LIMITS_H
#define SLOTKEEPER_TESTS_DEFAULT_LIMITS_H

#include "base/time.h"
#include "domain/limits.h"

#define MINUTE_US (60 * TIME_SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

static inline struct limits default_limits(void) {
    return (struct limits){
        .slot_duration_min_us = 5 * MINUTE_US,
        .slot_duration_max_us = 12 * HOUR_US,
        .slot_horizon_us = 400 * DAY_US,
        .slot_open_max = 10000,
        .booking_limit = 20,
        .noshow_grace_us = 10 * MINUTE_US,
        .command_age_max_us = DAY_US,
        .login_failures_free = 5,
        .login_delay_max_us = 15 * MINUTE_US,
        .login_failures_max = 100,
        .login_lock_us = DAY_US,
        .query_page_max = 200};
}

#endif
