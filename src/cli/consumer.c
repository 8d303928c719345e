/* librdkafka's simple consumer: it needs no group, and so no right to one. Every partition feeds
 * one queue. Which offset a partition has been read to is told by its records and by
 * end-of-partition events, since transaction markers and aborted records leave gaps. */
#include "cli/consumer.h"

#include "cli/clients.h"

#include <stdlib.h>
#include <string.h>

struct span {
    int64_t low;
    int64_t next; /* every committed record below has been seen */
    int64_t end;  /* consumer_at_end waits for this */
    bool started;
};

struct consumer {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    struct span *spans;
    int32_t partition_count;
};

static const char *const committed[] = {
    "isolation.level",
    "read_committed",
    "enable.partition.eof",
    "true",
    "auto.offset.reset",
    "earliest",
    "queued.max.messages.kbytes",
    "16384",
    "fetch.wait.max.ms",
    "50", /* an end is told, and a reader stops, only between fetches */
    NULL,
};

static const char *const uncommitted[] = {"isolation.level", "read_uncommitted", NULL};

/* From the list of all topics: to ask for one by name may create it. */
static enum status count_partitions(
    rd_kafka_t *client, const char *topic, int32_t *count, struct error *error) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t failure = rd_kafka_metadata(client, 1, NULL, &metadata, CLIENT_TIMEOUT_MS);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error, STATUS_RETRY, "Kafka does not list its topics: %s", rd_kafka_err2str(failure));
    }
    *count = 0;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, topic) == 0) {
            *count = metadata->topics[i].partition_cnt;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    if (*count == 0) {
        return error_set(
            error,
            STATUS_INVALID,
            "there is no topic %.249s; `slotkeeper topics create` makes the service's own",
            topic);
    }
    return STATUS_OK;
}

static enum status query_watermarks(
    rd_kafka_t *client,
    const char *topic,
    int32_t partition,
    struct span *span,
    struct error *error) {
    rd_kafka_resp_err_t failure = rd_kafka_query_watermark_offsets(
        client, topic, partition, &span->low, &span->end, CLIENT_TIMEOUT_MS);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            STATUS_RETRY,
            "Kafka does not tell where topic %.249s ends: %s",
            topic,
            rd_kafka_err2str(failure));
    }
    return STATUS_OK;
}

/* All places are asked for before the first partition is read: a question waits behind a fetch. */
static enum status find_places(
    struct consumer *consumer, enum consumer_start start, struct error *error) {
    const char *topic = rd_kafka_topic_name(consumer->topic);
    enum status status = STATUS_OK;
    for (int32_t i = 0; status == STATUS_OK && i < consumer->partition_count; i++) {
        struct span *span = &consumer->spans[i];
        status = query_watermarks(consumer->client, topic, i, span, error);
        span->next = start == CONSUMER_FROM_BEGINNING ? span->low : span->end;
    }
    return status;
}

static enum status start_partition(
    struct consumer *consumer, int32_t partition, struct error *error) {
    struct span *span = &consumer->spans[partition];
    int failed =
        rd_kafka_consume_start_queue(consumer->topic, partition, span->next, consumer->queue);
    if (failed != 0) {
        return error_set(
            error,
            STATUS_FATAL,
            "cannot read topic %.249s: %s",
            rd_kafka_topic_name(consumer->topic),
            rd_kafka_err2str(rd_kafka_last_error()));
    }
    span->started = true;
    return STATUS_OK;
}

static enum status begin(
    struct consumer *consumer, const char *topic, enum consumer_start start, struct error *error) {
    enum status status =
        count_partitions(consumer->client, topic, &consumer->partition_count, error);
    if (status != STATUS_OK) {
        return status;
    }
    consumer->topic = rd_kafka_topic_new(consumer->client, topic, NULL);
    consumer->queue = rd_kafka_queue_new(consumer->client);
    consumer->spans = calloc((size_t)consumer->partition_count + 1, sizeof *consumer->spans);
    if (consumer->topic == NULL || consumer->queue == NULL || consumer->spans == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a Kafka consumer");
    }
    status = find_places(consumer, start, error);
    for (int32_t i = 0; status == STATUS_OK && i < consumer->partition_count; i++) {
        status = start_partition(consumer, i, error);
    }
    return status;
}

struct consumer *consumer_new(
    const struct settings *settings,
    const char *topic,
    enum consumer_start start,
    struct error *error) {
    struct consumer *consumer = calloc(1, sizeof *consumer);
    if (consumer == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for a Kafka consumer");
        return NULL;
    }
    struct client_request request = {.type = RD_KAFKA_CONSUMER, .fixed = committed};
    consumer->client = cli_client_new(settings, &request, error);
    if (consumer->client == NULL || begin(consumer, topic, start, error) != STATUS_OK) {
        consumer_destroy(consumer);
        return NULL;
    }
    return consumer;
}

void consumer_destroy(struct consumer *consumer) {
    if (consumer == NULL) {
        return;
    }
    for (int32_t i = 0; consumer->spans != NULL && i < consumer->partition_count; i++) {
        if (consumer->spans[i].started) {
            (void)rd_kafka_consume_stop(consumer->topic, i);
        }
    }
    if (consumer->queue != NULL) {
        rd_kafka_queue_destroy(consumer->queue);
    }
    if (consumer->topic != NULL) {
        rd_kafka_topic_destroy(consumer->topic);
    }
    if (consumer->client != NULL) {
        rd_kafka_destroy(consumer->client);
    }
    free(consumer->spans);
    free(consumer);
}

static void advance(struct consumer *consumer, const rd_kafka_message_t *message, int64_t next) {
    if (message->partition >= 0 && message->partition < consumer->partition_count) {
        consumer->spans[message->partition].next = next;
    }
}

/* Trouble that librdkafka deals with by itself. */
static bool passes_by(rd_kafka_resp_err_t failure) {
    return failure == RD_KAFKA_RESP_ERR__TRANSPORT || failure == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
           || failure == RD_KAFKA_RESP_ERR__TIMED_OUT || failure == RD_KAFKA_RESP_ERR__RESOLVE;
}

enum status consumer_next(
    struct consumer *consumer, int timeout_ms, rd_kafka_message_t **message, struct error *error) {
    *message = NULL;
    rd_kafka_message_t *next = rd_kafka_consume_queue(consumer->queue, timeout_ms);
    if (next == NULL) {
        return STATUS_OK;
    }
    if (next->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        advance(consumer, next, next->offset + 1);
        *message = next;
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    if (next->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        advance(consumer, next, next->offset);
    } else if (!passes_by(next->err)) {
        status = error_set(error, STATUS_INVALID, "Kafka: %s", rd_kafka_message_errstr(next));
    }
    rd_kafka_message_destroy(next);
    return status;
}

bool consumer_at_end(const struct consumer *consumer) {
    for (int32_t i = 0; i < consumer->partition_count; i++) {
        if (consumer->spans[i].next < consumer->spans[i].end) {
            return false;
        }
    }
    return true;
}

int32_t consumer_partition_count(const struct consumer *consumer) {
    return consumer->partition_count;
}

void consumer_set_ends(struct consumer *consumer, const int64_t *ends) {
    for (int32_t i = 0; i < consumer->partition_count; i++) {
        consumer->spans[i].end = ends[i];
    }
}

int64_t consumer_low_offset(const struct consumer *consumer, int32_t partition) {
    return consumer->spans[partition].low;
}

enum status topic_high_watermarks(
    const struct settings *settings,
    const char *topic,
    int64_t *ends,
    int32_t partition_count,
    struct error *error) {
    struct client_request request = {.type = RD_KAFKA_CONSUMER, .fixed = uncommitted};
    rd_kafka_t *client = cli_client_new(settings, &request, error);
    if (client == NULL) {
        return STATUS_INVALID;
    }
    enum status status = STATUS_OK;
    for (int32_t i = 0; status == STATUS_OK && i < partition_count; i++) {
        struct span span;
        status = query_watermarks(client, topic, i, &span, error);
        ends[i] = span.end;
    }
    rd_kafka_destroy(client);
    return status;
}
