/* Set-associative, like a processor's cache: the digest names a set of eight entries, sets are
 * spread over shards with a mutex each, so that threads seldom meet. No lists, no allocation after
 * token_cache_new; pages never used are never resident. */
#include "security/token_cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { WAYS_MAX = 8, SHARDS = 64, CACHE_LINE_SIZE = 64 };

struct entry {
    struct digest digest;
    uint64_t generation; /* 0: free */
    uint64_t used;       /* the shard's clock when it was last asked for */
    struct token_facts facts;
};

struct shard {
    _Alignas(CACHE_LINE_SIZE) pthread_mutex_t lock;
    uint64_t clock;
    uint64_t hits;
    uint64_t misses;
};

struct token_cache {
    struct shard shards[SHARDS];
    size_t ways;
    size_t set_mask;
    struct entry *entries; /* set by set; NULL if there are none */
};

_Static_assert(sizeof(struct entry) <= 104, "about 100 bytes an entry");

/* The largest power of two that is not above `value`, which is at least 1. */
static size_t power_of_two_below(size_t value) {
    size_t power = 1;
    while (power <= value / 2) {
        power *= 2;
    }
    return power;
}

struct token_cache *token_cache_new(size_t entries_max) {
    struct token_cache *cache = aligned_alloc(CACHE_LINE_SIZE, sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    *cache = (struct token_cache){.ways = entries_max < WAYS_MAX ? entries_max : WAYS_MAX};
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&cache->shards[i].lock, NULL);
    }
    if (cache->ways > 0) {
        size_t sets = power_of_two_below(entries_max / cache->ways);
        cache->set_mask = sets - 1;
        cache->entries = calloc(sets * cache->ways, sizeof *cache->entries);
    }
    if (cache->ways > 0 && cache->entries == NULL) {
        token_cache_destroy(cache);
        return NULL;
    }
    return cache;
}

void token_cache_destroy(struct token_cache *cache) {
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&cache->shards[i].lock);
    }
    free(cache->entries);
    free(cache);
}

/* Two sets of one shard, either of which may hold the digest: with one alone, a cache that is two
 * thirds full throws out three of a hundred tokens that it has room for. */
struct places {
    size_t sets[2];
};

static struct places places_of(const struct token_cache *cache, const struct digest *digest) {
    uint64_t words[2];
    memcpy(words, digest->bytes, sizeof words);
    size_t first = (size_t)words[0] & cache->set_mask;
    size_t second = (size_t)words[1] & cache->set_mask;
    return (struct places){{first, second - second % SHARDS + first % SHARDS}};
}

static struct shard *lock_shard(struct token_cache *cache, const struct places *places) {
    struct shard *shard = &cache->shards[places->sets[0] % SHARDS];
    (void)pthread_mutex_lock(&shard->lock);
    shard->clock++;
    return shard;
}

/* The i-th of the 2 * ways entries where the digest may be. */
static struct entry *entry_at(struct token_cache *cache, const struct places *places, size_t i) {
    return &cache->entries[places->sets[i / cache->ways] * cache->ways + i % cache->ways];
}

static struct entry *find(
    struct token_cache *cache, const struct places *places, const struct digest *digest) {
    for (size_t i = 0; i < 2 * cache->ways; i++) {
        struct entry *entry = entry_at(cache, places, i);
        if (entry->generation != 0 && digest_equal(&entry->digest, digest)) {
            return entry;
        }
    }
    return NULL;
}

bool token_cache_get(
    struct token_cache *cache,
    const struct digest *digest,
    uint64_t generation,
    struct token_facts *facts) {
    struct places places = places_of(cache, digest);
    struct shard *shard = lock_shard(cache, &places);
    struct entry *entry = find(cache, &places, digest);
    bool hit = entry != NULL && entry->generation == generation;
    if (hit) {
        entry->used = shard->clock;
        *facts = entry->facts;
    }
    shard->hits += hit ? 1 : 0;
    shard->misses += hit ? 0 : 1;
    (void)pthread_mutex_unlock(&shard->lock);
    return hit;
}

/* Entries of older keys go first: nobody will ask for them again. */
static uint64_t worth(const struct entry *entry, uint64_t generation) {
    return entry->generation == generation ? entry->used : 0;
}

static struct entry *cheapest(
    struct token_cache *cache, const struct places *places, uint64_t generation) {
    struct entry *victim = entry_at(cache, places, 0);
    for (size_t i = 1; i < 2 * cache->ways; i++) {
        struct entry *entry = entry_at(cache, places, i);
        if (worth(entry, generation) < worth(victim, generation)) {
            victim = entry;
        }
    }
    return victim;
}

void token_cache_put(
    struct token_cache *cache,
    const struct digest *digest,
    uint64_t generation,
    const struct token_facts *facts) {
    assert(generation > 0);
    if (cache->ways == 0) {
        return;
    }
    struct places places = places_of(cache, digest);
    struct shard *shard = lock_shard(cache, &places);
    struct entry *entry = find(cache, &places, digest);
    if (entry == NULL) {
        entry = cheapest(cache, &places, generation);
    }
    *entry = (struct entry){*digest, generation, shard->clock, *facts};
    (void)pthread_mutex_unlock(&shard->lock);
}

void token_cache_count(struct token_cache *cache, uint64_t *hits, uint64_t *misses) {
    *hits = 0;
    *misses = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        (void)pthread_mutex_lock(&shard->lock);
        *hits += shard->hits;
        *misses += shard->misses;
        (void)pthread_mutex_unlock(&shard->lock);
    }
}
