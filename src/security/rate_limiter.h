/* How fast a caller may send: a token bucket a caller, in the memory of one worker and shared by
 * its threads. It runs on the times at which the broker took the records, so that who waited in a
 * backlog has paid already, and what is decided once more is judged as it was.
 *
 * Thread-safe, of fixed size. Where there is no room, the bucket goes that is full again first: to
 * forget one that is full changes nothing. */
#ifndef SLOTKEEPER_SECURITY_RATE_LIMITER_H
#define SLOTKEEPER_SECURITY_RATE_LIMITER_H

#include "base/uuid.h"

struct rate_settings {
    int64_t per_second; /* requests that a bucket gains, 1 to 1,000,000 */
    int64_t burst;      /* requests that a full bucket holds, 1 to 10,000,000 */
    size_t callers_max; /* at least 1; buckets kept, of 40 bytes each */
};

struct rate_limiter;

/* NULL: no memory. */
struct rate_limiter *rate_limiter_new(const struct rate_settings *settings) MUST_USE;
void rate_limiter_destroy(struct rate_limiter *limiter); /* NULL: nothing */

/* One request of the caller's, which the broker took at time_us as the next of `stream`: a number
 * for the partition. 0: it may pass, and its token is taken. Otherwise how many microseconds after
 * time_us there will be one, if the caller sends nothing else. */
int64_t rate_limiter_take(
    struct rate_limiter *limiter, struct uuid caller, uint32_t stream, int64_t time_us) MUST_USE;

/* Undoes such a take: the request was not answered after all, and will come again. */
void rate_limiter_give_back(
    struct rate_limiter *limiter, struct uuid caller, uint32_t stream, int64_t time_us);

#endif
