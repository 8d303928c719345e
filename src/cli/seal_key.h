/* Which of the service's keys a request is sealed to, and how the caller comes by it. */
#ifndef SLOTKEEPER_CLI_SEAL_KEY_H
#define SLOTKEEPER_CLI_SEAL_KEY_H

#include "security/seal.h"

#include <jansson.h>

/* "KID=HEX", or "KID=FILE" with the raw public key: pinned, nobody is asked. STATUS_INVALID with a
 * sentence for who typed it. */
enum status seal_key_from_option(
    const char *text, struct seal_public *key, struct error *error) MUST_USE;

/* The one to use first of a folder of KID.pub: the first that its list `announced` names, or
 * without a list the first by name. Secret keys are not looked at, and need not be there. *found is
 * false if there is no folder or no key in it. */
enum status seal_key_from_folder(
    const char *folder, struct seal_public *key, bool *found, struct error *error) MUST_USE;

/* The first one of an outcome of GetServiceKeys, rendered. Without a `jwks_file` ("") it is
 * believed because it came from a topic that only the service writes; with one it is taken from the
 * statement, which a key of that JWK Set must have signed, within age_max_s of now_s.
 * STATUS_INVALID with a sentence that says what to do. */
struct seal_key_trust {
    const char *jwks_file;
    int64_t age_max_s;
    int64_t now_s;
};

enum status seal_key_from_outcome(
    const json_t *outcome,
    const struct seal_key_trust *trust,
    struct seal_public *key,
    struct error *error) MUST_USE;

#endif
