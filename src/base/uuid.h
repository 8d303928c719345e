/* UUIDs as 16 bytes; text is 36 characters, read in either case and written in lower. */
#ifndef SLOTKEEPER_BASE_UUID_H
#define SLOTKEEPER_BASE_UUID_H

#include "base/digest.h"
#include "base/status.h"
#include "base/view.h"

enum { UUID_TEXT_SIZE = 36 };

struct uuid {
    uint8_t bytes[16];
};

static inline bool uuid_equal(struct uuid a, struct uuid b) {
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static inline int uuid_compare(struct uuid a, struct uuid b) {
    return memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

/* False unless `text` is exactly 8-4-4-4-12 hexadecimal digits; any version and variant. */
bool uuid_parse(struct view text, struct uuid *uuid) MUST_USE;
/* Writes 36 characters and a NUL. */
void uuid_format(struct uuid uuid, char text[UUID_TEXT_SIZE + 1]);
/* A random UUIDv4 from the operating system's generator. */
struct uuid uuid_random(void);
/* A UUIDv8 (RFC 9562) of the digest's first 16 bytes. */
struct uuid uuid_of_digest(const struct digest *digest);

#endif
