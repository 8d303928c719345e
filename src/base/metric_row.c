/* The metrics table. A new metric is a name in enum metric and a row here. */
#include "base/metric_row.h"

#include <stdio.h>

static const double batch_buckets[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 0};
static const double seconds_buckets[] = {
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 0};

/* clang-format off */
const struct metric_row metric_rows[METRIC_COUNT] = {
    [METRIC_RECORDS] = {
        "slotkeeper_records_total", METRIC_COUNTER, "code", NULL,
        "Request records answered, by outcome code.",
        "The rate is the throughput; the codes say what clients do wrong. `INTERNAL` is a defect of the service.",
        "increase(slotkeeper_records_total{code=\"INTERNAL\"}[15m]) > 0"},
    [METRIC_COMMANDS] = {
        "slotkeeper_commands_total", METRIC_COUNTER, "command", NULL,
        "Commands decided, by name.",
        "What the load consists of.", NULL},
    [METRIC_DUPLICATES] = {
        "slotkeeper_duplicates_total", METRIC_COUNTER, NULL, NULL,
        "Repeated commands answered from the log.",
        "A rise means that clients time out before their outcome comes.", NULL},
    [METRIC_BATCHES] = {
        "slotkeeper_batches_total", METRIC_COUNTER, NULL, NULL,
        "Batches committed.",
        "One database transaction each. Zero while there is lag: the worker is stuck.", NULL},
    [METRIC_BATCH_RECORDS] = {
        "slotkeeper_batch_records", METRIC_HISTOGRAM, NULL, batch_buckets,
        "Records in a batch.",
        "Batches near `batch.max` mean that the worker is at its limit.", NULL},
    [METRIC_STAGE_SECONDS] = {
        "slotkeeper_stage_seconds", METRIC_HISTOGRAM, "stage", seconds_buckets,
        "Time a batch spends in a stage.",
        "Where the time goes: a slow `load` or `save` is PostgreSQL, a slow `commit` its disk or standby, a slow `publish` Kafka.",
        "histogram_quantile(0.99, sum by (le) (rate(slotkeeper_stage_seconds_bucket[5m]))) > 1"},
    [METRIC_PIPELINE_RESTARTS] = {
        "slotkeeper_pipeline_restarts_total", METRIC_COUNTER, "reason", NULL,
        "Times a thread let go of its work and began again, by reason.",
        "`retry` is the environment's trouble, `lost` that another worker took over; a steady rate of either is a sick cluster.",
        "rate(slotkeeper_pipeline_restarts_total[10m]) > 0.05"},
    [METRIC_CONFLICTS] = {
        "slotkeeper_conflicts_total", METRIC_COUNTER, NULL, NULL,
        "Batches decided again from fresh rows after a race.",
        "Now and then is normal; much of it means that several workers meet on the same accounts.", NULL},
    [METRIC_REPUBLISHED] = {
        "slotkeeper_republished_total", METRIC_COUNTER, NULL, NULL,
        "Records whose answers were published by a successor.",
        "What a worker that died had decided and not yet published. Nothing is lost; it shows how often workers die.", NULL},
    [METRIC_DEAD_LETTERS] = {
        "slotkeeper_dead_letters_total", METRIC_COUNTER, NULL, NULL,
        "Records copied to a dead-letter topic.",
        "Some client sends what cannot be read. Their share in all records is what to watch.",
        "sum(rate(slotkeeper_dead_letters_total[15m])) / sum(rate(slotkeeper_records_total[15m])) > 0.01"},
    [METRIC_REPLY_ROUTES_REFUSED] = {
        "slotkeeper_reply_routes_refused_total", METRIC_COUNTER, NULL, NULL,
        "Outcomes sent to the outcomes topic because the reply topic could not be used.",
        "A client names a reply topic that does not exist, is outside the prefix, or breaks transactions.", NULL},
    [METRIC_CONSUMER_LAG] = {
        "slotkeeper_consumer_lag_records", METRIC_GAUGE, "partition", NULL,
        "Records of a partition not yet decided.",
        "High watermark less next offset, for the partitions of this worker; those of other topics than the slots' are called `account-commands/0`. It also counts what a producer's open transaction holds back.",
        "max(slotkeeper_consumer_lag_records) > 10000"},
    [METRIC_PARTITION_STOPPED] = {
        "slotkeeper_partition_stopped", METRIC_GAUGE, "partition", NULL,
        "1 while a partition waits for an operator.",
        "What the database and Kafka say about the partition does not agree; the log line says what was found.",
        "max(slotkeeper_partition_stopped) > 0"},
    [METRIC_PARTITIONS_OWNED] = {
        "slotkeeper_partitions_owned", METRIC_GAUGE, "topic", NULL,
        "Partitions of a request topic that this worker holds.",
        "The sum over all workers is the number of the topic's partitions, else some are not served.", NULL},
    [METRIC_THREADS_READY] = {
        "slotkeeper_threads_ready", METRIC_GAUGE, NULL, NULL,
        "Threads that can take work.",
        "Fewer than were configured: some have lost Kafka or PostgreSQL.",
        "slotkeeper_threads_ready == 0"},
    [METRIC_TOKEN_CACHE_HITS] = {
        "slotkeeper_token_cache_hits_total", METRIC_COUNTER, NULL, NULL,
        "Tokens that had been verified before.",
        "Against the misses: whether `token.cache_max` is large enough.", NULL},
    [METRIC_TOKEN_CACHE_MISSES] = {
        "slotkeeper_token_cache_misses_total", METRIC_COUNTER, NULL, NULL,
        "Tokens whose signature was verified.",
        "Each costs some hundred microseconds, one that is not genuine again and again; `slotkeeper_records_total` with the code `UNAUTHENTICATED` tells them apart.",
        "sum(rate(slotkeeper_records_total{code=\"UNAUTHENTICATED\"}[15m])) / sum(rate(slotkeeper_records_total[15m])) > 0.1"},
    [METRIC_KEY_RELOADS_FAILED] = {
        "slotkeeper_key_reloads_failed_total", METRIC_COUNTER, NULL, NULL,
        "Times the keys could not be read again.",
        "The worker goes on with the keys it has; a rotation has not arrived.",
        "increase(slotkeeper_key_reloads_failed_total[1h]) > 0"},
    [METRIC_SCHEMA_RELOADS_FAILED] = {
        "slotkeeper_schema_reloads_failed_total", METRIC_COUNTER, NULL, NULL,
        "Times a file in `schemas.dir` could not be taken.",
        "Requests written with that schema are answered UNKNOWN_SCHEMA.",
        "increase(slotkeeper_schema_reloads_failed_total[1h]) > 0"},
    [METRIC_PASSWORDS_WAITING] = {
        "slotkeeper_passwords_waiting", METRIC_GAUGE, NULL, NULL,
        "Passwords that wait for a hashing thread.",
        "Log-ins come faster than they are hashed; `slotkeeper_records_total` with the code `LOGIN_FAILED` tells a rush from an attack.",
        "sum(rate(slotkeeper_records_total{code=\"LOGIN_FAILED\"}[15m])) > 5"},
    [METRIC_OLDEST_UNDECIDED] = {
        "slotkeeper_oldest_undecided_seconds", METRIC_GAUGE, "partition", NULL,
        "Age of a partition's oldest record that is not decided.",
        "0 if there is none. While the partition moves, the age of the record before it; while it stands, the time since the worker saw it waiting. At the topic's retention Kafka deletes what nobody has answered.",
        "max(slotkeeper_oldest_undecided_seconds) > 0.5 * max(slotkeeper_request_retention_seconds)"},
    [METRIC_REQUEST_RETENTION] = {
        "slotkeeper_request_retention_seconds", METRIC_GAUGE, NULL, NULL,
        "How long request topics keep a record: twice `command.age_max`.",
        "What `topics create` sets, to compare ages with.", NULL},
    [METRIC_STABLE_OFFSET_AGE] = {
        "slotkeeper_last_stable_offset_age_seconds", METRIC_GAUGE, "partition", NULL,
        "How long the last stable offset has stood still with records behind it.",
        "Some producer holds a transaction open on the request topic, and everybody's records behind its beginning wait. Clients get no TransactionalId ACL.",
        "max(slotkeeper_last_stable_offset_age_seconds) > 60"},
    [METRIC_UNPUBLISHED] = {
        "slotkeeper_unpublished_records", METRIC_GAUGE, "kind", NULL,
        "What is durable in the database and not known to be published, of all workers.",
        "`answers`: offsets between what is decided and what is noted as published, at work about a batch a partition; `events`: those that `admin` left.",
        "min_over_time(max(slotkeeper_unpublished_records{kind=\"answers\"})[10m:1m]) > 10000 or min_over_time(max(slotkeeper_unpublished_records{kind=\"events\"})[10m:1m]) > 0"},
    [METRIC_SQL_ERRORS] = {
        "slotkeeper_sql_errors_total", METRIC_COUNTER, "class", NULL,
        "Statements that PostgreSQL refused, by class of the SQLSTATE; `link`: its connection was lost or too slow.",
        "Each is tried again. `23`, `40` and `55` are races, which pass; `53` is a server without room, `57` one that stops; `22` and `54` are defects of ours.",
        "sum(rate(slotkeeper_sql_errors_total{class!~\"23|40|55\"}[10m])) > 0.05"},
    [METRIC_CERTIFICATE_DAYS] = {
        "slotkeeper_certificate_days_left", METRIC_GAUGE, "certificate", NULL,
        "Days until a certificate is no longer valid.",
        "`kafka.ssl.ca.location`, `kafka.ssl.certificate.location`, `sslrootcert` and `sslcert` of the database's URL: of several in a file the first to end; `database`: the one that PostgreSQL shows. The brokers' own are for a probe from outside. -1: the file cannot be read.",
        "min(slotkeeper_certificate_days_left) < 14"},
    [METRIC_CLOCK_SKEW] = {
        "slotkeeper_clock_skew_seconds", METRIC_GAUGE, "thread", NULL,
        "PostgreSQL's clock less the brokers': the least time from a record's append to its decision in the last minute.",
        "It includes the way, some 20 ms, and the wait in a backlog. Below 0: decided before it was sent, so one of the clocks is wrong. Not there while nothing is decided.",
        "min(slotkeeper_clock_skew_seconds) < -1 or (min(slotkeeper_clock_skew_seconds) > 5 and max(slotkeeper_consumer_lag_records) < 100)"},
    [METRIC_DATABASE_BYTES] = {
        "slotkeeper_database_bytes", METRIC_GAUGE, NULL, NULL,
        "The size of the database.",
        "It grows with history, and with the log of commands up to `log.retention`. How much room is left, the worker cannot know: the rule is for node_exporter on PostgreSQL's machine, with its mount point.",
        "predict_linear(node_filesystem_avail_bytes{mountpoint=\"/var/lib/postgresql\"}[6h], 7 * 86400) < 0"},
    [METRIC_SYNCHRONOUS_STANDBYS] = {
        "slotkeeper_synchronous_standbys", METRIC_GAUGE, NULL, NULL,
        "Standbys that a COMMIT waits for.",
        "0: none is configured, or none is connected, and then COMMIT hangs. Without the role `pg_read_all_stats` the worker counts every connected standby, once there are names in `synchronous_standby_names`.",
        "max(slotkeeper_synchronous_standbys) < 1"},
};

/* clang-format on */

const char *metric_type_name(enum metric_type type) {
    switch (type) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

static const char introduction[] =
    "# Metrics\n"
    "\n"
    "Generated by `slotkeeper settings --metrics`; a test compares. Change src/base/metric_row.c\n"
    "instead.\n"
    "\n"
    "A worker serves them at `http.listen` under `/metrics`, in Prometheus' text format. Beside "
    "these\n"
    "there are `process_resident_memory_bytes`, `process_cpu_seconds_total` and\n"
    "`process_start_time_seconds`. A metric has at most 256 series; what comes later is counted "
    "under\n"
    "the label value `other`.\n";

void metrics_print_markdown(void) {
    (void)fputs(introduction, stdout);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &metric_rows[i];
        (void)printf("\n## `%s`\n\n%s", row->name, metric_type_name(row->type));
        if (row->label != NULL) {
            (void)printf(", label `%s`", row->label);
        }
        (void)printf(". %s %s\n", row->help, row->tells);
        if (row->alert != NULL) {
            (void)printf("\nAlert: `%s`\n", row->alert);
        }
    }
}
