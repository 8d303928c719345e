/* Counters, gauges and histograms for Prometheus, in static memory; every function is thread-safe.
 * Updates take no lock and no memory. metric_row.c has one row a metric: name, type, help, label.
 */
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
    METRIC_STAGE_SECONDS, /* histogram of seconds; label stage: decode, prepare, load, decide,
                             save, commit, publish */
    METRIC_PIPELINE_RESTARTS,    /* counter; label reason: a status_name */
    METRIC_CONFLICTS,            /* counter: batches decided again from fresh rows */
    METRIC_REPUBLISHED,          /* counter: records whose answers a successor published */
    METRIC_DEAD_LETTERS,         /* counter */
    METRIC_REPLY_ROUTES_REFUSED, /* counter */
    METRIC_CONSUMER_LAG,         /* gauge: high watermark less next offset; label partition */
    METRIC_PARTITION_STOPPED,    /* gauge: 1 while a partition is stopped and waits for an operator;
                                    label partition */
    METRIC_PARTITIONS_OWNED,     /* gauge; label topic: without the prefix */
    METRIC_THREADS_READY,        /* gauge */
    METRIC_TOKEN_CACHE_HITS,     /* counter */
    METRIC_TOKEN_CACHE_MISSES,   /* counter */
    METRIC_KEY_RELOADS_FAILED,   /* counter */
    METRIC_SCHEMA_RELOADS_FAILED, /* counter */
    METRIC_PASSWORDS_WAITING,     /* gauge */
    METRIC_OLDEST_UNDECIDED,      /* gauge of seconds; label partition */
    METRIC_REQUEST_RETENTION,     /* gauge of seconds */
    METRIC_STABLE_OFFSET_AGE,     /* gauge of seconds; label partition */
    METRIC_UNPUBLISHED,           /* gauge; label kind: answers, events */
    METRIC_SQL_ERRORS,            /* counter; label class: of the SQLSTATE, or link */
    METRIC_CERTIFICATE_DAYS,      /* gauge of days; label certificate */
    METRIC_CLOCK_SKEW,            /* gauge of seconds; label thread */
    METRIC_DATABASE_BYTES,        /* gauge */
    METRIC_SYNCHRONOUS_STANDBYS,  /* gauge */
    METRIC_COUNT
};

/* Series are found by their label's text, which is copied (cut at METRICS_LABEL_MAX bytes); "" for
 * a metric without labels. At most METRICS_SERIES_MAX a metric: what comes later is counted under
 * "other". */
enum { METRICS_SERIES_MAX = 256, METRICS_LABEL_MAX = 279 };

void metrics_add(enum metric metric, const char *label, double amount);    /* counter, or gauge */
void metrics_set(enum metric metric, const char *label, double value);     /* gauge */
void metrics_observe(enum metric metric, const char *label, double value); /* histogram */
/* Leaves a gauge's series out of what is rendered, until it is set again: a partition that was
 * given away must not show its last lag for ever. */
void metrics_hide(enum metric metric, const char *label);
/* Counter or gauge; histogram: its count. */
double metrics_value(enum metric metric, const char *label);

/* The Prometheus text format, version 0.0.4, with the process's own metrics; malloc'ed, the caller
 * frees it. NULL: no memory. */
char *metrics_render(size_t *size) MUST_USE;

/* The table as Markdown (docs/metrics.md is this, a test compares), to standard output. */
void metrics_print_markdown(void);

#endif
