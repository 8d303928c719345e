/* SHA-256 through OpenSSL's low-level functions: they cost no allocation, and the EVP interface's
 * fetch and context are a third of the time for the 200 bytes that we mostly hash. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <assert.h>
#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct digester), "struct digester is too small");
_Static_assert(SHA256_DIGEST_LENGTH == sizeof(struct digest), "a digest is 32 bytes");

static SHA256_CTX *context(struct digester *digester) {
    return (SHA256_CTX *)(void *)digester->state;
}

void digest_of(struct view bytes, struct digest *digest) {
    struct digester digester;
    digester_begin(&digester);
    digester_add(&digester, bytes);
    digester_end(&digester, digest);
}

void digester_begin(struct digester *digester) {
    (void)SHA256_Init(context(digester));
}

void digester_add(struct digester *digester, struct view bytes) {
    (void)SHA256_Update(context(digester), bytes.data, bytes.size);
}

static void add_size(struct digester *digester, uint32_t size) {
    const uint8_t bytes[4] = {
        (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    digester_add(digester, view_of(bytes, sizeof bytes));
}

void digester_add_sized(struct digester *digester, struct view bytes) {
    assert(bytes.size < UINT32_MAX);
    add_size(digester, (uint32_t)bytes.size);
    digester_add(digester, bytes);
}

void digester_add_null(struct digester *digester) {
    add_size(digester, UINT32_MAX);
}

void digester_end(struct digester *digester, struct digest *digest) {
    (void)SHA256_Final(digest->bytes, context(digester));
}

void digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof digest->bytes; i++) {
        text[2 * i] = digits[digest->bytes[i] >> 4];
        text[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    text[DIGEST_TEXT_SIZE] = '\0';
}
