/* Sets are counted references behind a short lock; verifying takes 0.3 ms, so nobody holds a lock
 * over it. A flood of made-up kids does not empty the token cache, since the same content is the
 * same generation. */
#include "security/key_set.h"

#include "base/digest.h"
#include "security/reload.h"

#include <stdlib.h>

struct key_set {
    atomic_uint_fast32_t references;
    uint64_t generation;
    struct digest content;
    struct jwks *jwks;
};

struct key_sets {
    pthread_mutex_t current_lock;
    struct key_set *current; /* under current_lock */
    struct reload reload;
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
    atomic_store(&sets->reload.generation, set->generation);
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

static enum status read_file(void *self, struct error *error) {
    struct key_sets *sets = self;
    struct key_bytes text;
    struct digest content;
    enum status status = key_file_read(sets->reload.path, JWKS_SIZE_MAX, &text, error);
    if (status != STATUS_OK) {
        return status;
    }
    digest_of(key_bytes_view(&text), &content);
    if (!is_in_force(sets, &content)) {
        struct key_set *set = parse(sets->reload.path, key_bytes_view(&text), &content, error);
        status = set == NULL ? STATUS_INVALID : STATUS_OK;
        if (set != NULL) {
            put_in_force(sets, set);
        }
    }
    key_bytes_clean_up(&text);
    return status;
}

enum status key_sets_reload(struct key_sets *sets, struct error *error) {
    return reload_now(&sets->reload, error);
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
        reload_for_unknown_key(
            &sets->reload, generation, "key set not reloaded, the old one stays");
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
    return atomic_load(&sets->reload.generation);
}

uint64_t key_sets_reloads_failed(const struct key_sets *sets) {
    return atomic_load(&sets->reload.failed);
}

struct key_sets *key_sets_new(const char *path, struct error *error) {
    struct key_sets *sets = calloc(1, sizeof *sets);
    if (sets == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the keys");
        return NULL;
    }
    (void)pthread_mutex_init(&sets->current_lock, NULL);
    enum status status = reload_init(&sets->reload, path, read_file, sets)
                             ? key_sets_reload(sets, error)
                             : error_set(error, STATUS_RETRY, "no memory for the keys");
    if (status != STATUS_OK) {
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
    reload_clean_up(&sets->reload);
    free(sets);
}
