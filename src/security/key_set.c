/* Sets are counted references behind a short lock; verifying takes 0.3 ms, so nobody holds a lock
 * over it. Threads that meet a kid nobody knows queue at the reload lock, and the later ones look
 * again in what the first has read: a rotation refuses nobody. A flood of made-up kids costs one
 * stat(2) each and one read of the file a second, and does not empty the token cache, since the
 * same content is the same generation. */
#include "security/key_set.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/time.h"
#include "security/file_state.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct key_set {
    atomic_uint_fast32_t references;
    uint64_t generation;
    struct digest content;
    struct jwks *jwks;
};

struct key_sets {
    char *path;
    pthread_mutex_t current_lock;
    struct key_set *current; /* under current_lock */
    atomic_uint_fast64_t generation;
    atomic_uint_fast64_t reloads_failed;
    pthread_mutex_t reload_lock;
    struct file_state tried; /* under reload_lock: the file that was read last, usable or not */
    int64_t tried_at_us;     /* under reload_lock */
};

static struct key_set *acquire_current(struct key_sets *sets) {
    (void)pthread_mutex_lock(&sets->current_lock);
    struct key_set *set = sets->current;
    if (set != NULL) {
        (void)atomic_fetch_add(&set->references, 1);
    }
    (void)pthread_mutex_unlock(&sets->current_lock);
    return set;
}

void key_set_release(struct key_set *set) {
    if (set != NULL && atomic_fetch_sub(&set->references, 1) == 1) {
        jwks_destroy(set->jwks);
        free(set);
    }
}

static void put_in_force(struct key_sets *sets, struct key_set *set) {
    (void)pthread_mutex_lock(&sets->current_lock);
    struct key_set *old = sets->current;
    set->generation = old == NULL ? 1 : old->generation + 1;
    sets->current = set;
    atomic_store(&sets->generation, set->generation);
    (void)pthread_mutex_unlock(&sets->current_lock);
    key_set_release(old);
}

static bool is_in_force(struct key_sets *sets, const struct digest *content) {
    struct key_set *set = acquire_current(sets);
    bool same = set != NULL && digest_equal(&set->content, content);
    key_set_release(set);
    return same;
}

static struct key_set *parse(
    const char *path, struct view text, const struct digest *content, struct error *error) {
    struct error why = {""};
    struct jwks *jwks = jwks_parse(text, &why);
    if (jwks == NULL) {
        (void)error_set(error, STATUS_INVALID, "%s: %s", path, why.text);
        return NULL;
    }
    struct key_set *set = calloc(1, sizeof *set);
    if (set == NULL) {
        jwks_destroy(jwks);
        (void)error_set(error, STATUS_RETRY, "no memory for the keys of %s", path);
        return NULL;
    }
    atomic_init(&set->references, 1);
    set->content = *content;
    set->jwks = jwks;
    return set;
}

static enum status read_file(struct key_sets *sets, struct error *error) {
    struct key_bytes text;
    struct digest content;
    enum status status = key_file_read(sets->path, JWKS_SIZE_MAX, &text, error);
    if (status != STATUS_OK) {
        return status;
    }
    digest_of(key_bytes_view(&text), &content);
    if (!is_in_force(sets, &content)) {
        struct key_set *set = parse(sets->path, key_bytes_view(&text), &content, error);
        status = set == NULL ? STATUS_INVALID : STATUS_OK;
        if (set != NULL) {
            put_in_force(sets, set);
        }
    }
    key_bytes_clean_up(&text);
    return status;
}

/* Under reload_lock. The state is asked before the file is read, so that a change in between is
 * seen next time. */
static enum status reload_locked(struct key_sets *sets, struct error *error) {
    sets->tried = file_state_of(sets->path);
    sets->tried_at_us = time_monotonic_us();
    enum status status = read_file(sets, error);
    if (status != STATUS_OK) {
        (void)atomic_fetch_add(&sets->reloads_failed, 1);
    }
    return status;
}

enum status key_sets_reload(struct key_sets *sets, struct error *error) {
    (void)pthread_mutex_lock(&sets->reload_lock);
    enum status status = reload_locked(sets, error);
    (void)pthread_mutex_unlock(&sets->reload_lock);
    return status;
}

static bool reload_is_due(struct key_sets *sets) {
    struct file_state now = file_state_of(sets->path);
    return !file_state_equal(&now, &sets->tried)
           || time_monotonic_us() - sets->tried_at_us >= TIME_SECOND_US;
}

/* Nobody waits for this reload's answer, so its failure goes to the log. */
static void reload_for_unknown_kid(struct key_sets *sets, uint64_t generation_seen) {
    struct error error = {""};
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&sets->reload_lock);
    if (key_sets_generation(sets) == generation_seen && reload_is_due(sets)) {
        status = reload_locked(sets, &error);
    }
    (void)pthread_mutex_unlock(&sets->reload_lock);
    if (status != STATUS_OK) {
        log_warning("key set not reloaded, the old one stays", LOG_TEXT("reason", error.text));
    }
}

static struct key_set *acquire_with(
    struct key_sets *sets, struct view kid, uint64_t *generation_seen) {
    struct key_set *set = acquire_current(sets);
    *generation_seen = set->generation;
    if (jwks_find(set->jwks, kid) == NULL) {
        key_set_release(set);
        return NULL;
    }
    return set;
}

struct key_set *key_sets_acquire(struct key_sets *sets, struct view kid) {
    uint64_t generation = 0;
    struct key_set *set = acquire_with(sets, kid, &generation);
    if (set == NULL) {
        reload_for_unknown_kid(sets, generation);
        set = acquire_with(sets, kid, &generation);
    }
    return set;
}

const struct verification_key *key_set_find(const struct key_set *set, struct view kid) {
    return jwks_find(set->jwks, kid);
}

uint64_t key_set_generation(const struct key_set *set) {
    return set->generation;
}

uint64_t key_sets_generation(const struct key_sets *sets) {
    return atomic_load(&sets->generation);
}

uint64_t key_sets_reloads_failed(const struct key_sets *sets) {
    return atomic_load(&sets->reloads_failed);
}

struct key_sets *key_sets_new(const char *path, struct error *error) {
    struct key_sets *sets = calloc(1, sizeof *sets);
    if (sets == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the keys");
        return NULL;
    }
    (void)pthread_mutex_init(&sets->current_lock, NULL);
    (void)pthread_mutex_init(&sets->reload_lock, NULL);
    sets->path = strdup(path);
    if (sets->path == NULL || key_sets_reload(sets, error) != STATUS_OK) {
        key_sets_destroy(sets);
        return NULL;
    }
    return sets;
}

void key_sets_destroy(struct key_sets *sets) {
    if (sets == NULL) {
        return;
    }
    key_set_release(sets->current);
    (void)pthread_mutex_destroy(&sets->current_lock);
    (void)pthread_mutex_destroy(&sets->reload_lock);
    free(sets->path);
    free(sets);
}
