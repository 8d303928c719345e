/* A hash table from UUID to pointer, of a fixed number of entries, in an arena. Nothing is ever
 * removed. */
#ifndef SLOTKEEPER_BASE_UUID_MAP_H
#define SLOTKEEPER_BASE_UUID_MAP_H

#include "base/arena.h"
#include "base/uuid.h"

struct uuid_map_entry {
    struct uuid key;
    void *value; /* NULL: free */
};

struct uuid_map {
    struct uuid_map_entry *entries;
    size_t mask;
    size_t count;
    size_t count_max;
};

/* An empty table for at most `count_max` entries. */
void uuid_map_init(struct uuid_map *map, struct arena *arena, size_t count_max);
/* NULL: not there. */
void *uuid_map_get(const struct uuid_map *map, struct uuid key);
/* `key` must not be in the table, which must have room (asserted). `value` is not NULL. */
void uuid_map_put(struct uuid_map *map, struct uuid key, void *value);

#endif
