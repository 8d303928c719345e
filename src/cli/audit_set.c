/* An open-addressed table of a size that is known beforehand. Clients choose slot ids, so the
 * table's hash is keyed. */
#include "cli/audit_set.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { MARKS_SHIFT = 58, ACCOUNT_SHIFT = 57, USED_SHIFT = 56 };

#define SEQUENCE_MASK ((UINT64_C(1) << USED_SHIFT) - 1)
#define USED          (UINT64_C(1) << USED_SHIFT)
#define PLACE_MASK    ((UINT64_C(1) << MARKS_SHIFT) - 1)

_Static_assert(sizeof(struct audit_entry) == 48, "three quarters of 64 bytes");

struct audit_set {
    struct audit_entry *entries;
    size_t capacity;
    size_t count;
    size_t count_max;
    uint8_t key[crypto_shorthash_KEYBYTES];
};

struct audit_set *audit_set_new(size_t count) {
    struct audit_set *set = calloc(1, sizeof *set);
    if (set == NULL || sodium_init() < 0) {
        free(set);
        return NULL;
    }
    set->capacity = count + count / 3 + 1;
    set->count_max = count;
    set->entries = calloc(set->capacity, sizeof *set->entries);
    crypto_shorthash_keygen(set->key);
    if (set->entries == NULL) {
        free(set);
        return NULL;
    }
    return set;
}

void audit_set_destroy(struct audit_set *set) {
    if (set != NULL) {
        free(set->entries);
        free(set);
    }
}

static uint64_t tag_of(const struct audit_place *place) {
    return ((uint64_t)place->sequence & SEQUENCE_MASK) | USED
           | (place->account ? UINT64_C(1) << ACCOUNT_SHIFT : 0);
}

/* The entry of this place, or the free one where it would stand; NULL: neither, the table is full.
 */
static struct audit_entry *probe(
    const struct audit_set *set, const struct audit_place *place, uint64_t tag) {
    uint8_t input[sizeof place->chain_id + sizeof tag];
    uint8_t output[crypto_shorthash_BYTES];
    uint64_t start;
    memcpy(input, &place->chain_id, sizeof place->chain_id);
    memcpy(input + sizeof place->chain_id, &tag, sizeof tag);
    (void)crypto_shorthash(output, input, sizeof input, set->key);
    memcpy(&start, output, sizeof start);
    for (size_t i = 0; i < set->capacity; i++) {
        struct audit_entry *entry = &set->entries[(start % set->capacity + i) % set->capacity];
        bool same =
            (entry->tag & PLACE_MASK) == tag && uuid_equal(entry->chain_id, place->chain_id);
        if (entry->tag == 0 || same) {
            return entry;
        }
    }
    return NULL;
}

struct audit_entry *audit_set_put(
    struct audit_set *set, const struct audit_place *place, unsigned marks) {
    uint64_t tag = tag_of(place);
    struct audit_entry *entry = set->count < set->count_max ? probe(set, place, tag) : NULL;
    if (entry == NULL || entry->tag != 0) {
        return NULL;
    }
    set->count++;
    entry->chain_id = place->chain_id;
    entry->tag = tag | (uint64_t)marks << MARKS_SHIFT;
    return entry;
}

struct audit_entry *audit_set_find(const struct audit_set *set, const struct audit_place *place) {
    struct audit_entry *entry = probe(set, place, tag_of(place));
    return entry == NULL || entry->tag == 0 ? NULL : entry;
}

struct audit_entry *audit_set_next(const struct audit_set *set, size_t *at) {
    while (*at < set->capacity) {
        struct audit_entry *entry = &set->entries[(*at)++];
        if (entry->tag != 0) {
            return entry;
        }
    }
    return NULL;
}

struct audit_place audit_entry_place(const struct audit_entry *entry) {
    return (struct audit_place){
        .chain_id = entry->chain_id,
        .account = (entry->tag >> ACCOUNT_SHIFT & 1U) != 0,
        .sequence = (int64_t)(entry->tag & SEQUENCE_MASK),
    };
}

bool audit_entry_marked(const struct audit_entry *entry, enum audit_mark mark) {
    return (entry->tag >> MARKS_SHIFT & (uint64_t)mark) != 0;
}

void audit_entry_mark(struct audit_entry *entry, enum audit_mark mark) {
    entry->tag |= (uint64_t)mark << MARKS_SHIFT;
}

int audit_place_compare(const struct audit_place *a, const struct audit_place *b) {
    if (a->account != b->account) {
        return a->account ? 1 : -1;
    }
    int order = uuid_compare(a->chain_id, b->chain_id);
    if (order != 0) {
        return order;
    }
    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence ? 1 : 0;
}
