/* No transaction: what a run that broke off has left on the topic, the next one finds there. All
 * events of a chain go to one partition, that of its key among the request topic's partitions, so
 * that they are in order, and those that workers add later follow them. */
#include "cli/audit_republish_topic.h"

#include "base/time.h"
#include "cli/clients.h"
#include "cli/consumer.h"
#include "engine/answer.h"
#include "kafka/message.h"

#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100, NOTED_MAX = 1000 };

/* ---- what is there ---- */

struct noted {
    struct uuid ids[NOTED_MAX];
    size_t count;
};

static enum status flush_noted(
    const struct republish_scan *scan, struct noted *noted, struct error *error) {
    enum status status =
        noted->count == 0 ? STATUS_OK : scan->note(scan->self, noted->ids, noted->count, error);
    noted->count = 0;
    return status;
}

static enum status note_record(
    const struct republish_scan *scan,
    struct noted *noted,
    const rd_kafka_message_t *message,
    struct error *error) {
    json_t *record = render_message(scan->renderer, message);
    const char *id = rendered_value_text(record, "event_id");
    if (id != NULL && uuid_parse(view_text(id), &noted->ids[noted->count])) {
        noted->count++;
    }
    json_decref(record);
    return noted->count == NOTED_MAX ? flush_noted(scan, noted, error) : STATUS_OK;
}

static enum status scan_to_end(
    const struct republish_scan *scan,
    struct consumer *consumer,
    struct noted *noted,
    int64_t *records,
    struct error *error) {
    int64_t last_us = time_monotonic_us();
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !consumer_at_end(consumer)) {
        rd_kafka_message_t *message;
        status = consumer_next(consumer, POLL_MS, &message, error);
        if (message != NULL) {
            status = note_record(scan, noted, message, error);
            (*records)++;
            last_us = time_monotonic_us();
            rd_kafka_message_destroy(message);
        } else if (status == STATUS_OK && time_monotonic_us() - last_us > scan->timeout_us) {
            status = error_set(
                error,
                STATUS_RETRY,
                "the audit topic was not readable to its end in time; a transaction may be open on "
                "it: try again");
        }
    }
    return status == STATUS_OK ? flush_noted(scan, noted, error) : status;
}

/* The watermarks count open transactions too: what is in one is waited for. */
static enum status scan_topic(
    const struct republish_scan *scan,
    struct consumer *consumer,
    const char *topic,
    int64_t *records,
    struct error *error) {
    int32_t partitions = consumer_partition_count(consumer);
    int64_t *ends = calloc((size_t)partitions, sizeof *ends);
    struct noted *noted = calloc(1, sizeof *noted);
    if (ends == NULL || noted == NULL) {
        free(ends);
        free(noted);
        return error_set(error, STATUS_FATAL, "no memory for a topic");
    }
    enum status status = topic_high_watermarks(scan->settings, topic, ends, partitions, error);
    if (status == STATUS_OK) {
        consumer_set_ends(consumer, ends);
        status = scan_to_end(scan, consumer, noted, records, error);
    }
    free(ends);
    free(noted);
    return status;
}

enum status republish_scan(
    const struct republish_scan *scan, int64_t *records, struct error *error) {
    struct topic_name topic = topic_name(scan->settings->topics_prefix, TOPIC_AUDIT);
    struct consumer *consumer =
        consumer_new(scan->settings, topic.text, CONSUMER_FROM_BEGINNING, error);
    if (consumer == NULL) {
        return STATUS_RETRY;
    }
    *records = 0;
    enum status status = scan_topic(scan, consumer, topic.text, records, error);
    consumer_destroy(consumer);
    return status;
}

/* ---- publishing ---- */

struct republisher {
    rd_kafka_t *client;
    struct renderer *renderer;
    const char *source;
    struct topic_name topic;
    int32_t slot_partitions;
    int32_t account_partitions;
    int64_t handed_over;
    int64_t reported;
    int64_t confirmed;
    rd_kafka_resp_err_t failure;
};

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    struct republisher *republisher = opaque;
    republisher->reported++;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        republisher->confirmed++;
    } else {
        republisher->failure = message->err;
    }
}

static int32_t usable(const struct topics_found *found, enum topic topic) {
    int32_t audit = found->topics[TOPIC_AUDIT].partitions;
    int32_t own = found->topics[topic].partitions;
    return own <= 0 || own > audit ? audit : own;
}

struct republisher *republisher_new(
    const struct settings *settings,
    struct renderer *renderer,
    const struct topics_found *found,
    struct error *error) {
    static const char *const fixed[] = {
        "enable.idempotence",
        "true",
        "acks",
        "all",
        "message.timeout.ms",
        "120000",
        "queue.buffering.max.kbytes",
        "32768",
        NULL};
    struct republisher *republisher = calloc(1, sizeof *republisher);
    if (republisher == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for a producer");
        return NULL;
    }
    *republisher = (struct republisher){
        .renderer = renderer,
        .source = settings->event_source,
        .topic = topic_name(settings->topics_prefix, TOPIC_AUDIT),
        .slot_partitions = usable(found, TOPIC_SLOT_COMMANDS),
        .account_partitions = usable(found, TOPIC_ACCOUNT_COMMANDS),
    };
    struct client_request request = {RD_KAFKA_PRODUCER, fixed, on_report, republisher};
    republisher->client = cli_client_new(settings, &request, error);
    if (republisher->client == NULL) {
        republisher_destroy(republisher);
        return NULL;
    }
    return republisher;
}

void republisher_destroy(struct republisher *republisher) {
    if (republisher != NULL) {
        if (republisher->client != NULL) {
            (void)rd_kafka_purge(
                republisher->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
            rd_kafka_destroy(republisher->client);
        }
        free(republisher);
    }
}

int64_t republisher_confirmed(const struct republisher *republisher) {
    return republisher->confirmed;
}

static enum status check_reports(const struct republisher *republisher, struct error *error) {
    return republisher->failure == RD_KAFKA_RESP_ERR_NO_ERROR
               ? STATUS_OK
               : error_set(
                   error,
                   STATUS_RETRY,
                   "topic %.249s does not take an event: %s; what it took stays, and running "
                   "again goes on behind it",
                   republisher->topic.text,
                   rd_kafka_err2str(republisher->failure));
}

/* Takes the headers. */
static enum status produce(
    struct republisher *republisher, const struct message *message, struct error *error) {
    const rd_kafka_vu_t parts[6] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = message->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {view_pointer(message->value), message->value.size}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {view_pointer(message->key), message->key.size}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = message->headers},
    };
    for (;;) {
        rd_kafka_error_t *failure =
            rd_kafka_produceva(republisher->client, parts, sizeof parts / sizeof parts[0]);
        if (failure == NULL) {
            republisher->handed_over++;
            (void)rd_kafka_poll(republisher->client, 0);
            return check_reports(republisher, error);
        }
        bool full = rd_kafka_error_code(failure) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
        if (!full || check_reports(republisher, error) != STATUS_OK) {
            (void)error_set(error, STATUS_RETRY, "not sent: %s", rd_kafka_error_string(failure));
            rd_kafka_error_destroy(failure);
            rd_kafka_headers_destroy(message->headers);
            return STATUS_RETRY;
        }
        rd_kafka_error_destroy(failure);
        (void)rd_kafka_poll(republisher->client, POLL_MS);
    }
}

/* The row's slot_id is its chain's, whichever kind that is; on the topic an account's has none. */
static struct view encode(struct republisher *republisher, const struct audit_event *row) {
    struct codec *codec = republisher->renderer->codec;
    struct arena *arena = republisher->renderer->arena;
    return frame_single_object(
        arena, codec_event_fingerprint(codec), codec_encode_event(codec, arena, row));
}

enum status republisher_publish(
    struct republisher *republisher, const struct republish_row *row, struct error *error) {
    const struct audit_event *event = &row->event;
    struct answer answer = {.partition = 0};
    const struct answer_event heads = {
        .event_id = event->event_id, .occurred_at_us = event->occurred_at_us};
    char key[UUID_TEXT_SIZE + 1];
    int32_t partitions =
        event->has_slot_id ? republisher->slot_partitions : republisher->account_partitions;
    bool answered = row->route.data != NULL && route_decode(row->route, &answer.route);
    uuid_format(event->slot_id, key);
    arena_reset(republisher->renderer->arena);
    const struct message message = {
        .topic = republisher->topic.text,
        .partition =
            rd_kafka_msg_partitioner_murmur2(NULL, key, UUID_TEXT_SIZE, partitions, NULL, NULL),
        .key = view_of(key, UUID_TEXT_SIZE),
        .value = encode(republisher, event),
        .headers = message_event_headers(answered ? &answer : NULL, &heads, republisher->source),
    };
    return produce(republisher, &message, error);
}

enum status republisher_finish(struct republisher *republisher, struct error *error) {
    while (republisher->reported < republisher->handed_over) {
        (void)rd_kafka_poll(republisher->client, POLL_MS);
    }
    return check_reports(republisher, error);
}
