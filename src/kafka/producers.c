/* The producers of a publisher: made, in possession of their transactional ids, and acquainted with
 * the topics that each publication is for. */
#include "base/time.h"
#include "kafka/client.h"
#include "kafka/publisher_parts.h"
#include "kafka/trouble.h"

#include <stdio.h>

enum { INIT_TIMEOUT_MS = 15000, MEET_TIMEOUT_MS = 2000, PRODUCER_ID_SIZE = 300 };

static rd_kafka_t *make_client(
    const struct kafka_properties *properties,
    const char *id,
    void *opaque,
    int64_t timeout_us,
    struct error *error) {
    char timeout_ms[24];
    (void)snprintf(timeout_ms, sizeof timeout_ms, "%lld", (long long)(timeout_us / 1000));
    const char *const fixed[] = {
        "transactional.id",
        id,
        "transaction.timeout.ms",
        timeout_ms,
        "message.timeout.ms",
        timeout_ms,
        "enable.idempotence",
        "true",
        "acks",
        "all",
        "linger.ms",
        "0",
        "partitioner",
        "murmur2_random",
        "message.max.bytes",
        "8388608",
        "queue.buffering.max.kbytes",
        "65536",
        NULL};
    rd_kafka_conf_t *conf = kafka_conf_new(properties, fixed, error);
    if (conf == NULL) {
        return NULL;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, publisher_on_delivery);
    rd_kafka_conf_set_opaque(conf, opaque);
    return kafka_client_new(RD_KAFKA_PRODUCER, conf, error);
}

/* A call that timed out says nothing of the connection that it waited for. */
static void find_cause(const rd_kafka_error_t *failure, char cause[TROUBLE_TEXT_SIZE]) {
    cause[0] = '\0';
    if (rd_kafka_error_code(failure) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        trouble_last(cause, time_monotonic_us());
    }
    if (cause[0] == '\0') {
        (void)snprintf(cause, TROUBLE_TEXT_SIZE, "%s", rd_kafka_error_string(failure));
    }
}

/* From then on no producer before has anything to say under this transactional id. */
static enum status init_transactions(
    rd_kafka_t *client, const char *id, const char *what, struct error *error) {
    rd_kafka_error_t *failure = rd_kafka_init_transactions(client, INIT_TIMEOUT_MS);
    char cause[TROUBLE_TEXT_SIZE];
    find_cause(failure, cause);
    if (publisher_step(failure, what) == STATUS_OK) {
        return STATUS_OK;
    }
    return error_set(
        error, STATUS_RETRY, "Kafka gives no producer with transactional id %s: %s", id, cause);
}

/* The first one's is the publisher's own. */
static void name_producer(const char *transactional_id, size_t number, char id[PRODUCER_ID_SIZE]) {
    (void)snprintf(id, PRODUCER_ID_SIZE, number == 0 ? "%s" : "%s.%zu", transactional_id, number);
}

static void meet_topics(rd_kafka_t *producer, const struct publisher_settings *settings) {
    const char *const names[] = {
        settings->outcome_topic, settings->audit_topic, settings->dead_letter_topic};
    bool met = true;
    for (size_t i = 0; met && i < sizeof names / sizeof names[0]; i++) {
        met = kafka_meet_topic(producer, names[i], MEET_TIMEOUT_MS);
    }
}

static enum status open_producer(struct publisher *publisher, size_t number, struct error *error) {
    const struct publisher_settings *settings = &publisher->settings;
    char id[PRODUCER_ID_SIZE];
    name_producer(settings->transactional_id, number, id);
    rd_kafka_t *producer =
        make_client(&settings->properties, id, publisher, settings->transaction_timeout_us, error);
    publisher->producers[number] = producer;
    if (producer == NULL) {
        return STATUS_FATAL;
    }
    enum status status = init_transactions(producer, id, "init", error);
    if (status == STATUS_OK) {
        meet_topics(producer, settings);
    }
    return status;
}

enum status publisher_open_producers(struct publisher *publisher, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < PRODUCERS; i++) {
        status = open_producer(publisher, i, error);
    }
    return status;
}

void publisher_close_producers(struct publisher *publisher) {
    for (size_t i = 0; i < PRODUCERS && publisher->producers[i] != NULL; i++) {
        (void)rd_kafka_purge(
            publisher->producers[i], RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_destroy(publisher->producers[i]);
    }
}

static enum status fence_producer(
    const struct kafka_properties *properties, const char *id, struct error *error) {
    struct publisher fencing = {.pending = 0};
    rd_kafka_t *client = make_client(properties, id, &fencing, TIME_SECOND_US * 10, error);
    if (client == NULL) {
        return STATUS_FATAL;
    }
    enum status status = init_transactions(client, id, "fence", error);
    rd_kafka_destroy(client);
    return status;
}

enum status publisher_fence(
    const struct kafka_properties *properties, const char *transactional_id, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < PRODUCERS; i++) {
        char id[PRODUCER_ID_SIZE];
        name_producer(transactional_id, i, id);
        status = fence_producer(properties, id, error);
    }
    return status;
}
