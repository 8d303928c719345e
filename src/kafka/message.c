/* CloudEvents' binary mode beside Spring for Apache Kafka's request/reply and dead-letter
 * conventions. */
#include "kafka/message.h"

#include "base/time.h"

#include <stdio.h>

enum { OUTCOME_HEADERS = 14, EVENT_HEADERS = 8, LETTER_HEADERS = 16 };

static void add(rd_kafka_headers_t *headers, const char *name, struct view value) {
    (void)rd_kafka_header_add(headers, name, -1, value.data, (ssize_t)value.size);
}

static void add_text(rd_kafka_headers_t *headers, const char *name, const char *value) {
    add(headers, name, view_text(value));
}

static void add_present(rd_kafka_headers_t *headers, const char *name, struct view value) {
    if (value.data != NULL) {
        add(headers, name, value);
    }
}

static void add_event(
    rd_kafka_headers_t *headers,
    struct uuid id,
    const char *type,
    int64_t time_us,
    const char *source) {
    char id_text[UUID_TEXT_SIZE + 1];
    char time_text[TIME_TEXT_SIZE + 1];
    uuid_format(id, id_text);
    time_format(time_us, time_text);
    add_text(headers, "ce_specversion", "1.0");
    add_text(headers, "ce_id", id_text);
    add_text(headers, "ce_type", type);
    add_text(headers, "ce_source", source);
    add_text(headers, "ce_time", time_text);
    add_text(headers, "content-type", "application/avro");
}

rd_kafka_headers_t *message_outcome_headers(
    const struct answer *answer, const char *source, bool reply_refused) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(OUTCOME_HEADERS);
    add_present(headers, "kafka_correlationId", answer->route.correlation_id);
    add_text(headers, "slotkeeper-status", outcome_status_symbol(code_status(answer->code)));
    if (answer->code != CODE_ACCEPTED) {
        add_text(headers, "slotkeeper-code", code_text(answer->code));
    }
    if (answer->route.duplicate) {
        add_text(headers, "slotkeeper-duplicate", "true");
    }
    if (reply_refused) {
        add_text(headers, "slotkeeper-reply-refused", "true");
    }
    add_present(headers, "traceparent", answer->route.traceparent);
    add_present(headers, "tracestate", answer->route.tracestate);
    add_event(
        headers, answer->outcome_id, "slotkeeper.event.Outcome", answer->outcome_time_us, source);
    return headers;
}

rd_kafka_headers_t *message_event_headers(
    const struct answer *answer, const struct answer_event *event, const char *source) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(EVENT_HEADERS);
    if (answer != NULL && answer->route.traceparent_valid) {
        add_present(headers, "traceparent", answer->route.traceparent);
    }
    add_event(
        headers, event->event_id, "slotkeeper.event.AuditEvent", event->occurred_at_us, source);
    return headers;
}

static void add_big_endian(
    rd_kafka_headers_t *headers, const char *name, uint64_t number, size_t size) {
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    }
    add(headers, name, view_of(bytes, size));
}

rd_kafka_headers_t *message_dead_letter_headers(
    const struct answer *answer, const char *request_topic, const char *group) {
    const struct dead_letter *letter = &answer->dead_letter;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(letter->header_count + LETTER_HEADERS);
    for (size_t i = 0; i < letter->header_count; i++) {
        (void)rd_kafka_header_add(
            headers,
            (const char *)letter->headers[i].name.data,
            (ssize_t)letter->headers[i].name.size,
            letter->headers[i].value.data,
            (ssize_t)letter->headers[i].value.size);
    }
    char class[64];
    (void)snprintf(class, sizeof class, "slotkeeper.%s", code_text(answer->code));
    add_text(headers, "kafka_dlt-original-topic", request_topic);
    add_big_endian(headers, "kafka_dlt-original-partition", (uint32_t)answer->partition, 4);
    add_big_endian(headers, "kafka_dlt-original-offset", (uint64_t)answer->offset, 8);
    add_big_endian(
        headers, "kafka_dlt-original-timestamp", (uint64_t)(answer->append_time_us / 1000), 8);
    add_text(headers, "kafka_dlt-original-consumer-group", group);
    add_text(headers, "kafka_dlt-exception-fqcn", class);
    add_text(headers, "kafka_dlt-exception-message", code_sentence(answer->code));
    return headers;
}
