/* The key that signs, as it is held in memory, and what is made with it. */
#ifndef SLOTKEEPER_SECURITY_SIGNING_KEY_H
#define SLOTKEEPER_SECURITY_SIGNING_KEY_H

#include "security/signer.h"

struct signing_key {
    char kid[KEY_ID_SIZE_MAX + 1];
    const struct token_algorithm *algorithm;
    struct key_bytes secret; /* PEM, or the raw secret of an HS algorithm */
    char *public_jwks;       /* the public part of the set that the key was found in */
};

/* Reads both files; a key whose kid is `hint` goes before others with the same secret. The caller
 * cleans `key` up, whatever is returned. */
enum status signing_key_load(
    const char *key_file,
    const char *jwks_file,
    const char *hint,
    struct signing_key *key,
    struct error *error) MUST_USE;
void signing_key_clean_up(struct signing_key *key);

/* What tokens and statements say of who made them and for whom. */
struct signing_names {
    const char *issuer;
    const char *audience;
};

/* malloc'ed; NULL: no memory, or libjwt failed. */
char *signing_key_token(
    const struct signing_key *key,
    const struct signing_names *names,
    const struct claims *claims) MUST_USE;
char *signing_key_statement(
    const struct signing_key *key,
    const struct signing_names *names,
    const struct seal_public *keys,
    size_t count,
    int64_t now_s) MUST_USE;

#endif
