/* Counting, and the page that Prometheus reads. Metrics are one for the process, so each test takes
 * labels of its own. */
#include "base/metric_row.h"
#include "base/metrics.h"
#include "unit.h"

#include <ctype.h>
#include <pthread.h>
#include <time.h>

static char *page(void) {
    size_t size = 0;
    char *text = metrics_render(&size);
    assert_non_null(text);
    assert_int_equal(strlen(text), size);
    return text;
}

/* Whether the page has the line. */
static bool page_has(const char *line) {
    char *text = page();
    char *with_ends;
    assert_true(asprintf(&with_ends, "\n%s\n", line) > 0);
    bool found = strstr(text, with_ends) != NULL;
    if (!found) {
        print_error("no line %s in:\n%s", line, text);
    }
    free(with_ends);
    free(text);
    return found;
}

static size_t occurrences(const char *text, const char *part) {
    size_t count = 0;
    for (const char *next = strstr(text, part); next != NULL; next = strstr(next + 1, part)) {
        count++;
    }
    return count;
}

static bool ends_with(const char *text, const char *end) {
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void every_row_is_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &metric_rows[i];
        assert_non_null(row->name);
        assert_int_equal(strncmp(row->name, "slotkeeper_", 11), 0);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
        assert_int_equal(ends_with(row->name, "_total"), row->type == METRIC_COUNTER);
        assert_int_equal(row->buckets != NULL, row->type == METRIC_HISTOGRAM);
        assert_true(row->help[0] != '\0' && row->tells[0] != '\0');
        assert_null(strpbrk(row->help, "\\\n"));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(row->name, metric_rows[j].name);
        }
    }
}

static void buckets_rise_and_fit(void **state) {
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const double *buckets = metric_rows[i].buckets;
        size_t count = 0;
        for (; buckets != NULL && buckets[count] != 0; count++) {
            assert_true(count == 0 || buckets[count] > buckets[count - 1]);
        }
        assert_true(count < METRIC_BUCKETS_MAX);
    }
}

static void metrics_without_labels_begin_at_zero(void **state) {
    (void)state;
    assert_true(page_has("slotkeeper_dead_letters_total 0"));
    assert_true(page_has("slotkeeper_threads_ready 0"));
    assert_true(page_has("slotkeeper_batch_records_bucket{le=\"+Inf\"} 0"));
    assert_true(page_has("slotkeeper_batch_records_count 0"));
    assert_true(page_has("# TYPE slotkeeper_batch_records histogram"));
}

static void counters_add_up(void **state) {
    (void)state;
    metrics_add(METRIC_DUPLICATES, "", 1);
    metrics_add(METRIC_DUPLICATES, "", 2.5);
    assert_true(metrics_value(METRIC_DUPLICATES, "") == 3.5);
    assert_true(page_has("slotkeeper_duplicates_total 3.5"));
    metrics_add(METRIC_RECORDS, "ACCEPTED", 1000000);
    metrics_add(METRIC_RECORDS, "SLOT_TAKEN", 1);
    assert_true(page_has("slotkeeper_records_total{code=\"ACCEPTED\"} 1000000"));
    assert_true(page_has("slotkeeper_records_total{code=\"SLOT_TAKEN\"} 1"));
    assert_true(metrics_value(METRIC_RECORDS, "SLOT_TAKE") == 0);
    assert_true(metrics_value(METRIC_RECORDS, "SLOT_TAKEN_") == 0);
}

static void gauges_go_both_ways_and_hide(void **state) {
    (void)state;
    char label[32] = "topic/1"; /* the text is copied */
    metrics_set(METRIC_CONSUMER_LAG, label, 12);
    memcpy(label, "other-x", 8);
    assert_true(page_has("slotkeeper_consumer_lag_records{partition=\"topic/1\"} 12"));
    metrics_set(METRIC_CONSUMER_LAG, "topic/1", 3);
    assert_true(metrics_value(METRIC_CONSUMER_LAG, "topic/1") == 3);
    metrics_add(METRIC_PASSWORDS_WAITING, "", 2);
    metrics_add(METRIC_PASSWORDS_WAITING, "", -1);
    assert_true(metrics_value(METRIC_PASSWORDS_WAITING, "") == 1);
    metrics_hide(METRIC_CONSUMER_LAG, "topic/1");
    char *text = page();
    assert_int_equal(occurrences(text, "partition=\"topic/1\""), 0);
    free(text);
    metrics_set(METRIC_CONSUMER_LAG, "topic/1", 4);
    assert_true(page_has("slotkeeper_consumer_lag_records{partition=\"topic/1\"} 4"));
}

static void histograms_are_cumulative(void **state) {
    (void)state;
    metrics_observe(METRIC_STAGE_SECONDS, "load", 0.0001); /* on the first bound: counted in it */
    metrics_observe(METRIC_STAGE_SECONDS, "load", 0.004);
    metrics_observe(METRIC_STAGE_SECONDS, "load", 7);
    assert_true(page_has("slotkeeper_stage_seconds_bucket{stage=\"load\",le=\"0.0001\"} 1"));
    assert_true(page_has("slotkeeper_stage_seconds_bucket{stage=\"load\",le=\"0.002\"} 1"));
    assert_true(page_has("slotkeeper_stage_seconds_bucket{stage=\"load\",le=\"0.005\"} 2"));
    assert_true(page_has("slotkeeper_stage_seconds_bucket{stage=\"load\",le=\"5\"} 2"));
    assert_true(page_has("slotkeeper_stage_seconds_bucket{stage=\"load\",le=\"+Inf\"} 3"));
    assert_true(page_has("slotkeeper_stage_seconds_sum{stage=\"load\"} 7.0041"));
    assert_true(page_has("slotkeeper_stage_seconds_count{stage=\"load\"} 3"));
    assert_true(metrics_value(METRIC_STAGE_SECONDS, "load") == 3);
}

static void label_values_are_escaped(void **state) {
    (void)state;
    metrics_set(METRIC_PARTITION_STOPPED, "a\"b\\c\nd\te\xc3\xa9", 1);
    assert_true(page_has("slotkeeper_partition_stopped{partition=\"a\\\"b\\\\c\\nd?e??\"} 1"));
}

static void long_labels_are_cut(void **state) {
    (void)state;
    char label[METRICS_LABEL_MAX + 2];
    memset(label, 'x', sizeof label);
    label[METRICS_LABEL_MAX + 1] = '\0';
    metrics_add(METRIC_COMMANDS, label, 1);
    label[METRICS_LABEL_MAX] = 'y'; /* beyond the cut: the same series */
    metrics_add(METRIC_COMMANDS, label, 1);
    assert_true(metrics_value(METRIC_COMMANDS, label) == 2);
}

static void too_many_series_count_as_other(void **state) {
    (void)state;
    for (int i = 0; i < METRICS_SERIES_MAX + 10; i++) {
        char label[16];
        (void)snprintf(label, sizeof label, "reason-%d", i);
        metrics_add(METRIC_PIPELINE_RESTARTS, label, 1);
        metrics_add(METRIC_PIPELINE_RESTARTS, label, 1);
    }
    metrics_add(METRIC_PIPELINE_RESTARTS, "other", 5);
    assert_true(metrics_value(METRIC_PIPELINE_RESTARTS, "other") == 25);
    assert_true(metrics_value(METRIC_PIPELINE_RESTARTS, "reason-255") == 2);
    assert_true(metrics_value(METRIC_PIPELINE_RESTARTS, "reason-256") == 0);
    char *text = page();
    assert_int_equal(occurrences(text, "\nslotkeeper_pipeline_restarts_total{"), 257);
    assert_int_equal(occurrences(text, "restarts_total{reason=\"other\"} 25\n"), 1);
    free(text);
}

/* ---- threads ---- */

enum { THREADS = 4, LABELS = 40, ROUNDS = 5000, ROUNDS_OF_A_LABEL = ROUNDS / LABELS };

static void *count_many(void *context) {
    (void)context;
    for (int i = 0; i < ROUNDS; i++) {
        char label[32];
        (void)snprintf(label, sizeof label, "thread-%d", i % LABELS); /* all meet on new series */
        metrics_add(METRIC_RECORDS, label, 1);
        metrics_observe(METRIC_STAGE_SECONDS, "decide", 0.25);
        metrics_add(METRIC_BATCHES, "", 1);
        if (i % 1000 == 0) {
            free(page());
        }
    }
    return NULL;
}

static void threads_lose_nothing(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(metrics_value(METRIC_BATCHES, "") == THREADS * ROUNDS);
    assert_true(metrics_value(METRIC_STAGE_SECONDS, "decide") == THREADS * ROUNDS);
    assert_true(page_has("slotkeeper_stage_seconds_sum{stage=\"decide\"} 5000"));
    for (int i = 0; i < LABELS; i++) {
        char label[32];
        (void)snprintf(label, sizeof label, "thread-%d", i);
        assert_true(metrics_value(METRIC_RECORDS, label) == THREADS * ROUNDS_OF_A_LABEL);
    }
    char *text = page();
    assert_int_equal(occurrences(text, "slotkeeper_records_total{code=\"thread-39\"}"), 1);
    free(text);
}

/* ---- the page as a whole ---- */

static double process_metric(const char *name) {
    char *text = page();
    char begin[64];
    (void)snprintf(begin, sizeof begin, "\n%s ", name);
    const char *line = strstr(text, begin);
    assert_non_null(line);
    double value = strtod(line + strlen(begin), NULL);
    free(text);
    return value;
}

static void process_metrics_are_plausible(void **state) {
    (void)state;
    double memory = process_metric("process_resident_memory_bytes");
    assert_true(memory > 500e3 && memory < 4e9);
    double started_s = process_metric("process_start_time_seconds");
    double now_s = (double)time(NULL);
    assert_true(started_s > now_s - 600 && started_s <= now_s + 1);
    assert_true(process_metric("process_cpu_seconds_total") >= 0);
}

/* name{labels} value, or a comment, and each family's TYPE before its samples. */
static void every_line_is_well_formed(void **state) {
    (void)state;
    char *text = page();
    char family[128] = "";
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "# TYPE %127s", family) == 1 || strncmp(line, "# HELP ", 7) == 0) {
            continue;
        }
        assert_int_equal(strncmp(line, family, strlen(family)), 0);
        const char *value = strrchr(line, ' ');
        assert_non_null(value);
        char *end;
        (void)strtod(value + 1, &end);
        assert_true(*end == '\0' && end != value + 1);
    }
    free(text);
}

static void add_to_a_histogram(void) {
    metrics_add(METRIC_BATCH_RECORDS, "", 1);
}

static void take_from_a_counter(void) {
    metrics_add(METRIC_BATCHES, "", -1);
}

static void label_what_has_none(void) {
    metrics_add(METRIC_BATCHES, "x", 1);
}

static void wrong_use_is_asserted(void **state) {
    (void)state;
    assert_true(aborts(add_to_a_histogram));
    assert_true(aborts(take_from_a_counter));
    assert_true(aborts(label_what_has_none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(buckets_rise_and_fit),
        cmocka_unit_test(metrics_without_labels_begin_at_zero),
        cmocka_unit_test(counters_add_up),
        cmocka_unit_test(gauges_go_both_ways_and_hide),
        cmocka_unit_test(histograms_are_cumulative),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(long_labels_are_cut),
        cmocka_unit_test(too_many_series_count_as_other),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(process_metrics_are_plausible),
        cmocka_unit_test(every_line_is_well_formed),
        cmocka_unit_test(wrong_use_is_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
