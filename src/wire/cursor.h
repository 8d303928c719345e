/* Reading Avro's primitives from bytes that may end anywhere. A failed read leaves the cursor where
 * it was, or further on; nothing is read behind the end. */
#ifndef SLOTKEEPER_WIRE_CURSOR_H
#define SLOTKEEPER_WIRE_CURSOR_H

#include "base/status.h"
#include "base/view.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static inline struct cursor cursor_of(struct view bytes) {
    return (struct cursor){bytes.data, bytes.size == 0 ? bytes.data : bytes.data + bytes.size};
}

static inline size_t cursor_left(const struct cursor *cursor) {
    return (size_t)(cursor->end - cursor->at);
}

/* A variable-length long, of at most ten bytes and 64 bits, not yet un-zigzagged. */
static inline bool cursor_varint(struct cursor *cursor, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 70 && cursor->at < cursor->end; shift += 7) {
        uint8_t byte = *cursor->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        *value |= (uint64_t)(byte & 0x7fU) << shift;
        if (byte < 0x80U) {
            return true;
        }
    }
    return false;
}

static inline bool cursor_long(struct cursor *cursor, int64_t *value) {
    uint64_t raw = 0;
    bool good = cursor_varint(cursor, &raw);
    *value = (int64_t)(raw >> 1U) ^ -(int64_t)(raw & 1U);
    return good;
}

/* A length and as many bytes. */
static inline bool cursor_bytes(struct cursor *cursor, struct view *bytes) {
    int64_t size = 0;
    if (!cursor_long(cursor, &size) || size < 0 || (uint64_t)size > cursor_left(cursor)) {
        return false;
    }
    *bytes = view_of(cursor->at, (size_t)size);
    cursor->at += size;
    return true;
}

#endif
