/* A read_committed consumer of the outcomes topic, without a group, from its ends on. Of each
 * outcome only two headers are looked at. */
#include "base/time.h"
#include "bench.h"
#include "kafka/client.h"
#include "kafka/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 10000,
    SILENCE_MAX_US = 60000000,
    WAIT_MS = 100,
    CODES_MAX = 64,
    CODE_SIZE = 48
};

struct outcomes {
    rd_kafka_t *client;
    struct topic_name topic;
    char codes[CODES_MAX][CODE_SIZE]; /* that came instead of the one expected */
    size_t counts[CODES_MAX];
    size_t code_count;
};

static int32_t partitions_of(const struct outcomes *outcomes) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(outcomes->client, outcomes->topic.text, NULL);
    rd_kafka_resp_err_t failed =
        rd_kafka_metadata(outcomes->client, 0, topic, &metadata, TIMEOUT_MS);
    if (failed != RD_KAFKA_RESP_ERR_NO_ERROR || metadata->topic_cnt != 1
        || metadata->topics[0].partition_cnt == 0) {
        die("there is no topic %s", outcomes->topic.text);
    }
    int32_t count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    return count;
}

static void go_to_ends(struct outcomes *outcomes) {
    int32_t count = partitions_of(outcomes);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int32_t i = 0; i < count; i++) {
        int64_t low = 0;
        rd_kafka_topic_partition_t *place =
            rd_kafka_topic_partition_list_add(list, outcomes->topic.text, i);
        if (rd_kafka_query_watermark_offsets(
                outcomes->client, outcomes->topic.text, i, &low, &place->offset, TIMEOUT_MS)
            != RD_KAFKA_RESP_ERR_NO_ERROR) {
            die("the ends of %s cannot be read", outcomes->topic.text);
        }
    }
    if (rd_kafka_assign(outcomes->client, list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die("%s cannot be read", outcomes->topic.text);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

struct outcomes *outcomes_new(
    const struct settings *settings, const char *wait_max_ms, const char *bytes_min) {
    const struct kafka_properties properties = {settings->kafka, settings->kafka_count};
    const char *const pairs[] = {
        "group.id",
        "bench",
        "enable.auto.commit",
        "false",
        "isolation.level",
        "read_committed",
        "fetch.wait.max.ms",
        wait_max_ms,
        "fetch.min.bytes",
        bytes_min,
        NULL};
    struct error error;
    struct outcomes *outcomes = calloc(1, sizeof *outcomes);
    rd_kafka_conf_t *conf = kafka_conf_new(&properties, pairs, &error);
    if (outcomes == NULL || conf == NULL) {
        die("no consumer: %s", error.text);
    }
    outcomes->client = kafka_client_new(RD_KAFKA_CONSUMER, conf, &error);
    if (outcomes->client == NULL) {
        die("no consumer: %s", error.text);
    }
    (void)rd_kafka_poll_set_consumer(outcomes->client);
    outcomes->topic = topic_name(settings->topics_prefix, TOPIC_OUTCOMES);
    go_to_ends(outcomes);
    return outcomes;
}

void outcomes_destroy(struct outcomes *outcomes) {
    (void)rd_kafka_consumer_close(outcomes->client);
    rd_kafka_destroy(outcomes->client);
    free(outcomes);
}

static void header_text(const rd_kafka_headers_t *headers, const char *name, char text[CODE_SIZE]) {
    const void *value = NULL;
    size_t size = 0;
    text[0] = '\0';
    if (rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR
        && value != NULL) {
        (void)snprintf(text, CODE_SIZE, "%.*s", (int)size, (const char *)value);
    }
}

/* The code, or the status if there is none. */
static void code_of(const rd_kafka_message_t *message, char code[CODE_SIZE]) {
    rd_kafka_headers_t *headers = NULL;
    (void)snprintf(code, CODE_SIZE, "no headers");
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    header_text(headers, "slotkeeper-code", code);
    if (code[0] == '\0') {
        header_text(headers, "slotkeeper-status", code);
    }
}

static void count_code(struct outcomes *outcomes, const char *code) {
    size_t i = 0;
    while (i < outcomes->code_count && strcmp(outcomes->codes[i], code) != 0) {
        i++;
    }
    if (i == CODES_MAX) {
        return;
    }
    if (i == outcomes->code_count) {
        outcomes->code_count++;
        (void)snprintf(outcomes->codes[i], CODE_SIZE, "%s", code);
    }
    outcomes->counts[i]++;
}

static _Noreturn void report(const struct outcomes *outcomes, size_t read, const char *expected) {
    for (size_t i = 0; i < outcomes->code_count; i++) {
        (void)fprintf(stderr, "bench: %zu times %s\n", outcomes->counts[i], outcomes->codes[i]);
    }
    die("of %zu outcomes not all were %s", read, expected);
}

static uint64_t number_of(const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t size = 0;
    uint64_t number = 0;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR
        && rd_kafka_header_get_last(headers, NUMBER_HEADER, &value, &size)
               == RD_KAFKA_RESP_ERR_NO_ERROR
        && size == sizeof number) {
        memcpy(&number, value, size);
    }
    return number;
}

/* Takes one outcome; false: none came. */
static bool take(struct outcomes *outcomes, int wait_ms, const char *expected, uint64_t *number) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(outcomes->client, wait_ms);
    if (message == NULL) {
        return false;
    }
    bool counts = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (counts) {
        char code[CODE_SIZE];
        code_of(message, code);
        if (strcmp(code, expected) != 0) {
            count_code(outcomes, code);
        }
        if (number != NULL) {
            *number = number_of(message);
        }
    }
    rd_kafka_message_destroy(message);
    return counts;
}

void outcomes_expect(struct outcomes *outcomes, size_t count, const char *code) {
    int64_t heard_us = time_monotonic_us();
    size_t read = 0;
    while (read < count) {
        if (take(outcomes, WAIT_MS, code, NULL)) {
            read++;
            heard_us = time_monotonic_us();
        } else if (time_monotonic_us() - heard_us > SILENCE_MAX_US || !workers_are_running()) {
            die("after %zu of %zu outcomes none came any more; see the worker's log", read, count);
        }
    }
    if (outcomes->code_count > 0) {
        report(outcomes, count, code);
    }
}

bool outcomes_poll(struct outcomes *outcomes, int wait_ms, uint64_t *number) {
    bool came = take(outcomes, wait_ms, "ACCEPTED", number);
    if (outcomes->code_count > 0) {
        report(outcomes, 1, "ACCEPTED");
    }
    return came;
}
