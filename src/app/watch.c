/* What is measured between batches, for /metrics. */
#include "app/session_parts.h"
#include "app/watch_times.h"
#include "base/metrics.h"
#include "base/time.h"
#include "postgres/row.h"

#include <stdio.h>

enum { MEASURE_US = 10000000, SKEW_US = 60000000, BROKER_TIMEOUT_MS = 1000 };

/* Nothing is fetched of a partition that is stopped, so that the broker has to be asked. */
static int64_t high_watermark(const struct session *session, const struct partition *partition) {
    int64_t low = -1;
    int64_t high = member_high_watermark(session->member, partition->number);
    if (high >= 0 || !partition->stopped) {
        return high;
    }
    rd_kafka_resp_err_t failed = rd_kafka_query_watermark_offsets(
        member_client(session->member),
        session->request_topic.text,
        partition->number,
        &low,
        &high,
        BROKER_TIMEOUT_MS);
    return failed == RD_KAFKA_RESP_ERR_NO_ERROR ? high : -1;
}

void watch_partition(struct session *session, struct partition *partition) {
    int64_t high = high_watermark(session, partition);
    int64_t now_us = time_wall_us();
    char label[LABEL_SIZE];
    if (high < 0) {
        return;
    }
    partitions_label(session, partition->number, label);
    watch_update(partition, high, now_us);
    metrics_set(METRIC_CONSUMER_LAG, label, (double)(high - partition->next_offset));
    metrics_set(
        METRIC_OLDEST_UNDECIDED, label, watch_age_s(partition->watch.undecided_since_us, now_us));
    metrics_set(
        METRIC_STABLE_OFFSET_AGE, label, watch_age_s(partition->watch.withheld_since_us, now_us));
}

void watch_end(const char *label) {
    metrics_hide(METRIC_CONSUMER_LAG, label);
    metrics_hide(METRIC_OLDEST_UNDECIDED, label);
    metrics_hide(METRIC_STABLE_OFFSET_AGE, label);
}

static void measure_skew(struct session *session, int64_t now_us) {
    char label[LABEL_SIZE];
    if (now_us - session->skew_us < SKEW_US) {
        return;
    }
    session->skew_us = now_us;
    int64_t least_us = engine_least_delay_us(session->host->engine);
    const char *lane = topic_suffix(topic_of_lane(session->host->lane));
    (void)snprintf(label, sizeof label, "%s/%zu", lane, session->host->index);
    if (least_us == INT64_MAX) {
        metrics_hide(METRIC_CLOCK_SKEW, label);
    } else {
        metrics_set(METRIC_CLOCK_SKEW, label, (double)least_us / TIME_SECOND_US);
    }
}

static void measure_certificate(const struct session *session) {
    int64_t ends_at_us = 0;
    if (pipeline_certificate_end(session->pipeline, &ends_at_us)) {
        double left_us = (double)(ends_at_us - time_wall_us());
        metrics_set(METRIC_CERTIFICATE_DAYS, "database", left_us / TIME_SECOND_US / 86400);
    }
}

/* The same for all threads, so that the first one does it. */
static enum status measure_database(struct session *session, int64_t now_us) {
    PGresult **results = NULL;
    if (now_us - session->measured_us < MEASURE_US) {
        return STATUS_OK;
    }
    session->measured_us = now_us;
    measure_certificate(session);
    pipeline_queue(session->pipeline, STATEMENT_MEASURE, NULL);
    enum status status = pipeline_run(session->pipeline, &results);
    if (status == STATUS_OK) {
        metrics_set(METRIC_UNPUBLISHED, "answers", (double)row_int8(results[0], 0, 0));
        metrics_set(METRIC_UNPUBLISHED, "events", (double)row_int8(results[0], 0, 1));
        metrics_set(METRIC_DATABASE_BYTES, "", (double)row_int8(results[0], 0, 2));
        metrics_set(METRIC_SYNCHRONOUS_STANDBYS, "", (double)row_int8(results[0], 0, 3));
    }
    return status;
}

enum status watch_round(struct session *session, int64_t now_us) {
    measure_skew(session, now_us);
    bool first = session->host->lane == LANE_SLOTS && session->host->index == 0;
    return first ? measure_database(session, now_us) : STATUS_OK;
}
