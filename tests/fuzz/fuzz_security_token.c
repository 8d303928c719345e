/* The header `authorization`. The first byte: 0: the rest as it is; else: a JWT's header up to a
 * line's end and its payload, as JSON, which are then signed with a key that is believed. */
#include "base/time.h"
#include "fuzz_jwt.h"
#include "security/token_reader.h"

#define AT_US    INT64_C(1800000000000000)
#define ISSUER   "https://issuer.example"
#define AUDIENCE "slotkeeper"

enum { LEEWAY_S = 5, TTL_S_MAX = 86400 };

static struct token_verifier *verifier;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    char path[FUZZ_PATH_SIZE];
    struct error error;
    fuzz_file_with(path, fuzz_jwks);
    const struct token_settings settings = {
        .jwks_file = path,
        .issuer = ISSUER,
        .audience = AUDIENCE,
        .max_ttl_s = TTL_S_MAX,
        .leeway_s = LEEWAY_S,
        .cache_entries_max = 64,
    };
    verifier = token_verifier_new(&settings, &error);
    assert(verifier != NULL);
    return 0;
}

static bool same_claims(const struct claims *a, const struct claims *b) {
    return uuid_equal(a->subject, b->subject) && a->role == b->role
           && a->issued_at_s == b->issued_at_s && a->expires_at_s == b->expires_at_s
           && a->has_version == b->has_version && a->version == b->version;
}

/* The signature is that of "hs" over what stands before it, by another reader than libjwt. */
static void check_signature(struct view compact) {
    char text[BASE64URL_TEXT_SIZE(FUZZ_MAC_SIZE)];
    uint8_t mac[FUZZ_MAC_SIZE];
    assert(compact.size > sizeof text);
    struct view signature = view_from(compact, compact.size - (sizeof text - 1));
    struct view before = view_of(compact.data, compact.size - sizeof text);
    fuzz_mac(before, mac);
    base64url_encode(view_of(mac, sizeof mac), text, sizeof text);
    assert(view_is(signature, text));
}

static void check_altered(struct view authorization) {
    struct view copy = fuzz_exact(authorization);
    uint8_t *bytes = NULL;
    struct claims claims;
    memcpy(&bytes, &copy.data, sizeof bytes);
    bytes[(size_t)authorization.data[authorization.size - 1] * 3 % authorization.size] ^= 4;
    assert(!token_verify(verifier, copy, AT_US, &claims));
    fuzz_drop(copy);
}

static void check_genuine(struct view authorization, const struct claims *claims) {
    struct unverified_token token;
    struct claims again;
    bool read = token_read(authorization, ISSUER, AUDIENCE, &token);
    assert(read && strcmp(token.kid, "hs") == 0);
    assert(same_claims(claims, &token.facts.claims));
    assert(token_times_hold(&token.facts, AT_US, LEEWAY_S, TTL_S_MAX));
    check_signature(token.compact);
    assert(token_verify(verifier, authorization, AT_US, &again) && same_claims(claims, &again));
    int64_t end_us = (claims->expires_at_s + LEEWAY_S) * TIME_SECOND_US;
    assert(!token_verify(verifier, authorization, end_us, &again));
    check_altered(authorization);
}

static void try_authorization(struct view authorization) {
    struct claims claims;
    if (token_verify(verifier, authorization, AT_US, &claims)) {
        check_genuine(authorization, &claims);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    char text[FUZZ_JWT_SIZE];
    if (fuzz_take_byte(&input) == 0) {
        try_authorization(input);
        return 0;
    }
    struct view header = fuzz_take_until(&input, '\n');
    struct view authorization =
        fuzz_exact(view_of(text, fuzz_sign(text, "Bearer ", header, input)));
    try_authorization(authorization);
    fuzz_drop(authorization);
    return 0;
}
