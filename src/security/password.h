/* Logins and passwords: what is taken, and Argon2id. docs/passwords.md says it in prose. */
#ifndef SLOTKEEPER_SECURITY_PASSWORD_H
#define SLOTKEEPER_SECURITY_PASSWORD_H

#include "base/status.h"
#include "base/view.h"

enum {
    LOGIN_SIZE_MIN = 3,
    LOGIN_SIZE_MAX = 254,
    PASSWORD_POINTS_MIN = 12,
    PASSWORD_POINTS_MAX = 128,
    PASSWORD_SIZE_MAX = 512,
    PASSWORD_HASH_SIZE = 128, /* encoded, with the NUL */
};

/* In lower case. False: not 3 to 254 of [a-z0-9._@+-] then; `text` may be any bytes. */
bool login_normalise(struct view text, char login[LOGIN_SIZE_MAX + 1]) MUST_USE;

/* Unicode's NFC, so that a password is the same on every keyboard. False: not UTF-8, or too long;
 * *size is 0 then. `text` may be any bytes; the caller wipes `out`. */
bool password_normalise(struct view text, uint8_t out[PASSWORD_SIZE_MAX], size_t *size) MUST_USE;

/* 12 to 128 code points, no control characters, not well known, not made of the login (data NULL:
 * not known). */
bool password_is_good(struct view normalised, struct view login) MUST_USE;

/* Of Argon2id. */
struct hash_parameters {
    uint32_t memory_kib;
    uint32_t passes;
    uint32_t lanes;
};

#define HASH_PARAMETERS_DEFAULT ((struct hash_parameters){19456, 2, 1})

/* What may be asked of us by a stored hash, or by settings. */
enum { HASH_MEMORY_KIB_MAX = 64 * 1024, HASH_PASSES_MAX = 10, HASH_LANES_MAX = 4 };

bool hash_parameters_sound(const struct hash_parameters *parameters) MUST_USE;

/* STATUS_INVALID: unsound parameters; STATUS_RETRY: no memory. */
enum status password_hash(
    const struct hash_parameters *parameters,
    struct view normalised,
    char encoded[PASSWORD_HASH_SIZE],
    struct error *error) MUST_USE;

/* False: wrong, not an encoded Argon2id hash within our limits, or no memory. */
bool password_verify(const char *encoded, struct view normalised) MUST_USE;

/* The same, with the third said apart: STATUS_RETRY for no memory, STATUS_INVALID for a text that
 * is no such hash (at once, without hashing). */
enum status password_compare(
    const char *encoded, struct view normalised, bool *right, struct error *error) MUST_USE;

/* Whether the hash was made with these parameters. */
bool password_hash_is_current(
    const char *encoded, const struct hash_parameters *parameters) MUST_USE;

#endif
