/* The boxes themselves; whose keys open them is seal_keys.c's. */
#include "security/seal.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(SEAL_OVERHEAD == crypto_box_SEALBYTES, "the box's own size");
_Static_assert(SEAL_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "an X25519 key");

bool seal_for(
    const uint8_t key[SEAL_KEY_SIZE], struct view content, uint8_t *box, size_t box_size) {
    assert(box_size == content.size + SEAL_OVERHEAD);
    return sodium_init() >= 0 && crypto_box_seal(box, content.data, content.size, key) == 0;
}

bool seal_reply_key_usable(const uint8_t key[SEAL_KEY_SIZE]) {
    uint8_t box[SEAL_OVERHEAD + 1];
    return seal_for(key, view_of("", 1), box, sizeof box);
}

bool seal_request(
    const uint8_t key[SEAL_KEY_SIZE], struct view content, uint8_t *box, size_t *box_size) {
    uint8_t padded[SEAL_CONTENT_MAX];
    size_t size = 0;
    if (content.size >= SEAL_CONTENT_MAX) {
        return false;
    }
    if (content.size > 0) {
        memcpy(padded, content.data, content.size);
    }
    bool sealed = sodium_pad(&size, padded, content.size, SEAL_BLOCK_SIZE, sizeof padded) == 0
                  && seal_for(key, view_of(padded, size), box, size + SEAL_OVERHEAD);
    sodium_memzero(padded, sizeof padded);
    *box_size = sealed ? size + SEAL_OVERHEAD : 0;
    return sealed;
}

bool seal_answer_open(
    const uint8_t public_key[SEAL_KEY_SIZE],
    const uint8_t secret_key[SEAL_KEY_SIZE],
    struct view box,
    uint8_t *content) {
    return box.data != NULL && box.size >= SEAL_OVERHEAD
           && crypto_box_seal_open(content, box.data, box.size, public_key, secret_key) == 0;
}
