/* A password as an operator gives it, by the rules that registering follows, too. */
#ifndef SLOTKEEPER_CLI_CREDENTIALS_H
#define SLOTKEEPER_CLI_CREDENTIALS_H

#include "security/password.h"

/* A password on its way in; wipe it after use. */
struct password {
    uint8_t bytes[PASSWORD_SIZE_MAX + 3];
    size_t size;
};

/* From the terminal, twice and without echo, if standard input is one; else all of standard input,
 * with one line end taken off. STATUS_INVALID: too long, interrupted, or the two differ. */
enum status password_read(struct password *password, struct error *error) MUST_USE;
void password_wipe(struct password *password);

/* The same, checked for an account with this login and brought into its one form. The sentence
 * never holds the password. */
enum status password_read_new(
    struct password *password, const char *login, struct error *error) MUST_USE;

static inline struct view password_view(const struct password *password) {
    return view_of(password->bytes, password->size);
}

#endif
