/* One key of a JWK Set (RFC 7517) as libjwt wants it: PEM for RSA and EC, raw bytes for oct. */
#ifndef SLOTKEEPER_SECURITY_JWK_H
#define SLOTKEEPER_SECURITY_JWK_H

#include "security/key_file.h"

#include <jwt.h>

#include <jansson.h>

enum {
    KEY_ID_SIZE_MAX = 64,
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,
    OCT_SIZE_MIN = 32,
    OCT_SIZE_MAX = 512,
};

/* One row for each algorithm that a token may be signed with. */
struct token_algorithm {
    const char *name;       /* the `alg` of JWK and token, letter for letter */
    const char *key_type;   /* the JWK's `kty` */
    size_t secret_size_min; /* of an oct key: no shorter than the digest (RFC 7518 section 3.2) */
    jwt_alg_t libjwt;
};

/* NULL: not an algorithm of ours. */
const struct token_algorithm *token_algorithm_find(struct view name) MUST_USE;

/* Whether `kid` is 1 to 64 of [A-Za-z0-9_-], and so safe in a path, a log and a message. */
bool key_id_valid(struct view kid) MUST_USE;

/* Whether `secret` may be the key of an HS algorithm: as long as its digest, at most 512 bytes, not
 * one byte repeated, and no PEM, which would be a key of another kind taken for a secret. */
bool oct_secret_is_sound(struct view secret, const struct token_algorithm *algorithm) MUST_USE;

struct verification_key {
    char kid[KEY_ID_SIZE_MAX + 1];
    const struct token_algorithm *algorithm;
    struct key_bytes bytes; /* never empty: to libjwt an empty key means "do not verify" */
};

/* Whether the set's owner means the key for signatures; others (use "enc") are passed over. */
bool jwk_is_for_signatures(const json_t *jwk) MUST_USE;

/* `position` names the key in an error while its kid cannot. On success the caller cleans `key`
 * up. Private members are never read. */
enum status jwk_read(
    const json_t *jwk, size_t position, struct verification_key *key, struct error *error) MUST_USE;
void verification_key_clean_up(struct verification_key *key);

/* A new JSON object with the public members of an RSA or EC key, NULL for any other. */
json_t *jwk_public(const json_t *jwk) MUST_USE;

#endif
