/* A JWK Set: the keys whose tokens are believed, one algorithm to a key, found by kid. */
#ifndef SLOTKEEPER_SECURITY_JWKS_H
#define SLOTKEEPER_SECURITY_JWKS_H

#include "security/jwk.h"

enum { JWKS_SIZE_MAX = 256 * 1024, JWKS_KEYS_MAX = 64, JWKS_DEPTH_MAX = 8 };

struct jwks {
    size_t count;
    struct verification_key keys[JWKS_KEYS_MAX];
};

/* NULL with *error set, naming the kid: one bad key, or none usable, and the whole set is refused,
 * since half a set would refuse half of the callers without a word. */
struct jwks *jwks_parse(struct view text, struct error *error) MUST_USE;
void jwks_destroy(struct jwks *jwks);

/* NULL: no such key. */
const struct verification_key *jwks_find(const struct jwks *jwks, struct view kid) MUST_USE;

/* The public part of a set, malloc'ed JSON text on one line: no oct key, none that is meant for
 * anything but signatures, no private member. NULL with *error set if the text is not a JWK Set. */
char *jwks_public_text(struct view text, struct error *error) MUST_USE;

/* Adds a JWK to the set at `path`, which is made if it is not there; the keys that it holds stay as
 * they are. STATUS_INVALID: the kid is taken, or the set with the key would be refused by
 * jwks_parse. A set that holds an oct key becomes mode 0600. */
enum status jwks_file_add(const char *path, json_t *jwk, struct error *error) MUST_USE;

/* Takes the key with this kid out of the set at `path`. STATUS_INVALID: there is none, or what is
 * left would be refused by jwks_parse, as a set without keys is. */
enum status jwks_file_remove(const char *path, const char *kid, struct error *error) MUST_USE;

/* The set at `path`; NULL with *error set, naming the file. */
struct jwks *jwks_file_read(const char *path, struct error *error) MUST_USE;

/* Whether a key of the set at `path` has this kid; STATUS_INVALID with *error saying so. */
enum status jwks_file_lacks(const char *path, const char *kid, struct error *error) MUST_USE;

#endif
