/* Series are only ever added, under a lock, and found without one. Values are doubles kept as their
 * bits in an atomic word, so that an update is a compare-and-swap. The memory is static and most of
 * it is never touched, so it costs address space alone. */
#include "base/metrics.h"

#include "base/metric_row.h"
#include "base/process_metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct series {
    uint32_t hash;
    atomic_bool hidden;
    _Atomic uint64_t value; /* the bits of a double: the value, or a histogram's sum */
    _Atomic uint64_t
        buckets[METRIC_BUCKETS_MAX]; /* not cumulative; the last is what is above all */
    char label[METRICS_LABEL_MAX + 1];
};

struct family {
    atomic_size_t count;
    struct series other; /* beyond the table's end; shown once it was used */
    atomic_bool other_used;
    struct series series[METRICS_SERIES_MAX];
};

static struct family families[METRIC_COUNT];
static pthread_mutex_t add_series = PTHREAD_MUTEX_INITIALIZER;

/* ---- finding a series ---- */

static uint32_t hash_of(const char *label, size_t size) {
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (uint8_t)label[i]) * 16777619U;
    }
    return hash;
}

struct wanted {
    const char *label;
    size_t size;
    uint32_t hash;
};

static struct wanted wanted_of(const char *label) {
    size_t size = strnlen(label, METRICS_LABEL_MAX);
    return (struct wanted){label, size, hash_of(label, size)};
}

static struct series *find(struct family *family, const struct wanted *wanted, size_t from) {
    size_t count = atomic_load_explicit(&family->count, memory_order_acquire);
    for (size_t i = from; i < count; i++) {
        struct series *series = &family->series[i];
        if (series->hash == wanted->hash && memcmp(series->label, wanted->label, wanted->size) == 0
            && series->label[wanted->size] == '\0') {
            return series;
        }
    }
    return NULL;
}

static struct series *other_of(struct family *family) {
    atomic_store_explicit(&family->other_used, true, memory_order_relaxed);
    return &family->other;
}

static struct series *add(struct family *family, const struct wanted *wanted) {
    (void)pthread_mutex_lock(&add_series);
    struct series *series = find(family, wanted, 0);
    size_t count = atomic_load_explicit(&family->count, memory_order_relaxed);
    if (series == NULL && count < METRICS_SERIES_MAX) {
        series = &family->series[count];
        series->hash = wanted->hash;
        memcpy(series->label, wanted->label, wanted->size); /* zeros follow */
        atomic_store_explicit(&family->count, count + 1, memory_order_release);
    }
    (void)pthread_mutex_unlock(&add_series);
    return series == NULL ? other_of(family) : series;
}

static struct series *series_of(enum metric metric, const char *label) {
    struct family *family = &families[metric];
    assert((metric_rows[metric].label == NULL) == (label[0] == '\0'));
    if (strcmp(label, "other") == 0) {
        return other_of(family);
    }
    struct wanted wanted = wanted_of(label);
    struct series *series = find(family, &wanted, 0);
    if (series != NULL) {
        return series;
    }
    size_t count = atomic_load_explicit(&family->count, memory_order_relaxed);
    return count == METRICS_SERIES_MAX ? other_of(family) : add(family, &wanted);
}

/* ---- values ---- */

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void word_add(_Atomic uint64_t *word, double amount) {
    uint64_t before = atomic_load_explicit(word, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        word,
        &before,
        bits_of(double_of(before) + amount),
        memory_order_relaxed,
        memory_order_relaxed)) {
    }
}

static double word_value(const _Atomic uint64_t *word) {
    return double_of(atomic_load_explicit(word, memory_order_relaxed));
}

void metrics_add(enum metric metric, const char *label, double amount) {
    enum metric_type type = metric_rows[metric].type;
    assert(type == METRIC_GAUGE || (type == METRIC_COUNTER && amount >= 0));
    struct series *series = series_of(metric, label);
    word_add(&series->value, amount);
    atomic_store_explicit(&series->hidden, false, memory_order_relaxed);
}

void metrics_set(enum metric metric, const char *label, double value) {
    assert(metric_rows[metric].type == METRIC_GAUGE);
    struct series *series = series_of(metric, label);
    atomic_store_explicit(&series->value, bits_of(value), memory_order_relaxed);
    atomic_store_explicit(&series->hidden, false, memory_order_relaxed);
}

void metrics_hide(enum metric metric, const char *label) {
    assert(metric_rows[metric].type == METRIC_GAUGE);
    struct series *series = series_of(metric, label);
    atomic_store_explicit(&series->hidden, true, memory_order_relaxed);
    atomic_store_explicit(&series->value, bits_of(0), memory_order_relaxed);
}

void metrics_observe(enum metric metric, const char *label, double value) {
    const struct metric_row *row = &metric_rows[metric];
    assert(row->type == METRIC_HISTOGRAM);
    struct series *series = series_of(metric, label);
    size_t i = 0;
    while (row->buckets[i] != 0 && value > row->buckets[i]) {
        i++;
    }
    (void)atomic_fetch_add_explicit(&series->buckets[i], 1, memory_order_relaxed);
    word_add(&series->value, value);
}

static uint64_t observations(const struct series *series) {
    uint64_t count = 0;
    for (size_t i = 0; i < METRIC_BUCKETS_MAX; i++) {
        count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
    }
    return count;
}

double metrics_value(enum metric metric, const char *label) {
    struct family *family = &families[metric];
    struct wanted wanted = wanted_of(label);
    const struct series *series =
        strcmp(label, "other") == 0 ? &family->other : find(family, &wanted, 0);
    if (series == NULL) {
        return 0;
    }
    return metric_rows[metric].type == METRIC_HISTOGRAM ? (double)observations(series)
                                                        : word_value(&series->value);
}

/* ---- the text format ---- */

/* Bytes that are not printable ASCII become question marks: no broken UTF-8 may spoil the page. */
static void write_label_value(FILE *out, const char *value) {
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            (void)fputs("\\n", out);
        } else if (*value == '"' || *value == '\\') {
            (void)fprintf(out, "\\%c", *value);
        } else {
            (void)fputc(*value >= 0x20 && *value < 0x7f ? *value : '?', out);
        }
    }
}

/* name_suffix{label="value",le="bound"}, and the blank before the value. */
static void write_name(
    FILE *out,
    const struct metric_row *row,
    const char *suffix,
    const char *value,
    const char *bound) {
    (void)fprintf(out, "%s%s", row->name, suffix);
    if (row->label != NULL || bound != NULL) {
        (void)fputc('{', out);
    }
    if (row->label != NULL) {
        (void)fprintf(out, "%s=\"", row->label);
        write_label_value(out, value);
        (void)fputc('"', out);
    }
    if (bound != NULL) {
        (void)fprintf(out, "%sle=\"%s\"", row->label != NULL ? "," : "", bound);
    }
    (void)fputs(row->label != NULL || bound != NULL ? "} " : " ", out);
}

static void write_number(FILE *out, double value) {
    if (isfinite(value)) {
        (void)fprintf(out, "%.15g\n", value);
    } else {
        (void)fputs(isnan(value) ? "NaN\n" : value > 0 ? "+Inf\n" : "-Inf\n", out);
    }
}

static void write_histogram(
    FILE *out, const struct metric_row *row, const struct series *series, const char *label) {
    uint64_t count = 0;
    size_t i = 0;
    for (; row->buckets[i] != 0; i++) {
        char bound[32];
        (void)snprintf(bound, sizeof bound, "%.15g", row->buckets[i]);
        count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        write_name(out, row, "_bucket", label, bound);
        (void)fprintf(out, "%llu\n", (unsigned long long)count);
    }
    count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
    write_name(out, row, "_bucket", label, "+Inf");
    (void)fprintf(out, "%llu\n", (unsigned long long)count);
    write_name(out, row, "_sum", label, NULL);
    write_number(out, word_value(&series->value));
    write_name(out, row, "_count", label, NULL);
    (void)fprintf(out, "%llu\n", (unsigned long long)count);
}

static void write_series(
    FILE *out, const struct metric_row *row, const struct series *series, const char *label) {
    if (atomic_load_explicit(&series->hidden, memory_order_relaxed)) {
        return;
    }
    if (row->type == METRIC_HISTOGRAM) {
        write_histogram(out, row, series, label);
        return;
    }
    write_name(out, row, "", label, NULL);
    write_number(out, word_value(&series->value));
}

static void write_family(FILE *out, const struct metric_row *row, struct family *family) {
    (void)fprintf(
        out,
        "# HELP %s %s\n# TYPE %s %s\n",
        row->name,
        row->help,
        row->name,
        metric_type_name(row->type));
    size_t count = atomic_load_explicit(&family->count, memory_order_acquire);
    for (size_t i = 0; i < count; i++) {
        write_series(out, row, &family->series[i], family->series[i].label);
    }
    if (count == 0 && row->label == NULL) {
        write_series(out, row, &family->series[0], "");
    }
    if (atomic_load_explicit(&family->other_used, memory_order_relaxed)) {
        write_series(out, row, &family->other, "other");
    }
}

char *metrics_render(size_t *size) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        write_family(out, &metric_rows[i], &families[i]);
    }
    process_metrics_write(out);
    bool failed = ferror(out) != 0;
    failed = fclose(out) != 0 || failed;
    if (failed) {
        free(text);
        return NULL;
    }
    return text;
}
