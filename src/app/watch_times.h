/* Since when records of a partition wait: what can be known without reading them. Pure. */
#ifndef SLOTKEEPER_APP_WATCH_TIMES_H
#define SLOTKEEPER_APP_WATCH_TIMES_H

#include "engine/ports.h"

/* `high` is the partition's high watermark, now_us the wall clock. While the partition moves, the
 * next record is about as old as the last one that was decided; while it stands, its record has
 * waited at least since it was first seen waiting, whatever came before on an idle topic. */
void watch_update(struct partition *partition, int64_t high, int64_t now_us);

/* Seconds; 0 for a time that is 0 or to come. */
double watch_age_s(int64_t since_us, int64_t now_us);

#endif
