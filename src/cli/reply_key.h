/* The caller's X25519 pair: what comes back sealed is for it alone. To the service it is also who
 * asks without a token, and a device that an account has logged in with before. */
#ifndef SLOTKEEPER_CLI_REPLY_KEY_H
#define SLOTKEEPER_CLI_REPLY_KEY_H

#include "security/private_key.h"

struct reply_key {
    uint8_t public[SEAL_KEY_SIZE];
    uint8_t secret[SEAL_KEY_SIZE];
};

/* A new pair, known to nobody once it is wiped. STATUS_FATAL: no libsodium. */
enum status reply_key_make(struct reply_key *key, struct error *error) MUST_USE;
/* The pair whose secret is the file's 32 bytes; a file that is not there is made, mode 0600.
 * STATUS_INVALID: of another size, or others may read it. */
enum status reply_key_from_file(
    const char *path, struct reply_key *key, struct error *error) MUST_USE;
void reply_key_wipe(struct reply_key *key);

#endif
