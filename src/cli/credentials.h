/* Passwords as an operator gives them. */
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

/* What is asked for: "Password: ", and its name in a sentence, "the password". */
struct password_question {
    const char *prompt;
    const char *name;
    bool twice; /* at a terminal; one that is to be set */
};

/* From the terminal without echo, one after the other, if standard input is one; else a line each
 * of standard input, of which nothing more is read. STATUS_INVALID: no such line, too long, empty,
 * not UTF-8 or with a NUL, interrupted, or the two differ. The caller wipes `passwords`, whatever
 * is returned. */
enum status passwords_read(
    const struct password_question *questions,
    size_t count,
    struct password *passwords,
    struct error *error) MUST_USE;

/* Puts the password into Unicode NFC and judges it. STATUS_INVALID with a sentence that says what
 * is wrong and never holds the password. `login`: in lower case, whose password it is to be; NULL:
 * not known. */
enum status password_check(
    struct password *password, const char *login, struct error *error) MUST_USE;

static inline struct view password_view(const struct password *password) {
    return view_of(password->bytes, password->size);
}

#endif
