/* A JWK Set of three keys, and signed texts whose header and payload are any bytes. */
#ifndef SLOTKEEPER_TESTS_FUZZ_JWT_H
#define SLOTKEEPER_TESTS_FUZZ_JWT_H

#include "fuzz.h"
#include "security/base64url.h"

#include <openssl/hmac.h>

enum { FUZZ_PART_MAX = 4096, FUZZ_MAC_SIZE = 32 };

#define FUZZ_JWT_SIZE (sizeof "Bearer .." + (size_t)3 * BASE64URL_TEXT_SIZE(FUZZ_PART_MAX))

/* The secret of "hs"; that of "longer" is twice it; "ec" is the example of RFC 7517. */
static const char fuzz_secret[] = "0123456789abcdef0123456789abcdef";
static const char fuzz_jwks[] =
    "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"hs\",\"alg\":\"HS256\","
    "\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"},"
    "{\"kty\":\"oct\",\"kid\":\"longer\",\"alg\":\"HS512\","
    "\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4"
    "OWFiY2RlZg\"},"
    "{\"kty\":\"EC\",\"kid\":\"ec\",\"alg\":\"ES256\",\"crv\":\"P-256\","
    "\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}";

static inline void fuzz_mac(struct view text, uint8_t mac[FUZZ_MAC_SIZE]) {
    unsigned size = 0;
    (void)HMAC(EVP_sha256(), fuzz_secret, sizeof fuzz_secret - 1, text.data, text.size, mac, &size);
    assert(size == FUZZ_MAC_SIZE);
}

static inline size_t fuzz_append(char *text, size_t size, struct view bytes) {
    base64url_encode(bytes, text + size, BASE64URL_TEXT_SIZE(bytes.size));
    return size + strlen(text + size);
}

/* `before`, then the compact form of the two, each cut at FUZZ_PART_MAX, under the MAC of "hs". */
static inline size_t fuzz_sign(
    char text[FUZZ_JWT_SIZE], const char *before, struct view header, struct view payload) {
    uint8_t mac[FUZZ_MAC_SIZE];
    size_t begin = strlen(before);
    memcpy(text, before, begin);
    size_t size = fuzz_append(text, begin, fuzz_take(&header, FUZZ_PART_MAX));
    text[size++] = '.';
    size = fuzz_append(text, size, fuzz_take(&payload, FUZZ_PART_MAX));
    fuzz_mac(view_of(text + begin, size - begin), mac);
    text[size++] = '.';
    return fuzz_append(text, size, view_of(mac, sizeof mac));
}

#endif
