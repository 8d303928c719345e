/* Logins and passwords: what may be one, and the hashes of passwords. docs/passwords.md says why.
 *
 * A password is normalised first, and only then judged, hashed or verified; all of these take any
 * bytes. Nothing here leaves a copy of a password behind, on the heap or on the stack; the caller
 * wipes its own. */
#ifndef SLOTKEEPER_SECURITY_PASSWORD_H
#define SLOTKEEPER_SECURITY_PASSWORD_H

#include "base/status.h"
#include "base/view.h"

enum {
    LOGIN_SIZE_MIN = 3,
    LOGIN_SIZE_MAX = 254,
    PASSWORD_POINTS_MIN = 12,
    PASSWORD_POINTS_MAX = 128,
    PASSWORD_SIZE_MAX = 4 * PASSWORD_POINTS_MAX, /* bytes, normalised */
    PASSWORD_HASH_SIZE = 128,                    /* an encoded hash with its NUL */
};

/* What a hash costs; the defaults, and what a hash may cost at most. */
enum {
    HASH_MEMORY_KIB = 19 * 1024,
    HASH_PASSES = 2,
    HASH_LANES = 1,
    HASH_MEMORY_KIB_MAX = 64 * 1024,
    HASH_PASSES_MAX = 10,
    HASH_LANES_MAX = 4,
    HASH_MEMORY_KIB_PER_LANE_MIN = 8,
};

struct hash_parameters {
    uint32_t memory_kib;
    uint32_t passes;
    uint32_t lanes;
};

/* In lower case and NUL-terminated. False: not 3 to 254 of [a-z0-9._@+-] then; `login` is void. */
bool login_normalise(struct view text, char login[LOGIN_SIZE_MAX + 1]) MUST_USE;

/* The password in Unicode NFC, *size bytes, not NUL-terminated; `password` and `text` are apart.
 * False: not UTF-8, or more than PASSWORD_SIZE_MAX bytes; `password` is wiped then. */
bool password_normalise(
    struct view text, uint8_t password[PASSWORD_SIZE_MAX], size_t *size) MUST_USE;

/* Whether a normalised password may be set: 12 to 128 code points, no control character, not a
 * common one, not made of the login (data NULL: there is none). */
bool password_is_good(struct view password, struct view login) MUST_USE;

/* What keeps it from being set, as a constant sentence; NULL: nothing. */
const char *password_flaw(struct view password, struct view login) MUST_USE;

/* Whether hashes may be made so: within the caps, and what Argon2 can do. */
bool hash_parameters_hold(const struct hash_parameters *parameters) MUST_USE;

/* An encoded Argon2id hash with a random salt, in the calling thread. STATUS_INVALID: not such
 * parameters; STATUS_RETRY: no memory; STATUS_FATAL: no random bytes. */
enum status password_hash(
    const struct hash_parameters *parameters,
    struct view password,
    char encoded[PASSWORD_HASH_SIZE],
    struct error *error) MUST_USE;

/* Whether `encoded` is an Argon2id hash of the password, compared in constant time. One that is
 * broken or above the caps is refused before it has taken memory; false too if there is none. */
bool password_verify(const char *encoded, struct view password) MUST_USE;

/* Whether password_hash would make a hash of the same kind and cost today. */
bool password_hash_is_current(
    const char *encoded, const struct hash_parameters *parameters) MUST_USE;

#endif
