/* libsodium's codec: in its no-padding variant it refuses what RFC 4648 lets a decoder tolerate,
 * and it does not leak key bytes through its timing. But it sign-extends characters, and takes
 * every byte from 0x80 on for '_' (1.0.18): those are refused before. */
#include "security/base64url.h"

#include <assert.h>
#include <sodium.h>

static bool is_ascii(struct view text) {
    uint8_t seen = 0;
    for (size_t i = 0; i < text.size; i++) {
        seen |= text.data[i];
    }
    return seen < 0x80;
}

bool base64url_decode(struct view text, uint8_t *bytes, size_t bytes_max, size_t *size) {
    if (text.size == 0) {
        *size = 0;
        return true;
    }
    return is_ascii(text)
           && sodium_base642bin(
                  bytes,
                  bytes_max,
                  (const char *)text.data,
                  text.size,
                  NULL,
                  size,
                  NULL,
                  sodium_base64_VARIANT_URLSAFE_NO_PADDING)
                  == 0;
}

void base64url_encode(struct view bytes, char *text, size_t text_size) {
    assert(text_size >= BASE64URL_TEXT_SIZE(bytes.size));
    (void)sodium_bin2base64(
        text, text_size, bytes.data, bytes.size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
