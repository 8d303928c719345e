/* The strict reader that a token passes before libjwt sees it, and the rules about its times. */
#ifndef SLOTKEEPER_SECURITY_TOKEN_READER_H
#define SLOTKEEPER_SECURITY_TOKEN_READER_H

#include "security/jwk.h"
#include "security/token.h"

enum { AUTHORIZATION_SIZE_MAX = 8 * 1024, TOKEN_DEPTH_MAX = 8 };

/* What verifying a token yields and the cache keeps. */
struct token_facts {
    struct claims claims;
    int64_t not_before_s; /* 0: the token does not say */
};

/* A token that is well formed and meant for us; whether it is genuine is still open. */
struct unverified_token {
    struct view compact; /* the three segments, inside the header's bytes */
    char kid[KEY_ID_SIZE_MAX + 1];
    const struct token_algorithm *algorithm;
    struct token_facts facts;
};

/* False: anything about the header's bytes, of which there are at most AUTHORIZATION_SIZE_MAX
 * (asserted), is not as docs/tokens.md says. `issuer` and `audience` are those of struct
 * token_settings. */
bool token_read(
    struct view authorization,
    const char *issuer,
    const char *audience,
    struct unverified_token *token) MUST_USE;

/* Whether the token is valid at `at_us`, and not longer-lived than `ttl_s_max`. */
bool token_times_hold(
    const struct token_facts *facts, int64_t at_us, int64_t leeway_s, int64_t ttl_s_max) MUST_USE;

#endif
