/* The caller's side of signer_statement: which sealing keys are the service's, as a key says that
 * the caller trusts already. */
#ifndef SLOTKEEPER_SECURITY_STATEMENT_H
#define SLOTKEEPER_SECURITY_STATEMENT_H

#include "security/jwks.h"
#include "security/seal.h"

#define STATEMENT_AUDIENCE "slotkeeper-clients"

enum { STATEMENT_SIZE_MAX = 16 * 1024 };

struct statement {
    int64_t issued_at_s;
    struct seal_public first; /* the key to use first */
};

/* False: not signed by a key of the set with that key's algorithm, or no statement with at least
 * one sealing key. How old it may be is the caller's to say. */
bool statement_read(
    struct view compact, const struct jwks *jwks, struct statement *statement) MUST_USE;

#endif
