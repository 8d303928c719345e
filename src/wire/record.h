/* A request record as it came from the broker, and what its headers say. Views into the broker's
 * message. */
#ifndef SLOTKEEPER_WIRE_RECORD_H
#define SLOTKEEPER_WIRE_RECORD_H

#include "base/arena.h"
#include "domain/code.h"

enum {
    RECORD_HEADERS_MAX = 64,
    RECORD_HEADER_BYTES_MAX = 16 * 1024,
    RECORD_CORRELATION_BYTES_MAX = 1024
};

struct header {
    struct view name;
    struct view value; /* data NULL: a null value */
};

struct record {
    int32_t partition;
    int64_t offset;
    int64_t append_time_us;
    struct view key;   /* data NULL: null */
    struct view value; /* data NULL: null, a tombstone */
    struct header *headers;
    size_t header_count;
    bool headers_too_many; /* more than RECORD_HEADERS_MAX: none are in `headers` */
};

/* How the value was framed; the reply is framed alike. */
enum framing_kind {
    FRAMING_SINGLE_OBJECT, /* C3 01, fingerprint: also the framing of replies to what could not be
                              read */
    FRAMING_CONFLUENT,     /* 00, int32 BE schema id */
    FRAMING_HEADER_ID,     /* header __value_schema_id: 00, int32 BE; bare body */
    FRAMING_HEADER_GUID,   /* header __value_schema_id: 01, 16 bytes; bare body */
};

struct request_headers {
    struct view authorization;  /* data NULL: none. The header's bytes, "Bearer " included */
    struct view correlation_id; /* data NULL: none */
    struct view reply_topic;    /* JSON quotes removed; data NULL: none */
    bool has_reply_partition;
    int32_t reply_partition; /* not negative */
    struct view traceparent;
    struct view tracestate;
    bool traceparent_valid; /* parses as W3C trace context version 00 */
    int64_t expires_at_us;  /* negative: none */
    bool expiry_unreadable; /* MALFORMED, but the record itself may still tell whose it is */
    struct view schema_id;  /* __value_schema_id */
};

/* Reads the headers that the contract names; the last occurrence counts, names are exact.
 * CODE_ACCEPTED, or CODE_MALFORMED: too large; then nothing of the headers is echoed, and *headers
 * is all absent. */
enum code request_headers_read(
    const struct record *record, struct request_headers *headers) MUST_USE;

#endif
