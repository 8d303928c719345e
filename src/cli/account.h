/* An account straight into the database, with the first event of its chain, which the next worker
 * publishes. */
#ifndef SLOTKEEPER_CLI_ACCOUNT_H
#define SLOTKEEPER_CLI_ACCOUNT_H

#include "domain/types.h"
#include "wire/codec.h"

#include <libpq-fe.h>

struct new_account {
    struct uuid account_id;
    enum role role;
    const char *login;         /* in lower case, checked */
    const char *password_hash; /* encoded */
};

/* One transaction. STATUS_INVALID: the login or the id is taken, nothing was written. */
enum status account_create(
    PGconn *connection,
    struct codec *codec,
    const struct new_account *account,
    struct error *error) MUST_USE;

#endif
