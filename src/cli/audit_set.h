/* Every event of every chain as the database has it, in 64 bytes of memory each: which chain, which
 * place, and 24 bytes of its hash. 24 bytes tell two events apart as surely as 32 do: nobody finds
 * two that agree in 192 bits. */
#ifndef SLOTKEEPER_CLI_AUDIT_SET_H
#define SLOTKEEPER_CLI_AUDIT_SET_H

#include "domain/outcome.h"

#include <stddef.h>

struct audit_set;

/* Slots and accounts have chains of their own even where a client chose an account's id for a slot.
 */
struct audit_place {
    struct uuid chain_id;
    bool account;
    int64_t sequence; /* 1 .. AUDIT_SEQUENCE_MAX; of a purged slot's marker 0 */
};

#define AUDIT_SEQUENCE_MAX ((INT64_C(1) << 56) - 1)

enum audit_mark {
    AUDIT_SEEN = 1U,        /* on the topic */
    AUDIT_UNPUBLISHED = 2U, /* may not be on the topic yet */
    AUDIT_PURGED = 4U,      /* an event of a purged slot, or its marker, whose hash holds the last
                               sequence; the marker is seen once any event of the slot is */
};

enum { AUDIT_HASH_SIZE = 24 };

struct audit_entry {
    struct uuid chain_id;
    uint64_t tag; /* sequence, whose chain, marks; 0: free */
    uint8_t hash[AUDIT_HASH_SIZE];
};

/* Room for exactly `count` entries. NULL: no memory. */
struct audit_set *audit_set_new(size_t count) MUST_USE;
void audit_set_destroy(struct audit_set *set);

/* A new entry without hash; NULL: the set is full, or holds this place already. */
struct audit_entry *audit_set_put(
    struct audit_set *set, const struct audit_place *place, unsigned marks) MUST_USE;
/* NULL: not there. */
struct audit_entry *audit_set_find(
    const struct audit_set *set, const struct audit_place *place) MUST_USE;
/* The entries in no order, one by one; *at begins at 0. NULL: no more. */
struct audit_entry *audit_set_next(const struct audit_set *set, size_t *at) MUST_USE;

struct audit_place audit_entry_place(const struct audit_entry *entry) MUST_USE;
bool audit_entry_marked(const struct audit_entry *entry, enum audit_mark mark) MUST_USE;
void audit_entry_mark(struct audit_entry *entry, enum audit_mark mark);

/* By kind of chain, chain and sequence. */
int audit_place_compare(const struct audit_place *a, const struct audit_place *b) MUST_USE;

#endif
