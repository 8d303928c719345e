/* BookSlot records as any client would send them: murmur2 of the slot id, single-object encoding, a
 * bearer token. */
#include "bench.h"
#include "kafka/client.h"
#include "kafka/topics.h"
#include "wire/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 60000,
    UUID_AVRO_SIZE = 1 + UUID_TEXT_SIZE,
    HEAD_SIZE = 10,
    UUID_AVRO_LENGTH = 2 * UUID_TEXT_SIZE
};

struct requests {
    rd_kafka_t *client;
    struct topic_name topic;
    uint8_t head[HEAD_SIZE]; /* of a BookSlot: the marker and its schema's fingerprint */
    bool transactional;
};

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die("a request was not delivered: %s", rd_kafka_err2str(message->err));
    }
}

static void must(rd_kafka_error_t *error, const char *what) {
    if (error != NULL) {
        die("%s: %s", what, rd_kafka_error_string(error));
    }
}

static void write_head(struct requests *requests) {
    struct error error;
    struct schemas *schemas = schemas_new(&error);
    const struct schema *schema =
        schemas == NULL ? NULL : schemas_by_name(schemas, "slotkeeper.command.BookSlot");
    if (schema == NULL) {
        die("no schema for BookSlot");
    }
    uint64_t fingerprint = schema_fingerprint(schema);
    requests->head[0] = 0xc3;
    requests->head[1] = 0x01;
    for (size_t i = 0; i < sizeof fingerprint; i++) {
        requests->head[2 + i] = (uint8_t)(fingerprint >> (8 * i));
    }
    schemas_destroy(schemas);
}

struct requests *requests_new(
    const struct settings *settings, const char *transaction, const char *linger_ms) {
    const struct kafka_properties properties = {settings->kafka, settings->kafka_count};
    const char *const pairs[] = {
        "partitioner",
        "murmur2_random",
        "acks",
        "all",
        "linger.ms",
        linger_ms,
        "queue.buffering.max.messages",
        "200000",
        transaction == NULL ? NULL : "transactional.id",
        transaction,
        "transaction.timeout.ms",
        "600000",
        NULL};
    struct error error;
    struct requests *requests = calloc(1, sizeof *requests);
    rd_kafka_conf_t *conf = kafka_conf_new(&properties, pairs, &error);
    if (requests == NULL || conf == NULL) {
        die("no producer: %s", error.text);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    requests->client = kafka_client_new(RD_KAFKA_PRODUCER, conf, &error);
    if (requests->client == NULL) {
        die("no producer: %s", error.text);
    }
    requests->topic = topic_name(settings->topics_prefix, TOPIC_SLOT_COMMANDS);
    requests->transactional = transaction != NULL;
    write_head(requests);
    if (!kafka_meet_topic(requests->client, requests->topic.text, TIMEOUT_MS)) {
        die("no broker answers");
    }
    if (requests->transactional) {
        must(rd_kafka_init_transactions(requests->client, TIMEOUT_MS), "init_transactions");
        must(rd_kafka_begin_transaction(requests->client), "begin_transaction");
    }
    return requests;
}

void requests_destroy(struct requests *requests) {
    rd_kafka_destroy(requests->client);
    free(requests);
}

static uint8_t *put_uuid(uint8_t *next, struct uuid id, char text[UUID_TEXT_SIZE + 1]) {
    uuid_format(id, text);
    *next = UUID_AVRO_LENGTH;
    memcpy(next + 1, text, UUID_TEXT_SIZE);
    return next + UUID_AVRO_SIZE;
}

/* librdkafka copies, but takes no pointer to const. */
static void *pointer_to(struct view view) {
    union {
        const void *in;
        void *out;
    } pointer = {.in = view.data};

    return pointer.out;
}

/* What a record has besides its key and value. */
struct address {
    const char *authorization;
    int32_t partition;
    uint64_t number; /* 0: none */
};

/* False: the queue is full. */
static bool produce(
    struct requests *requests, struct view key, struct view value, const struct address *address) {
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = requests->topic.text},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = address->partition},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {pointer_to(key), key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {pointer_to(value), value.size}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADER, .u.header = {"authorization", address->authorization, -1}},
        {.vtype = RD_KAFKA_VTYPE_HEADER,
         .u.header = {NUMBER_HEADER, &address->number, sizeof address->number}},
    };
    size_t count = sizeof parts / sizeof parts[0] - (address->number == 0 ? 1 : 0);
    rd_kafka_error_t *error = rd_kafka_produceva(requests->client, parts, count);
    bool full = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (error != NULL && !full) {
        die("a request cannot be sent: %s", rd_kafka_error_string(error));
    }
    rd_kafka_error_destroy(error);
    return !full;
}

static void book(struct requests *requests, struct uuid slot, const struct address *address) {
    uint8_t value[HEAD_SIZE + 2 * UUID_AVRO_SIZE];
    char text[UUID_TEXT_SIZE + 1];
    memcpy(value, requests->head, HEAD_SIZE);
    uint8_t *next = put_uuid(value + HEAD_SIZE, uuid_random(), text);
    (void)put_uuid(next, slot, text);
    while (!produce(requests, view_text(text), view_of(value, sizeof value), address)) {
        (void)rd_kafka_poll(requests->client, 10);
    }
    (void)rd_kafka_poll(requests->client, 0);
}

void requests_book(struct requests *requests, struct uuid slot, const char *authorization) {
    const struct address address = {authorization, RD_KAFKA_PARTITION_UA, 0};
    book(requests, slot, &address);
}

void requests_book_numbered(
    struct requests *requests, struct uuid slot, const char *authorization, uint64_t number) {
    const struct address address = {authorization, RD_KAFKA_PARTITION_UA, number};
    book(requests, slot, &address);
}

void requests_book_at(
    struct requests *requests, struct uuid slot, const char *authorization, int32_t partition) {
    const struct address address = {authorization, partition, 0};
    book(requests, slot, &address);
}

void requests_flush(struct requests *requests) {
    if (rd_kafka_flush(requests->client, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die("the broker does not take the requests within a minute");
    }
}

void requests_poll(struct requests *requests) {
    (void)rd_kafka_poll(requests->client, 0);
}

void requests_commit(struct requests *requests) {
    must(rd_kafka_commit_transaction(requests->client, TIMEOUT_MS), "commit_transaction");
}
