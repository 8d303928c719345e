/* The settings that rules depend on; times in microseconds. */
#ifndef SLOTKEEPER_DOMAIN_LIMITS_H
#define SLOTKEEPER_DOMAIN_LIMITS_H

#include <stdint.h>

struct limits {
    int64_t slot_duration_min_us;
    int64_t slot_duration_max_us;
    int64_t slot_horizon_us;
    int64_t slot_open_max;
    int64_t booking_lead_time_us;
    int64_t booking_limit; /* 0: none; at most LIMITS_BOOKING_MAX */
    int64_t cancel_cutoff_us;
    int64_t noshow_grace_us;
    int64_t command_age_max_us;
    int64_t retention_minimum_us;
    int64_t purge_slots_max;
    int64_t login_failures_free; /* so many attempts in a row wait for nothing */
    int64_t login_delay_max_us;
    int64_t login_failures_max; /* after so many failures a login is locked for login_lock_us */
    int64_t login_lock_us;
    int64_t query_page_max;
};

enum { LIMITS_BOOKING_MAX = 1000 };

#endif
