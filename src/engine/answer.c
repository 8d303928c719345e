/* The durable encodings of what publication needs. */
#include "engine/answer.h"

#include <assert.h>

enum { TAG_SIZE = 1, LENGTH_SIZE = 4, FIELD_HEAD_SIZE = TAG_SIZE + LENGTH_SIZE };

/* Tags are durable: never give one a new meaning. */
enum {
    ROUTE_KEY = 1,
    ROUTE_CORRELATION_ID = 2,
    ROUTE_TRACEPARENT = 3,
    ROUTE_TRACESTATE = 4,
    ROUTE_REPLY_TOPIC = 5,
    ROUTE_REPLY_PARTITION = 6,
    ROUTE_FRAMING = 7,
    ROUTE_FLAGS = 8,
    LETTER_VALUE = 16,
    LETTER_HEADER_NAME = 17,
    LETTER_HEADER_VALUE = 18,
    LETTER_KEY = 19,
};

enum { FLAG_DUPLICATE = 1, FLAG_TRACEPARENT_VALID = 2, FLAG_REPLY_TOPIC_REFUSED = 4 };

struct writer {
    uint8_t *next;
    uint8_t *end;
};

static void put_u32(uint8_t *bytes, uint32_t number) {
    bytes[0] = (uint8_t)(number >> 24);
    bytes[1] = (uint8_t)(number >> 16);
    bytes[2] = (uint8_t)(number >> 8);
    bytes[3] = (uint8_t)number;
}

static uint32_t get_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_bytes(struct writer *writer, struct view bytes) {
    assert((size_t)(writer->end - writer->next) >= LENGTH_SIZE + bytes.size);
    put_u32(writer->next, (uint32_t)bytes.size);
    if (bytes.size > 0) {
        memcpy(writer->next + LENGTH_SIZE, bytes.data, bytes.size);
    }
    writer->next += LENGTH_SIZE + bytes.size;
}

static void put_field(struct writer *writer, uint8_t tag, struct view bytes) {
    if (bytes.data != NULL) {
        *writer->next++ = tag;
        put_bytes(writer, bytes);
    }
}

/* One field of the list; false at the end, and *failed on what is cut. */
static bool next_field(struct view *rest, uint8_t *tag, struct view *bytes, bool *failed) {
    if (rest->size == 0) {
        return false;
    }
    if (rest->size < FIELD_HEAD_SIZE
        || rest->size - FIELD_HEAD_SIZE < get_u32(rest->data + TAG_SIZE)) {
        *failed = true;
        return false;
    }
    *tag = rest->data[0];
    *bytes = view_of(rest->data + FIELD_HEAD_SIZE, get_u32(rest->data + TAG_SIZE));
    *rest = view_from(*rest, FIELD_HEAD_SIZE + bytes->size);
    return true;
}

struct view route_encode(struct arena *arena, const struct route *route) {
    size_t size = (size_t)8 * FIELD_HEAD_SIZE + route->key.size + route->correlation_id.size
                  + route->traceparent.size + route->tracestate.size + route->reply_topic.size
                  + sizeof(uint32_t) + 2;
    uint8_t *bytes = arena_take(arena, size);
    struct writer writer = {bytes, bytes + size};
    uint8_t partition[4];
    put_u32(partition, (uint32_t)route->reply_partition);
    const uint8_t framing = (uint8_t)route->framing;
    const uint8_t flags =
        (uint8_t)((route->duplicate ? FLAG_DUPLICATE : 0) | (route->traceparent_valid ? FLAG_TRACEPARENT_VALID : 0) | (route->reply_topic_refused ? FLAG_REPLY_TOPIC_REFUSED : 0));
    put_field(&writer, ROUTE_KEY, route->key);
    put_field(&writer, ROUTE_CORRELATION_ID, route->correlation_id);
    put_field(&writer, ROUTE_TRACEPARENT, route->traceparent);
    put_field(&writer, ROUTE_TRACESTATE, route->tracestate);
    put_field(&writer, ROUTE_REPLY_TOPIC, route->reply_topic);
    if (route->reply_partition >= 0) {
        put_field(&writer, ROUTE_REPLY_PARTITION, view_of(partition, sizeof partition));
    }
    put_field(&writer, ROUTE_FRAMING, view_of(&framing, 1));
    put_field(&writer, ROUTE_FLAGS, view_of(&flags, 1));
    return view_of(bytes, (size_t)(writer.next - bytes));
}

static bool read_flags(struct view bytes, struct route *route) {
    if (bytes.size != 1) {
        return false;
    }
    route->duplicate = (bytes.data[0] & FLAG_DUPLICATE) != 0;
    route->traceparent_valid = (bytes.data[0] & FLAG_TRACEPARENT_VALID) != 0;
    route->reply_topic_refused = (bytes.data[0] & FLAG_REPLY_TOPIC_REFUSED) != 0;
    return true;
}

static bool read_framing(struct view bytes, struct route *route) {
    if (bytes.size != 1 || bytes.data[0] > FRAMING_HEADER_GUID) {
        return false;
    }
    route->framing = (enum framing_kind)bytes.data[0];
    return true;
}

static bool read_partition(struct view bytes, struct route *route) {
    if (bytes.size != sizeof(uint32_t) || get_u32(bytes.data) > INT32_MAX) {
        return false;
    }
    route->reply_partition = (int32_t)get_u32(bytes.data);
    return true;
}

static bool read_route_field(uint8_t tag, struct view bytes, struct route *route) {
    switch (tag) {
    case ROUTE_KEY:
        route->key = bytes;
        return true;
    case ROUTE_CORRELATION_ID:
        route->correlation_id = bytes;
        return true;
    case ROUTE_TRACEPARENT:
        route->traceparent = bytes;
        return true;
    case ROUTE_TRACESTATE:
        route->tracestate = bytes;
        return true;
    case ROUTE_REPLY_TOPIC:
        route->reply_topic = bytes;
        return true;
    case ROUTE_REPLY_PARTITION:
        return read_partition(bytes, route);
    case ROUTE_FRAMING:
        return read_framing(bytes, route);
    case ROUTE_FLAGS:
        return read_flags(bytes, route);
    default: /* a later release's field */
        return true;
    }
}

bool route_decode(struct view bytes, struct route *route) {
    *route = (struct route){.reply_partition = -1};
    uint8_t tag;
    struct view field;
    bool failed = false;
    while (next_field(&bytes, &tag, &field, &failed)) {
        failed = failed || !read_route_field(tag, field, route);
    }
    return !failed;
}

struct view dead_letter_encode(struct arena *arena, const struct dead_letter *dead_letter) {
    size_t size = (size_t)2 * FIELD_HEAD_SIZE + dead_letter->key.size + dead_letter->value.size;
    for (size_t i = 0; i < dead_letter->header_count; i++) {
        size += (size_t)2 * FIELD_HEAD_SIZE + dead_letter->headers[i].name.size
                + dead_letter->headers[i].value.size;
    }
    uint8_t *bytes = arena_take(arena, size);
    struct writer writer = {bytes, bytes + size};
    put_field(&writer, LETTER_KEY, dead_letter->key);
    put_field(&writer, LETTER_VALUE, dead_letter->value);
    for (size_t i = 0; i < dead_letter->header_count; i++) {
        put_field(&writer, LETTER_HEADER_NAME, dead_letter->headers[i].name);
        put_field(&writer, LETTER_HEADER_VALUE, dead_letter->headers[i].value);
    }
    return view_of(bytes, (size_t)(writer.next - bytes));
}

static bool read_letter_field(
    uint8_t tag, struct view bytes, struct dead_letter *dead_letter, struct header *headers) {
    switch (tag) {
    case LETTER_KEY:
        dead_letter->key = bytes;
        return true;
    case LETTER_VALUE:
        dead_letter->value = bytes;
        return true;
    case LETTER_HEADER_NAME:
        if (dead_letter->header_count == RECORD_HEADERS_MAX) {
            return false;
        }
        headers[dead_letter->header_count++] = (struct header){.name = bytes};
        return true;
    case LETTER_HEADER_VALUE:
        if (dead_letter->header_count == 0) {
            return false;
        }
        headers[dead_letter->header_count - 1].value = bytes;
        return true;
    default: /* a later release's field */
        return true;
    }
}

bool dead_letter_decode(struct arena *arena, struct view bytes, struct dead_letter *dead_letter) {
    struct header *headers = ARENA_ARRAY(arena, struct header, RECORD_HEADERS_MAX);
    *dead_letter = (struct dead_letter){.needed = true, .headers = headers};
    uint8_t tag;
    struct view field;
    bool failed = false;
    while (next_field(&bytes, &tag, &field, &failed)) {
        failed = failed || !read_letter_field(tag, field, dead_letter, headers);
    }
    return !failed;
}

struct view event_bodies_encode(struct arena *arena, const struct answer *answer) {
    if (answer->event_count == 0) {
        return (struct view){NULL, 0};
    }
    size_t size = 0;
    for (size_t i = 0; i < answer->event_count; i++) {
        size += LENGTH_SIZE + answer->events[i].body.size;
    }
    uint8_t *bytes = arena_take(arena, size);
    struct writer writer = {bytes, bytes + size};
    for (size_t i = 0; i < answer->event_count; i++) {
        put_bytes(&writer, answer->events[i].body);
    }
    return view_of(bytes, size);
}

/* The next body of the list; false at the end, and *failed on what is cut. */
static bool next_body(struct view *rest, struct view *body, bool *failed) {
    if (rest->size == 0) {
        return false;
    }
    if (rest->size < LENGTH_SIZE || rest->size - LENGTH_SIZE < get_u32(rest->data)) {
        *failed = true;
        return false;
    }
    *body = view_of(rest->data + LENGTH_SIZE, get_u32(rest->data));
    *rest = view_from(*rest, LENGTH_SIZE + body->size);
    return true;
}

bool event_bodies_decode(struct arena *arena, struct view bytes, struct answer *answer) {
    struct view rest = bytes;
    struct view body;
    bool failed = false;
    size_t count = 0;
    while (next_body(&rest, &body, &failed)) {
        count++;
    }
    answer->events = ARENA_ARRAY(arena, struct answer_event, count);
    answer->event_count = failed ? 0 : count;
    for (size_t i = 0; i < answer->event_count; i++) {
        (void)next_body(&bytes, &answer->events[i].body, &failed);
    }
    return !failed;
}
