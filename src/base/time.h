/* Times are microseconds since 1970-01-01T00:00:00Z; text is RFC 3339 in UTC. */
#ifndef SLOTKEEPER_BASE_TIME_H
#define SLOTKEEPER_BASE_TIME_H

#include "base/status.h"
#include "base/view.h"

enum { TIME_TEXT_SIZE = 27 }; /* 2026-11-22T17:47:14.123456Z */

#define TIME_SECOND_US INT64_C(1000000)
#define TIME_MIN_US    INT64_C(0)                  /* 1970-01-01T00:00:00Z */
#define TIME_MAX_US    INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */

/* RFC 3339 with `Z` or a numeric offset, up to nine fraction digits (cut to six). False: not such a
 * text, or outside the years 1970 to 9999, or no such day or time. A leap second 23:59:60 is not
 * taken. */
bool time_parse(struct view text, int64_t *time_us) MUST_USE;
/* Writes 27 characters and a NUL, always with six fraction digits. */
void time_format(int64_t time_us, char text[TIME_TEXT_SIZE + 1]);

/* The worker's own clocks: for logs, timeouts and metrics, never for a rule about appointments. */
int64_t time_wall_us(void);
int64_t time_monotonic_us(void);

#endif
