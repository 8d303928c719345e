/* Open addressing with linear probing, at most half full. The ids are hashed with a key of the
 * process, because slot ids are chosen by clients and a table that they can aim at is slow on
 * purpose. */
#include "base/uuid_map.h"

#include <assert.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void) {
    if (RAND_bytes((unsigned char *)hash_key, sizeof hash_key) != 1) {
        abort();
    }
}

static uint64_t mix(uint64_t a, uint64_t b) {
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static size_t hash(struct uuid key) {
    uint64_t words[2];
    memcpy(words, key.bytes, sizeof words);
    return (size_t)mix(mix(words[0] ^ hash_key[0], words[1] ^ hash_key[1]), hash_key[0] | 1);
}

void uuid_map_init(struct uuid_map *map, struct arena *arena, size_t count_max) {
    (void)pthread_once(&hash_key_once, make_hash_key);
    size_t size = 8;
    while (size < 2 * count_max) {
        size *= 2;
    }
    *map = (struct uuid_map){
        .entries = ARENA_ARRAY(arena, struct uuid_map_entry, size),
        .mask = size - 1,
        .count_max = count_max};
}

static struct uuid_map_entry *find(const struct uuid_map *map, struct uuid key) {
    size_t position = hash(key) & map->mask;
    while (map->entries[position].value != NULL && !uuid_equal(map->entries[position].key, key)) {
        position = (position + 1) & map->mask;
    }
    return &map->entries[position];
}

void *uuid_map_get(const struct uuid_map *map, struct uuid key) {
    return find(map, key)->value;
}

void uuid_map_put(struct uuid_map *map, struct uuid key, void *value) {
    struct uuid_map_entry *entry = find(map, key);
    assert(entry->value == NULL && value != NULL && map->count < map->count_max);
    *entry = (struct uuid_map_entry){key, value};
    map->count++;
}
