/* SHA-256, in one call or piece by piece. */
#ifndef SLOTKEEPER_BASE_DIGEST_H
#define SLOTKEEPER_BASE_DIGEST_H

#include "base/status.h"
#include "base/view.h"

struct digest {
    uint8_t bytes[32];
};

/* A running SHA-256, on the caller's stack; begin, add any number of times, end. Opaque words. */
struct digester {
    uint64_t state[16];
};

void digest_of(struct view bytes, struct digest *digest);

void digester_begin(struct digester *digester);
void digester_add(struct digester *digester, struct view bytes);
/* Four bytes of big-endian length before the bytes, so that neighbours cannot run together. */
void digester_add_sized(struct digester *digester, struct view bytes);
/* The length 0xffffffff, which stands for null. */
void digester_add_null(struct digester *digester);
void digester_end(struct digester *digester, struct digest *digest);

static inline bool digest_equal(const struct digest *a, const struct digest *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

enum { DIGEST_TEXT_SIZE = 64 };

/* 64 hexadecimal digits and a NUL. */
void digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE + 1]);

#endif
