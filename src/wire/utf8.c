/* Nearly all text here is ASCII, so eight characters are looked at together while they are. */
#include "wire/utf8.h"

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

static bool is_ascii_without_nul(uint64_t eight) {
    uint64_t zero_bytes = (eight - EVERY_BYTE(0x01U)) & ~eight;
    return ((zero_bytes | eight) & EVERY_BYTE(0x80U)) == 0;
}

/* How many bytes the character takes, by its first one; 0: no character begins so. */
static size_t size_of_lead(uint8_t lead) {
    if (lead < 0x80U) {
        return lead == 0 ? 0 : 1;
    }
    if (lead < 0xc2U) {
        return 0;
    }
    return lead < 0xe0U ? 2 : lead < 0xf0U ? 3 : lead < 0xf5U ? 4 : 0;
}

/* The second byte rules out what is overlong, a surrogate or beyond U+10FFFF. */
static bool is_second(uint8_t lead, uint8_t second) {
    uint8_t lowest = lead == 0xe0U ? 0xa0U : lead == 0xf0U ? 0x90U : 0x80U;
    uint8_t highest = lead == 0xedU ? 0x9fU : lead == 0xf4U ? 0x8fU : 0xbfU;
    return second >= lowest && second <= highest;
}

/* The size of the character at the start; 0: none. */
static size_t character_size(const uint8_t *at, size_t left) {
    size_t size = size_of_lead(at[0]);
    if (size > left || (size > 1 && !is_second(at[0], at[1]))) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xc0U) != 0x80U) {
            return 0;
        }
    }
    return size;
}

static bool starts_with_ascii(struct view bytes, size_t at) {
    uint64_t eight = 0;
    if (bytes.size - at < sizeof eight) {
        return false;
    }
    memcpy(&eight, bytes.data + at, sizeof eight);
    return is_ascii_without_nul(eight);
}

bool utf8_is_text(struct view bytes) {
    size_t at = 0;
    while (at < bytes.size) {
        size_t size = starts_with_ascii(bytes, at)
                          ? sizeof(uint64_t)
                          : character_size(bytes.data + at, bytes.size - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}
