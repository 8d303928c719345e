/* A request with sealed credentials: which commands have them, what of the words goes into the box,
 * the passwords, and the token that comes back. */
#ifndef SLOTKEEPER_CLI_SEALING_H
#define SLOTKEEPER_CLI_SEALING_H

#include "cli/credentials.h"
#include "cli/options.h"
#include "cli/reply_key.h"
#include "security/seal.h"
#include "wire/codec.h"

#include <jansson.h>

enum { SEALING_PASSWORDS_MAX = 2, SEALING_WORDS_ADDED = 3 };

struct sealing {
    const struct command_definition *definition; /* NULL: there is nothing to seal */
    const char *words[OPTIONS_ARGUMENTS_MAX + SEALING_WORDS_ADDED];
    size_t word_count;
    const char *login; /* NULL: null */
    const char *account_id;
    const char *command_id;
    struct uuid subject; /* the account that the box names, if the command has one */
    bool has_subject;
    struct password passwords[SEALING_PASSWORDS_MAX];
    size_t password_count;
    struct reply_key reply_key;
};

/* Whether `words`, a command's name and its fields, are to be sealed, and the words of the request
 * around the box: without the login, with a command_id, and with a key_id and a box that are not
 * the real ones yet. A box that is among the words already is sent as it is. The words outlive
 * `sealing`. STATUS_INVALID: a login that is missing, or
 * not asked for, or a password. */
enum status sealing_begin(
    struct sealing *sealing,
    const char *const *words,
    size_t count,
    struct arena *arena,
    struct error *error) MUST_USE;
/* Wipes passwords and the reply key. */
void sealing_clean_up(struct sealing *sealing);

/* Finds whose credentials they are: `token` (NULL: none) says so with ChangePassword. */
enum status sealing_name_account(
    struct sealing *sealing, const char *token, struct error *error) MUST_USE;

/* Whether a token comes back. */
bool sealing_brings_token(const struct sealing *sealing) MUST_USE;
/* Whether the request is answered without a token, to whoever holds the reply key. */
bool sealing_replaces_token(const struct sealing *sealing) MUST_USE;

/* Asks for them, or reads them, as passwords_read does. */
enum status sealing_read_passwords(struct sealing *sealing, struct error *error) MUST_USE;
/* Why the service will refuse the login or the password to be set, as a sentence that holds
 * neither; NULL: nothing is known against them. */
const char *sealing_flaw(const struct sealing *sealing, struct error *error) MUST_USE;

/* Puts the box to `key`, and the key's id, in their places among the words; the passwords are
 * wiped. STATUS_INVALID: they fit in no box. */
enum status sealing_finish(
    struct sealing *sealing,
    const struct seal_public *key,
    const struct codec *codec,
    struct arena *arena,
    struct error *error) MUST_USE;

/* Opens the Session of an accepted outcome, rendered, and puts what was in the box in its place:
 * account_id, role, token, expires_at. Outcomes without a box are left alone. STATUS_INVALID: the
 * box is to another key, or of another request. */
enum status sealing_open(
    const struct sealing *sealing,
    struct codec *codec,
    json_t *outcome,
    struct error *error) MUST_USE;

#endif
