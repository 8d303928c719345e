/* Logins and passwords as an operator gives them: the rules that registering follows, too. */
#ifndef SLOTKEEPER_CLI_CREDENTIALS_H
#define SLOTKEEPER_CLI_CREDENTIALS_H

#include "base/status.h"
#include "base/view.h"

enum {
    LOGIN_SIZE_MIN = 3,
    LOGIN_SIZE_MAX = 254,
    PASSWORD_POINTS_MIN = 12,
    PASSWORD_POINTS_MAX = 128,
    PASSWORD_SIZE_MAX = 4 * PASSWORD_POINTS_MAX,
    PASSWORD_HASH_SIZE = 128,
};

/* In lower case; STATUS_INVALID: not 3 to 254 of [a-z0-9._@+-] then. */
enum status login_read(
    const char *text, char login[LOGIN_SIZE_MAX + 1], struct error *error) MUST_USE;

/* STATUS_INVALID: not UTF-8 of 12 to 128 code points without control characters. The sentence never
 * holds the password. */
enum status password_check(struct view password, struct error *error) MUST_USE;

/* An encoded Argon2id hash of 19 MiB, two passes, one lane, with a random salt. */
enum status password_hash(
    struct view password, char encoded[PASSWORD_HASH_SIZE], struct error *error) MUST_USE;

/* A password on its way in; wipe it after use. */
struct password {
    uint8_t bytes[PASSWORD_SIZE_MAX + 3];
    size_t size;
};

/* From the terminal, twice and without echo, if standard input is one; else all of standard input,
 * with one line end taken off. STATUS_INVALID: too long, interrupted, or the two differ. */
enum status password_read(struct password *password, struct error *error) MUST_USE;
void password_wipe(struct password *password);

static inline struct view password_view(const struct password *password) {
    return view_of(password->bytes, password->size);
}

#endif
