/* Signs our own tokens, and the statement about the sealing keys. The private key is read and
 * checked once and again on reload, never for a token. Thread-safe. */
#ifndef SLOTKEEPER_SECURITY_SIGNER_H
#define SLOTKEEPER_SECURITY_SIGNER_H

#include "security/seal.h"
#include "security/token.h"

struct signer_settings {
    const char *key_file;  /* an unencrypted PEM, or the raw secret of an HS algorithm */
    const char *kid;       /* a hint; "": none. The key's own entry in the JWK Set decides */
    const char *jwks_file; /* must hold the signing key's public part, which gives kid and alg */
    const char *issuer;
    const char *audience;
};

struct signer;

/* NULL with *error set: a file is unreadable or unsound, or the key is in no JWK of the set, so
 * that nobody would believe its tokens. Copies the settings. */
struct signer *signer_new(const struct signer_settings *settings, struct error *error) MUST_USE;
void signer_destroy(struct signer *signer);

/* Reads both files again. On failure the old key stays in force. */
enum status signer_reload(struct signer *signer, struct error *error) MUST_USE;
uint64_t signer_reloads_failed(const struct signer *signer);

/* The key in force. `kid` is NUL-terminated; *algorithm is a constant. */
void signer_key(
    struct signer *signer, char kid[KEY_ID_SIZE_MAX + 1], const struct token_algorithm **algorithm);

/* A token for `claims`; jti is minted here. *token is malloc'ed; the caller wipes and frees it. */
enum status signer_token(
    struct signer *signer, const struct claims *claims, char **token, struct error *error) MUST_USE;

/* A JWT that says which sealing keys are ours, for clients that pin the signing key: iss, aud
 * "slotkeeper-clients", iat, seal_keys [{key_id, public_key (base64url)}]. Without sub, role, exp
 * and jti it is no bearer token. *statement is malloc'ed. */
enum status signer_statement(
    struct signer *signer,
    const struct seal_public *keys,
    size_t count,
    int64_t now_s,
    char **statement,
    struct error *error) MUST_USE;

/* The public part of the JWK Set as last read whole, malloc'ed JSON text on one line. */
enum status signer_public_jwks(struct signer *signer, char **text, struct error *error) MUST_USE;

#endif
