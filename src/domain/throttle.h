/* How many passwords may be tried: failures in a row are free at first, then each costs time. */
#ifndef SLOTKEEPER_DOMAIN_THROTTLE_H
#define SLOTKEEPER_DOMAIN_THROTTLE_H

#include "domain/limits.h"

#include <stdbool.h>

struct throttle {
    int64_t failures;         /* in a row; an attempt counts before its password is looked at */
    int64_t blocked_until_us; /* 0: not blocked */
    int64_t last_attempt_us;
};

/* Counts one more attempt at `now_us`. False: it may not be made before *retry_after_us have
 * passed, and does not count; a clock that was set back changes the row even so, to be saved.
 * Failures are forgotten when the lock's time has passed without one. */
bool throttle_admit(
    struct throttle *throttle,
    const struct limits *limits,
    int64_t now_us,
    int64_t *retry_after_us);

#endif
