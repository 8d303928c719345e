/* Counters, gauges and histograms for Prometheus, in one static table; every function is
 * thread-safe and never allocates. The table in metrics.c has one row a metric: name, type, help,
 * label names. */
#ifndef SLOTKEEPER_BASE_METRICS_H
#define SLOTKEEPER_BASE_METRICS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum metric {
    METRIC_RECORDS,       /* counter: request records answered; label code ("ACCEPTED" for "") */
    METRIC_COMMANDS,      /* counter: decided commands; label command */
    METRIC_DUPLICATES,    /* counter: answers from the log */
    METRIC_BATCHES,       /* counter */
    METRIC_BATCH_RECORDS, /* histogram of records */
    METRIC_STAGE_SECONDS, /* histogram of seconds; label stage: decode, load, decide, save, commit,
                             publish */
    METRIC_PIPELINE_RESTARTS,    /* counter; label reason: a status_name */
    METRIC_CONFLICTS,            /* counter: batches decided again from fresh rows */
    METRIC_REPUBLISHED,          /* counter: records whose answers a successor published */
    METRIC_DEAD_LETTERS,         /* counter */
    METRIC_REPLY_ROUTES_REFUSED, /* counter */
    METRIC_CONSUMER_LAG,         /* gauge: high watermark less next offset; label partition */
    METRIC_PARTITION_STOPPED,    /* gauge: 1 while a partition is stopped and waits for an operator;
                                    label partition */
    METRIC_PARTITIONS_OWNED,     /* gauge: partitions held by all threads together */
    METRIC_THREADS_READY,        /* gauge */
    METRIC_TOKEN_CACHE_HITS,     /* counter */
    METRIC_TOKEN_CACHE_MISSES,   /* counter */
    METRIC_KEY_RELOADS_FAILED,   /* counter */
    METRIC_COUNT
};

/* Series are found by their label's text, at most METRICS_SERIES_MAX a metric (then counted under
 * "other"). `label` is "" for a metric without labels; the text must stay valid for ever (static).
 */
enum { METRICS_SERIES_MAX = 256 };

void metrics_add(enum metric metric, const char *label, double amount);    /* counter */
void metrics_set(enum metric metric, const char *label, double value);     /* gauge */
void metrics_observe(enum metric metric, const char *label, double value); /* histogram */
double metrics_value(
    enum metric metric, const char *label); /* counter or gauge; histogram: its count */

/* The Prometheus text format, version 0.0.4; malloc'ed, the caller frees it. NULL: no memory. */
char *metrics_render(size_t *size) MUST_USE;

#endif
