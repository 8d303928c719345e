/* A bucket is kept as what is missing from it, in millionths of a request, so that microseconds and
 * requests a second multiply without a rest. The table is set-associative, like the cache of
 * tokens.
 *
 * Partitions do not advance together: in a backlog one may be hours ahead of another. A caller's
 * bucket therefore belongs to those of its partitions that are furthest, within some slack; one
 * that lags behind has a bucket of its own until it has caught up. So nobody pays for time that
 * another partition has used, and a caller gains at most one bucket a partition, while it lags. */
#include "security/rate_limiter.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    WAYS = 8,
    SHARDS_MAX = 64,
    CACHE_LINE_SIZE = 64,
    REQUEST = 1000000,       /* of what a bucket counts in */
    SLACK_MAX_US = 5000000,  /* a partition that is further behind lags */
    SLACK_PART_OF_BURST = 4, /* at most so long as this part of a burst takes to come back */
    EVERY_STREAM = 0,        /* struct bucket: the caller's own, not one of a partition that lags */
};

struct bucket {
    struct uuid caller;
    uint32_t stream; /* its number and one, or EVERY_STREAM */
    bool used;
    int64_t last_us; /* the latest time that it has seen */
    int64_t missing; /* from a full one, at that time */
};

struct shard {
    _Alignas(CACHE_LINE_SIZE) pthread_mutex_t lock;
};

struct rate_limiter {
    struct shard shards[SHARDS_MAX];
    int64_t per_second;
    int64_t capacity;
    int64_t slack_us;
    size_t ways;
    size_t set_mask;
    struct bucket *buckets; /* set by set */
};

_Static_assert(sizeof(struct bucket) == 40, "as the header says");

static size_t power_of_two_below(size_t value) {
    size_t power = 1;
    while (power <= value / 2) {
        power *= 2;
    }
    return power;
}

static int64_t slack_of(const struct rate_settings *settings) {
    int64_t slack_us = settings->burst * REQUEST / settings->per_second / SLACK_PART_OF_BURST;
    return slack_us < SLACK_MAX_US ? slack_us : SLACK_MAX_US;
}

struct rate_limiter *rate_limiter_new(const struct rate_settings *settings) {
    assert(settings->per_second > 0 && settings->burst > 0 && settings->callers_max > 0);
    struct rate_limiter *limiter = aligned_alloc(CACHE_LINE_SIZE, sizeof *limiter);
    if (limiter == NULL) {
        return NULL;
    }
    size_t ways = settings->callers_max < WAYS ? settings->callers_max : WAYS;
    size_t sets = power_of_two_below(settings->callers_max / ways);
    *limiter = (struct rate_limiter){
        .per_second = settings->per_second,
        .capacity = settings->burst * REQUEST,
        .slack_us = slack_of(settings),
        .ways = ways,
        .set_mask = sets - 1,
        .buckets = calloc(sets * ways, sizeof *limiter->buckets),
    };
    for (size_t i = 0; i < SHARDS_MAX; i++) {
        (void)pthread_mutex_init(&limiter->shards[i].lock, NULL);
    }
    if (limiter->buckets == NULL) {
        rate_limiter_destroy(limiter);
        return NULL;
    }
    return limiter;
}

void rate_limiter_destroy(struct rate_limiter *limiter) {
    if (limiter == NULL) {
        return;
    }
    for (size_t i = 0; i < SHARDS_MAX; i++) {
        (void)pthread_mutex_destroy(&limiter->shards[i].lock);
    }
    free(limiter->buckets);
    free(limiter);
}

/* ---- finding a bucket ---- */

/* Ids of other issuers may be counted upwards, so every bit has a say. All of a caller's buckets
 * are in one set. */
static size_t set_of(const struct rate_limiter *limiter, struct uuid caller) {
    uint64_t words[2];
    memcpy(words, caller.bytes, sizeof words);
    uint64_t mixed = (words[0] ^ (words[1] << 32 | words[1] >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(mixed ^ mixed >> 32) & limiter->set_mask;
}

/* When it will be full, if nobody takes anything. */
static int64_t full_at_us(const struct rate_limiter *limiter, const struct bucket *bucket) {
    return bucket->used ? bucket->last_us + bucket->missing / limiter->per_second : INT64_MIN;
}

static struct bucket *find(
    const struct rate_limiter *limiter, struct bucket *set, struct uuid caller, uint32_t stream) {
    for (size_t i = 0; i < limiter->ways; i++) {
        if (set[i].used && set[i].stream == stream && uuid_equal(set[i].caller, caller)) {
            return &set[i];
        }
    }
    return NULL;
}

/* A full one, in the place of another. */
static struct bucket *add(
    const struct rate_limiter *limiter, struct bucket *set, const struct bucket *bucket) {
    struct bucket *victim = &set[0];
    for (size_t i = 1; i < limiter->ways; i++) {
        if (full_at_us(limiter, &set[i]) < full_at_us(limiter, victim)) {
            victim = &set[i];
        }
    }
    *victim = *bucket;
    return victim;
}

static struct bucket *find_or_add(
    const struct rate_limiter *limiter,
    struct bucket *set,
    struct uuid caller,
    uint32_t stream,
    int64_t time_us) {
    struct bucket *bucket = find(limiter, set, caller, stream);
    const struct bucket full = {
        .caller = caller, .stream = stream, .used = true, .last_us = time_us};
    return bucket != NULL ? bucket : add(limiter, set, &full);
}

static bool lags(const struct rate_limiter *limiter, const struct bucket *bucket, int64_t time_us) {
    return time_us < bucket->last_us - limiter->slack_us;
}

static struct bucket *bucket_of(
    const struct rate_limiter *limiter,
    struct bucket *set,
    struct uuid caller,
    uint32_t stream,
    int64_t time_us) {
    struct bucket *bucket = find_or_add(limiter, set, caller, EVERY_STREAM, time_us);
    if (!lags(limiter, bucket, time_us)) {
        return bucket;
    }
    bucket = find_or_add(limiter, set, caller, stream + 1, time_us);
    if (lags(limiter, bucket, time_us)) { /* within a partition, only a clock that was set back */
        bucket->last_us = time_us;
    }
    return bucket;
}

/* ---- taking ---- */

static void refill(const struct rate_limiter *limiter, struct bucket *bucket, int64_t time_us) {
    if (time_us <= bucket->last_us) {
        return;
    }
    int64_t elapsed_us = time_us - bucket->last_us;
    bool full = elapsed_us > bucket->missing / limiter->per_second;
    bucket->missing = full ? 0 : bucket->missing - elapsed_us * limiter->per_second;
    bucket->last_us = time_us;
}

/* 0: taken. */
static int64_t take(const struct rate_limiter *limiter, struct bucket *bucket, int64_t time_us) {
    refill(limiter, bucket, time_us);
    int64_t lacking = bucket->missing + REQUEST - limiter->capacity;
    if (lacking <= 0) {
        bucket->missing += REQUEST;
        return 0;
    }
    int64_t wait_us = (lacking + limiter->per_second - 1) / limiter->per_second;
    return bucket->last_us - time_us + wait_us;
}

static pthread_mutex_t *lock_set(struct rate_limiter *limiter, size_t set) {
    pthread_mutex_t *lock = &limiter->shards[set % SHARDS_MAX].lock;
    (void)pthread_mutex_lock(lock);
    return lock;
}

int64_t rate_limiter_take(
    struct rate_limiter *limiter, struct uuid caller, uint32_t stream, int64_t time_us) {
    size_t set = set_of(limiter, caller);
    struct bucket *buckets = &limiter->buckets[set * limiter->ways];
    pthread_mutex_t *lock = lock_set(limiter, set);
    int64_t wait_us = take(limiter, bucket_of(limiter, buckets, caller, stream, time_us), time_us);
    (void)pthread_mutex_unlock(lock);
    return wait_us;
}

void rate_limiter_give_back(
    struct rate_limiter *limiter, struct uuid caller, uint32_t stream, int64_t time_us) {
    size_t set = set_of(limiter, caller);
    struct bucket *buckets = &limiter->buckets[set * limiter->ways];
    pthread_mutex_t *lock = lock_set(limiter, set);
    struct bucket *bucket = bucket_of(limiter, buckets, caller, stream, time_us);
    bucket->missing = bucket->missing > REQUEST ? bucket->missing - REQUEST : 0;
    (void)pthread_mutex_unlock(lock);
}
