/* One row a metric: its name and words, for /metrics and docs/metrics.md. */
#ifndef SLOTKEEPER_BASE_METRIC_ROW_H
#define SLOTKEEPER_BASE_METRIC_ROW_H

#include "base/metrics.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_BUCKETS_MAX = 16 };

struct metric_row {
    const char *name;
    enum metric_type type;
    const char *label;     /* its name; NULL: a metric without labels */
    const double *buckets; /* upper bounds, rising, ended by a 0; NULL: no histogram */
    const char *help;      /* one line of plain text */
    const char *tells;     /* what an operator reads from it */
    const char *alert;     /* a PromQL condition worth waking somebody; NULL: none */
};

extern const struct metric_row metric_rows[METRIC_COUNT];

const char *metric_type_name(enum metric_type type);

#endif
