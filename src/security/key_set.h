/* The key set in force, and its file: many threads verify with one set while another is read. */
#ifndef SLOTKEEPER_SECURITY_KEY_SET_H
#define SLOTKEEPER_SECURITY_KEY_SET_H

#include "security/jwks.h"

struct key_sets;

/* A loaded set; whoever holds a reference may use it, however often the file is read meanwhile. */
struct key_set;

/* NULL with *error set: the file is not a usable JWK Set. Copies `path`. */
struct key_sets *key_sets_new(const char *path, struct error *error) MUST_USE;
void key_sets_destroy(struct key_sets *sets);

/* The number of the set in force: 1, 2, 3 ... A file read again without a change has no new one. */
uint64_t key_sets_generation(const struct key_sets *sets) MUST_USE;
uint64_t key_sets_reloads_failed(const struct key_sets *sets) MUST_USE;

/* Reads the file again. On failure the old set stays in force. */
enum status key_sets_reload(struct key_sets *sets, struct error *error) MUST_USE;

/* A reference to the set that has `kid`, released with key_set_release; NULL: there is none. Before
 * it says so, it reads the file again if that has changed, and otherwise once a second. */
struct key_set *key_sets_acquire(struct key_sets *sets, struct view kid) MUST_USE;
void key_set_release(struct key_set *set);

const struct verification_key *key_set_find(const struct key_set *set, struct view kid) MUST_USE;
uint64_t key_set_generation(const struct key_set *set) MUST_USE;

#endif
