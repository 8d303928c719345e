/* Avro's primitives written byte by byte into memory of the caller's, for records that hold secrets
 * and must leave no copy anywhere else. */
#ifndef SLOTKEEPER_WIRE_WRITING_H
#define SLOTKEEPER_WIRE_WRITING_H

#include "base/uuid.h"

struct writing {
    uint8_t *at;
    const uint8_t *end;
    bool full; /* something did not fit, and nothing after it was written */
};

static inline void write_bytes(struct writing *to, struct view bytes) {
    to->full = to->full || bytes.size > (size_t)(to->end - to->at);
    if (!to->full && bytes.size > 0) {
        memcpy(to->at, bytes.data, bytes.size);
        to->at += bytes.size;
    }
}

static inline void write_long(struct writing *to, int64_t number) {
    uint8_t bytes[10];
    size_t size = 0;
    uint64_t raw = (uint64_t)number << 1U ^ (number < 0 ? UINT64_MAX : 0);
    for (; raw >= 0x80U; raw >>= 7U) {
        bytes[size++] = (uint8_t)(raw | 0x80U);
    }
    bytes[size++] = (uint8_t)raw;
    write_bytes(to, view_of(bytes, size));
}

static inline void write_text(struct writing *to, struct view text) {
    write_long(to, (int64_t)text.size);
    write_bytes(to, text);
}

static inline void write_uuid(struct writing *to, struct uuid uuid) {
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(uuid, text);
    write_text(to, view_of(text, UUID_TEXT_SIZE));
}

#endif
