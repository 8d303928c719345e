/* Signing keys: made here, checked before they sign. */
#ifndef SLOTKEEPER_SECURITY_PRIVATE_KEY_H
#define SLOTKEEPER_SECURITY_PRIVATE_KEY_H

#include "security/jwk.h"

enum { PRIVATE_KEY_SIZE_MAX = 16 * 1024, RSA_BITS_NEW = 3072, OCT_SIZE_NEW = 64 };

/* `secret`: PEM (PKCS #8), or the raw secret of an HS algorithm; `jwk`: what the JWK Set gets. */
struct key_pair {
    struct key_bytes secret;
    json_t *jwk;
};

/* On success the caller cleans `pair` up. */
enum status key_pair_generate(
    const struct token_algorithm *algorithm,
    const char *kid,
    struct key_pair *pair,
    struct error *error) MUST_USE;
void key_pair_clean_up(struct key_pair *pair);

/* Whether `secret` can sign with `algorithm`: an unencrypted PEM of the right type and strength, or
 * a long enough raw secret. */
bool private_key_fits(struct view secret, const struct token_algorithm *algorithm) MUST_USE;

/* Whether `secret` fits the key's algorithm and what it signs is verified by `key`. */
bool private_key_is_of(struct view secret, const struct verification_key *key) MUST_USE;

enum { SEAL_KEY_SIZE = 32 };

/* An X25519 pair for sealed boxes: FOLDER/KID.key (mode 0600) and FOLDER/KID.pub, 32 raw bytes
 * each. `kid` is valid (asserted). Makes the folder if its parent is there. */
enum status seal_pair_generate(const char *folder, const char *kid, struct error *error) MUST_USE;

#endif
