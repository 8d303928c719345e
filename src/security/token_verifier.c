/* The verifier: cache, strict reader, time rules, key, and only then the signature, since that is
 * what costs (0.3 ms for RSA and EC). */
#include "base/memory.h"
#include "base/planted.h"
#include "security/key_set.h"
#include "security/token.h"
#include "security/token_cache.h"
#include "security/token_reader.h"

#include <jwt.h>

#include <openssl/err.h>
#include <stdlib.h>

struct token_verifier {
    char *issuer;
    char *audience;
    int64_t ttl_s_max;
    int64_t leeway_s;
    struct key_sets *keys;
    struct token_cache *cache;
};

static bool copy_settings(struct token_verifier *verifier, const struct token_settings *settings) {
    verifier->issuer = strdup(settings->issuer);
    verifier->audience = strdup(settings->audience);
    verifier->ttl_s_max = settings->max_ttl_s;
    verifier->leeway_s = settings->leeway_s;
    verifier->cache = token_cache_new(settings->cache_entries_max);
    return verifier->issuer != NULL && verifier->audience != NULL && verifier->cache != NULL;
}

struct token_verifier *token_verifier_new(
    const struct token_settings *settings, struct error *error) {
    json_set_alloc_funcs(memory_new, free);
    struct token_verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL || !copy_settings(verifier, settings)) {
        (void)error_set(error, STATUS_RETRY, "no memory to verify tokens");
        token_verifier_destroy(verifier);
        return NULL;
    }
    verifier->keys = key_sets_new(settings->jwks_file, error);
    if (verifier->keys == NULL) {
        token_verifier_destroy(verifier);
        return NULL;
    }
    return verifier;
}

void token_verifier_destroy(struct token_verifier *verifier) {
    if (verifier == NULL) {
        return;
    }
    key_sets_destroy(verifier->keys);
    token_cache_destroy(verifier->cache);
    free(verifier->issuer);
    free(verifier->audience);
    free(verifier);
}

enum status token_verifier_reload(struct token_verifier *verifier, struct error *error) {
    return key_sets_reload(verifier->keys, error);
}

/* libjwt takes the algorithm from the token, so it is compared with the key's before and after. */
static bool signature_holds(
    const struct unverified_token *token, const struct verification_key *key) {
    char compact[AUTHORIZATION_SIZE_MAX + 1];
    jwt_t *jwt = NULL;
    if (token->algorithm != key->algorithm || key->bytes.size == 0) {
        return false;
    }
    memcpy(compact, token->compact.data, token->compact.size);
    compact[token->compact.size] = '\0';
    bool holds = jwt_decode(&jwt, compact, key->bytes.data, (int)key->bytes.size) == 0
                 && jwt_get_alg(jwt) == key->algorithm->libjwt;
    jwt_free(jwt);
    ERR_clear_error();
    return holds;
}

static bool verify_with_key(
    struct token_verifier *verifier, const struct unverified_token *token, uint64_t *generation) {
    struct view kid = view_text(token->kid);
    struct key_set *keys = key_sets_acquire(verifier->keys, kid);
    if (keys == NULL) {
        return false;
    }
    bool genuine = signature_holds(token, key_set_find(keys, kid)) || PLANTED("token_unverified");
    *generation = key_set_generation(keys);
    key_set_release(keys);
    return genuine;
}

static bool times_hold(
    const struct token_verifier *verifier, const struct token_facts *facts, int64_t at_us) {
    return token_times_hold(facts, at_us, verifier->leeway_s, verifier->ttl_s_max);
}

static bool verify_unseen(
    struct token_verifier *verifier,
    struct view authorization,
    const struct digest *digest,
    int64_t at_us,
    struct token_facts *facts) {
    struct unverified_token token;
    uint64_t generation = 0;
    memory_watch();
    if (!token_read(authorization, verifier->issuer, verifier->audience, &token)
        || !times_hold(verifier, &token.facts, at_us)
        || !verify_with_key(verifier, &token, &generation)) {
        memory_check(); /* libjwt and OpenSSL would not tell */
        return false;
    }
    *facts = token.facts;
    token_cache_put(verifier->cache, digest, generation, facts);
    return true;
}

bool token_verify(
    struct token_verifier *verifier,
    struct view authorization,
    int64_t at_us,
    struct claims *claims) {
    struct digest digest;
    struct token_facts facts;
    if (authorization.data == NULL || authorization.size > AUTHORIZATION_SIZE_MAX) {
        return false;
    }
    digest_of(authorization, &digest);
    uint64_t generation = key_sets_generation(verifier->keys);
    bool seen = token_cache_get(verifier->cache, &digest, generation, &facts);
    bool valid = seen ? times_hold(verifier, &facts, at_us)
                      : verify_unseen(verifier, authorization, &digest, at_us, &facts);
    if (valid) {
        *claims = facts.claims;
    }
    return valid;
}

void token_verifier_statistics(
    struct token_verifier *verifier, struct token_statistics *statistics) {
    token_cache_count(verifier->cache, &statistics->cache_hits, &statistics->cache_misses);
    statistics->reloads_failed = key_sets_reloads_failed(verifier->keys);
}
