/* Who asks: bearer tokens, verified through libjwt behind a strict reader of our own. Thread-safe:
 * one verifier a process, with a bounded cache of tokens already verified. */
#ifndef SLOTKEEPER_SECURITY_TOKEN_H
#define SLOTKEEPER_SECURITY_TOKEN_H

#include "base/status.h"
#include "domain/types.h"

struct token_verifier;

struct token_settings {
    const char *jwks_file; /* a JWK Set; RSA, EC P-256 and oct keys that name kid and alg */
    const char *issuer;    /* required iss; "" : any */
    const char *audience;  /* required in aud; "" : any */
    int64_t max_ttl_s;     /* exp - iat above this is refused */
    int64_t leeway_s;
    size_t cache_entries_max; /* tokens remembered; 0: none */
};

struct claims {
    struct uuid subject; /* the account id */
    enum role role;
    int64_t issued_at_s;
    int64_t expires_at_s;
    bool has_version;
    int32_t version;
};

/* NULL with *error set: the file is missing, unreadable or not a usable JWK Set. Copies the
 * settings. */
struct token_verifier *token_verifier_new(
    const struct token_settings *settings, struct error *error) MUST_USE;
void token_verifier_destroy(struct token_verifier *verifier);

/* Reads the file again. On failure the old keys stay in force and *error says what is wrong. */
enum status token_verifier_reload(struct token_verifier *verifier, struct error *error) MUST_USE;

/* `authorization`: the header's bytes, "Bearer <JWT>" with one space, at most 8 KiB; data NULL:
 * none. `at_us`: the record's append time, against which iat, nbf and exp are judged. True: genuine
 * and valid, *claims is set. */
bool token_verify(
    struct token_verifier *verifier,
    struct view authorization,
    int64_t at_us,
    struct claims *claims) MUST_USE;

struct token_statistics {
    uint64_t cache_hits;
    uint64_t cache_misses;
    uint64_t reloads_failed;
};

void token_verifier_statistics(
    struct token_verifier *verifier, struct token_statistics *statistics);

#endif
