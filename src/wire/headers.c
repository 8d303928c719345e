/* Request headers: a record may carry any; only those named here are read. */
#include "base/time.h"
#include "wire/record.h"

enum wanted {
    AUTHORIZATION,
    CORRELATION_ID,
    REPLY_TOPIC,
    REPLY_PARTITION,
    EXPIRY_TIME,
    TRACEPARENT,
    TRACESTATE,
    SCHEMA_ID,
    WANTED_COUNT
};

#define NAME(text)                                                                                 \
    { (const uint8_t *)(text), sizeof(text) - 1 }

static const struct view names[WANTED_COUNT] = {
    [AUTHORIZATION] = NAME("authorization"),
    [CORRELATION_ID] = NAME("kafka_correlationId"),
    [REPLY_TOPIC] = NAME("kafka_replyTopic"),
    [REPLY_PARTITION] = NAME("kafka_replyPartition"),
    [EXPIRY_TIME] = NAME("ce_expirytime"),
    [TRACEPARENT] = NAME("traceparent"),
    [TRACESTATE] = NAME("tracestate"),
    [SCHEMA_ID] = NAME("__value_schema_id"),
};

/* What a header says that is there but null, where that is not the same as no header. */
static const struct view nothing = NAME("");

static bool within_bounds(const struct record *record) {
    if (record->headers_too_many) {
        return false;
    }
    size_t left = RECORD_HEADER_BYTES_MAX;
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        if (header->name.size > left || header->value.size > left - header->name.size) {
            return false;
        }
        left -= header->name.size + header->value.size;
    }
    return true;
}

static void find(const struct record *record, struct view found[WANTED_COUNT]) {
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        size_t wanted = 0;
        while (wanted < WANTED_COUNT && !view_equal(header->name, names[wanted])) {
            wanted++;
        }
        if (wanted < WANTED_COUNT) {
            bool null = header->value.data == NULL;
            bool keeps_null = wanted != EXPIRY_TIME && wanted != SCHEMA_ID;
            found[wanted] = null && !keeps_null ? nothing : header->value;
        }
    }
}

/* Spring's JSON serializers write a topic's name in quotes. */
static struct view without_quotes(struct view text) {
    bool quoted = text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"';
    return quoted ? view_of(text.data + 1, text.size - 2) : text;
}

static void read_reply_partition(struct view value, struct request_headers *headers) {
    if (value.size != 4 || headers->reply_topic.data == NULL || value.data[0] >= 0x80U) {
        return;
    }
    uint32_t number = (uint32_t)value.data[0] << 24U | (uint32_t)value.data[1] << 16U
                      | (uint32_t)value.data[2] << 8U | value.data[3];
    headers->has_reply_partition = true;
    headers->reply_partition = (int32_t)number;
}

/* `size` lower-case hexadecimal digits, not all zero unless `zero` is allowed. */
static bool is_hex_part(struct view text, size_t start, size_t size, bool zero) {
    bool all_zero = true;
    for (size_t i = start; i < start + size; i++) {
        uint8_t digit = text.data[i];
        if ((digit < '0' || digit > '9') && (digit < 'a' || digit > 'f')) {
            return false;
        }
        all_zero = all_zero && digit == '0';
    }
    return zero || !all_zero;
}

/* 00-<trace id, 32 digits>-<parent id, 16>-<flags, 2>. */
static bool is_traceparent(struct view text) {
    enum { TRACE = 3, PARENT = TRACE + 33, FLAGS = PARENT + 17, SIZE = FLAGS + 2 };

    return text.size == SIZE && view_starts_with(text, view_text("00-"))
           && is_hex_part(text, TRACE, 32, false) && text.data[PARENT - 1] == '-'
           && is_hex_part(text, PARENT, 16, false) && text.data[FLAGS - 1] == '-'
           && is_hex_part(text, FLAGS, 2, true);
}

enum code request_headers_read(const struct record *record, struct request_headers *headers) {
    *headers = (struct request_headers){.expires_at_us = -1};
    struct view found[WANTED_COUNT] = {0};
    if (!within_bounds(record)) {
        return CODE_MALFORMED;
    }
    find(record, found);
    if (found[CORRELATION_ID].size > RECORD_CORRELATION_BYTES_MAX) {
        return CODE_MALFORMED;
    }
    headers->authorization = found[AUTHORIZATION];
    headers->correlation_id = found[CORRELATION_ID];
    headers->reply_topic = without_quotes(found[REPLY_TOPIC]);
    read_reply_partition(found[REPLY_PARTITION], headers);
    headers->traceparent = found[TRACEPARENT];
    headers->tracestate = found[TRACESTATE];
    headers->traceparent_valid = is_traceparent(found[TRACEPARENT]);
    headers->schema_id = found[SCHEMA_ID];
    if (found[EXPIRY_TIME].data != NULL
        && !time_parse(found[EXPIRY_TIME], &headers->expires_at_us)) {
        headers->expires_at_us = -1;
        headers->expiry_unreadable = true;
    }
    return CODE_ACCEPTED;
}
