/* The high-level consumer with eager rebalancing. Offsets are PostgreSQL's business, so nothing is
 * committed or stored here, and a position that the broker does not have is an error, never a jump.
 */
#include "kafka/member.h"

#include "base/log.h"
#include "base/time.h"
#include "kafka/client.h"

#include <stdio.h>
#include <stdlib.h>

struct member {
    struct member_settings settings;
    struct member_events events;
    rd_kafka_t *client;
    rd_kafka_message_t **messages; /* of the batch gathered last */
    size_t message_count;
    enum status status;
    int64_t given_us;   /* when the last batch was given */
    size_t given_count; /* records of it */
    bool rebalanced;    /* since the gathering began */
    bool closing;
};

static rd_kafka_topic_partition_list_t *consumable(
    const struct member *member, const struct assigned_partition *partitions, size_t count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].consume) {
            rd_kafka_topic_partition_list_add(list, member->settings.topic, partitions[i].number)
                ->offset = partitions[i].start_offset;
        }
    }
    return list;
}

static enum status take_assignment(
    struct member *member, const rd_kafka_topic_partition_list_t *given) {
    size_t count = (size_t)given->cnt;
    struct assigned_partition *partitions = calloc(count + 1, sizeof *partitions);
    if (partitions == NULL) {
        return STATUS_FATAL;
    }
    for (size_t i = 0; i < count; i++) {
        partitions[i].number = given->elems[i].partition;
    }
    enum status status = member->closing
                             ? STATUS_LOST
                             : member->events.assigned(member->events.self, partitions, count);
    rd_kafka_topic_partition_list_t *list =
        consumable(member, partitions, status == STATUS_OK ? count : 0);
    rd_kafka_resp_err_t error = rd_kafka_assign(member->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    free(partitions);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? status : STATUS_RETRY;
}

static void on_rebalance(
    rd_kafka_t *client,
    rd_kafka_resp_err_t error,
    rd_kafka_topic_partition_list_t *partitions,
    void *opaque) {
    struct member *member = opaque;
    member->rebalanced = true;
    enum status status = STATUS_OK;
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        status = take_assignment(member, partitions);
    } else {
        /* Lost, not revoked: others may have our partitions, and have fenced our producer. */
        status = rd_kafka_assignment_lost(client) ? STATUS_LOST : STATUS_OK;
        member->events.revoked(member->events.self);
        (void)rd_kafka_assign(client, NULL);
    }
    if (member->status == STATUS_OK) {
        member->status = status;
    }
}

/* Bounds of what is fetched ahead, each message some 1.5 KB with librdkafka's own part of it. Once
 * so much waits, librdkafka 2.0 looks again a second later, so less than a second's worth would
 * slow a backlog down. */
static const char *const fetch_bounds[] = {
    "queued.min.messages",
    "4000",
    "queued.max.messages.kbytes",
    "6144",
    "fetch.max.bytes",
    "1048576",
    "receive.message.max.bytes",
    "8388608",
    NULL,
};

static rd_kafka_conf_t *configure(struct member *member, struct error *error) {
    const char *const fixed[] = {
        "group.id",
        member->settings.group,
        "enable.auto.commit",
        "false",
        "enable.auto.offset.store",
        "false",
        "auto.offset.reset",
        "error",
        "enable.partition.eof",
        "true",
        "isolation.level",
        "read_committed",
        "partition.assignment.strategy",
        "range",
        "session.timeout.ms",
        "6000",
        "heartbeat.interval.ms",
        "1000",
        "max.poll.interval.ms",
        "30000",
        "group.instance.id",
        member->settings.instance_id,
        NULL};
    const char *pairs[sizeof fixed / sizeof fixed[0]];
    memcpy(pairs, fixed, sizeof fixed);
    if (member->settings.instance_id[0] == '\0') {
        pairs[sizeof fixed / sizeof fixed[0] - 3] = NULL;
    }
    rd_kafka_conf_t *conf =
        kafka_conf_new_with_defaults(&member->settings.properties, fetch_bounds, pairs, error);
    if (conf != NULL) {
        rd_kafka_conf_set_opaque(conf, member);
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    }
    return conf;
}

static enum status subscribe(struct member *member, struct error *error) {
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(topics, member->settings.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t failed = rd_kafka_poll_set_consumer(member->client);
    if (failed == RD_KAFKA_RESP_ERR_NO_ERROR) {
        failed = rd_kafka_subscribe(member->client, topics);
    }
    rd_kafka_topic_partition_list_destroy(topics);
    return failed == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK
                                                : error_set(
                                                    error,
                                                    STATUS_FATAL,
                                                    "cannot subscribe to %s: %s",
                                                    member->settings.topic,
                                                    rd_kafka_err2str(failed));
}

struct member *member_new(
    const struct member_settings *settings,
    const struct member_events *events,
    struct error *error) {
    struct member *member = calloc(1, sizeof *member);
    if (member == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for a consumer");
        return NULL;
    }
    member->settings = *settings;
    member->events = *events;
    member->messages = calloc(settings->batch_max, sizeof(rd_kafka_message_t *));
    rd_kafka_conf_t *conf = configure(member, error);
    if (conf != NULL) {
        member->client = kafka_client_new(RD_KAFKA_CONSUMER, conf, error);
    }
    if (member->client == NULL || member->messages == NULL
        || subscribe(member, error) != STATUS_OK) {
        member_close(member);
        return NULL;
    }
    return member;
}

void member_close(struct member *member) {
    if (member == NULL) {
        return;
    }
    member->closing = true;
    member_release(member);
    if (member->client != NULL) {
        (void)rd_kafka_consumer_close(member->client);
        rd_kafka_destroy(member->client);
    }
    free(member->messages);
    free(member);
}

rd_kafka_t *member_client(struct member *member) {
    return member->client;
}

void member_release(struct member *member) {
    for (size_t i = 0; i < member->message_count; i++) {
        rd_kafka_message_destroy(member->messages[i]);
    }
    member->message_count = 0;
}

/* An error event instead of a record. */
static void react(struct member *member, const rd_kafka_message_t *message) {
    switch ((int)message->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        member->events.cannot_read(
            member->events.self,
            message->partition,
            "the broker no longer has the offset to go on from");
        return;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        member->events.reached_end(member->events.self, message->partition, message->offset);
        return;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        member->status = STATUS_LOST;
        break;
    case RD_KAFKA_RESP_ERR__FATAL:
        member->status = STATUS_RETRY;
        break;
    default: /* librdkafka goes on by itself */
        break;
    }
    log_warning(
        "the consumer reports an error",
        LOG_TEXT("error", rd_kafka_err2name(message->err)),
        LOG_TEXT("text", rd_kafka_message_errstr(message)),
        LOG_TEXT("group", member->settings.group),
        LOG_TEXT("topic", member->settings.topic));
}

static struct view view_or_null(const void *data, size_t size) {
    return data == NULL ? view_of(NULL, 0) : view_of(data, size);
}

static void read_headers(
    const rd_kafka_message_t *message, struct arena *arena, struct record *record) {
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    size_t count = rd_kafka_header_cnt(headers);
    if (count > RECORD_HEADERS_MAX) {
        record->headers_too_many = true;
        return;
    }
    record->headers = ARENA_ARRAY(arena, struct header, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t size = 0;
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size)
            == RD_KAFKA_RESP_ERR_NO_ERROR) {
            record->headers[record->header_count++] =
                (struct header){.name = view_text(name), .value = view_or_null(value, size)};
        }
    }
}

static size_t bytes_of(const struct record *record) {
    size_t bytes = record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++) {
        bytes += record->headers[i].name.size + record->headers[i].value.size;
    }
    return bytes;
}

/* The broker's own time of the record; a producer's own is nothing to judge tokens by. */
static bool read_append_time(const rd_kafka_message_t *message, struct record *record) {
    rd_kafka_timestamp_type_t type;
    int64_t time_ms = rd_kafka_message_timestamp(message, &type);
    record->append_time_us = time_ms * 1000;
    return type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME && time_ms >= 0
           && time_ms <= TIME_MAX_US / 1000;
}

static bool read_record(
    const rd_kafka_message_t *message, struct arena *arena, struct record *record) {
    *record = (struct record){
        .partition = message->partition,
        .offset = message->offset,
        .key = view_or_null(message->key, message->key_len),
        .value = view_or_null(message->payload, message->len),
    };
    read_headers(message, arena, record);
    return read_append_time(message, record);
}

/* Rounded up, or the last millisecond would be polled through without rest. */
static int ms_until(int64_t until_us) {
    int64_t left_us = until_us - time_monotonic_us();
    return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

/* The next record, or NULL: nothing is there, or the member has failed. A rebalance may have come
 * first: then the record is of the new assignment, and the consumer will not give it again. */
static rd_kafka_message_t *next_message(struct member *member, int64_t until_us) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(member->client, ms_until(until_us));
    while (message != NULL && message->err != RD_KAFKA_RESP_ERR_NO_ERROR
           && member->status == STATUS_OK) {
        react(member, message);
        rd_kafka_message_destroy(message);
        message = rd_kafka_consumer_poll(member->client, ms_until(until_us));
    }
    if (message != NULL && member->status != STATUS_OK) {
        rd_kafka_message_destroy(message);
        return NULL;
    }
    return message;
}

/* A batch that is being gathered. */
struct gathering {
    struct arena *arena;
    struct record *records;
    size_t count;
    size_t bytes;
};

static bool is_full(const struct member *member, const struct gathering *batch) {
    return batch->count == member->settings.batch_max
           || batch->bytes >= member->settings.batch_bytes_max;
}

static void forget(struct member *member, struct gathering *batch) {
    member_release(member);
    member->rebalanced = false;
    batch->count = 0;
    batch->bytes = 0;
}

static void add(struct member *member, struct gathering *batch, rd_kafka_message_t *message) {
    member->messages[member->message_count++] = message;
    struct record *record = &batch->records[batch->count++];
    if (!read_record(message, batch->arena, record)) {
        member->events.cannot_read(
            member->events.self,
            record->partition,
            "a record carries its producer's time: message.timestamp.type was not LogAppendTime");
    }
    batch->bytes += bytes_of(record);
}

/* One record if it comes in time, and what else is there then. */
static void take_records(struct member *member, struct gathering *batch, int64_t until_us) {
    while (!is_full(member, batch)) {
        rd_kafka_message_t *message = next_message(member, until_us);
        if (member->rebalanced) { /* what was gathered is of the assignment before */
            forget(member, batch);
        }
        if (message == NULL) {
            return;
        }
        add(member, batch, message);
        until_us = 0;
    }
}

/* Until when it waits for more; 0: it does not. */
static int64_t waits_until_us(const struct member *member, const struct gathering *batch) {
    int64_t now_us = time_monotonic_us();
    int64_t interval_us = member->given_us + member->settings.interval_us;
    int64_t linger_us = member->given_us + member->settings.linger_us;
    if (member->status != STATUS_OK || batch->count == 0 || is_full(member, batch)) {
        return 0;
    }
    if (interval_us > now_us && member->given_count > 1) {
        return interval_us;
    }
    bool lingers = linger_us > now_us
                   && member->events.may_wait(member->events.self, batch->records, batch->count);
    return lingers ? linger_us : 0;
}

enum status member_gather(
    struct member *member,
    int wait_ms,
    struct arena *arena,
    struct record **records,
    size_t *count) {
    struct gathering batch = {
        .arena = arena,
        .records = ARENA_ARRAY(arena, struct record, member->settings.batch_max),
    };
    forget(member, &batch);
    int64_t until_us = time_monotonic_us() + (int64_t)wait_ms * 1000;
    while (until_us != 0) {
        take_records(member, &batch, until_us);
        until_us = waits_until_us(member, &batch);
    }
    *records = batch.records;
    *count = member->status == STATUS_OK ? batch.count : 0;
    if (*count > 0) {
        member->given_us = time_monotonic_us();
        member->given_count = *count;
    }
    return member->status;
}

int64_t member_high_watermark(struct member *member, int32_t partition) {
    int64_t low = -1;
    int64_t high = -1;
    rd_kafka_resp_err_t error = rd_kafka_get_watermark_offsets(
        member->client, member->settings.topic, partition, &low, &high);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? high : -1;
}
