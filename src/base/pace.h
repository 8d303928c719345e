/* Whether something that a client can bring about as often as it likes is worth another line. Open,
 * and all zero at start: a static of whoever logs. Any thread may call. */
#ifndef SLOTKEEPER_BASE_PACE_H
#define SLOTKEEPER_BASE_PACE_H

#include "base/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { PACE_MINUTE_US = 60000000 };

struct pace {
    atomic_llong next_us; /* when it is worth a line again */
    atomic_llong silent;  /* how often it was not since the last line */
};

/* True at first and then once a PACE_MINUTE_US; *silent: how often it was false in between.
 * `now_us` is monotonic. */
bool pace_admits(struct pace *pace, int64_t now_us, int64_t *silent) MUST_USE;

#endif
