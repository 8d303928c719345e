/* What is known of a sealed request's credentials when it is decided. Opening boxes and hashing
 * passwords happens elsewhere and before; deciders see what came of it. */
#ifndef SLOTKEEPER_DOMAIN_CREDENTIALS_H
#define SLOTKEEPER_DOMAIN_CREDENTIALS_H

#include "domain/types.h"

enum proof_state {
    PROOF_NONE,      /* not looked at yet */
    PROOF_THROTTLED, /* not to be looked at before retry_after_us have passed */
    PROOF_WRONG,     /* no such account, another account, or another password */
    PROOF_RIGHT,     /* for registering: the attempt is counted */
};

/* What hashing found out, of the account's row as it was then. */
struct proof {
    enum proof_state state;
    int64_t retry_after_us;
    struct uuid account_id; /* whose password it was, if PROOF_RIGHT and not registering */
    int32_t credential_version;
    const char *new_hash; /* of the password to be set, or of the old one under today's parameters;
                             NULL: none */
};

struct credentials {
    struct view login;  /* in lower case; data NULL: not a login */
    bool password_good; /* the password to be set may be one */
    struct proof proof;
};

#endif
