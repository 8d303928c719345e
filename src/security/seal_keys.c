/* The keys in force behind a short lock: who opens a box takes a copy of its key and holds no lock
 * meanwhile. Unknown key ids are met as key_set.c meets unknown kids: threads queue at the reload
 * lock, the later ones look again in what the first has read, and a flood of made-up ids costs one
 * stat(2) each and one reading of the folder a second. */
#include "base/log.h"
#include "base/time.h"
#include "security/file_state.h"
#include "security/seal_folder.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

struct seal_keys {
    char *folder;
    pthread_mutex_t current_lock;
    struct seal_folder current; /* under current_lock */
    atomic_uint_fast64_t generation;
    atomic_uint_fast64_t reloads_failed;
    pthread_mutex_t reload_lock;
    struct file_state tried; /* under reload_lock: the folder that was read last, usable or not */
    int64_t tried_at_us;     /* under reload_lock */
};

static enum status check_whole(
    const struct seal_folder *content, const char *folder, struct error *error) {
    if (content->count == 0) {
        return error_set(error, STATUS_INVALID, "%s holds no sealing key", folder);
    }
    if (content->announced_count == 0) {
        return error_set(error, STATUS_INVALID, "%s/announced names no key", folder);
    }
    return STATUS_OK;
}

static void put_in_force(struct seal_keys *keys, const struct seal_folder *content) {
    (void)pthread_mutex_lock(&keys->current_lock);
    keys->current = *content;
    (void)atomic_fetch_add(&keys->generation, 1);
    (void)pthread_mutex_unlock(&keys->current_lock);
}

/* Under reload_lock. The state is asked before the folder is read, so that a change in between is
 * seen next time. */
static enum status reload_locked(struct seal_keys *keys, struct error *error) {
    struct seal_folder content;
    keys->tried = file_state_of(keys->folder);
    keys->tried_at_us = time_monotonic_us();
    enum status status = seal_folder_read(keys->folder, &content, error);
    if (status == STATUS_OK) {
        status = check_whole(&content, keys->folder, error);
    }
    if (status == STATUS_OK) {
        put_in_force(keys, &content);
    } else {
        (void)atomic_fetch_add(&keys->reloads_failed, 1);
    }
    seal_folder_clean_up(&content);
    return status;
}

enum status seal_keys_reload(struct seal_keys *keys, struct error *error) {
    (void)pthread_mutex_lock(&keys->reload_lock);
    enum status status = reload_locked(keys, error);
    (void)pthread_mutex_unlock(&keys->reload_lock);
    return status;
}

static bool reload_is_due(const struct seal_keys *keys) {
    struct file_state now = file_state_of(keys->folder);
    return !file_state_equal(&now, &keys->tried)
           || time_monotonic_us() - keys->tried_at_us >= TIME_SECOND_US;
}

/* Nobody waits for this reload's answer, so its failure goes to the log. */
static void reload_for_unknown_kid(struct seal_keys *keys, uint64_t generation_seen) {
    struct error error = {""};
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&keys->reload_lock);
    if (atomic_load(&keys->generation) == generation_seen && reload_is_due(keys)) {
        status = reload_locked(keys, &error);
    }
    (void)pthread_mutex_unlock(&keys->reload_lock);
    if (status != STATUS_OK) {
        log_warning("sealing keys not reloaded, the old ones stay", LOG_TEXT("reason", error.text));
    }
}

/* A copy of the pair, which the caller wipes; false: there is none. */
static bool copy_pair(
    struct seal_keys *keys, struct view kid, struct seal_pair *pair, uint64_t *generation_seen) {
    (void)pthread_mutex_lock(&keys->current_lock);
    const struct seal_pair *found = seal_folder_find(&keys->current, kid);
    *generation_seen = atomic_load(&keys->generation);
    if (found != NULL) {
        *pair = *found;
    }
    (void)pthread_mutex_unlock(&keys->current_lock);
    return found != NULL;
}

static bool find_pair(struct seal_keys *keys, struct view kid, struct seal_pair *pair) {
    uint64_t generation = 0;
    if (!key_id_valid(kid)) {
        return false;
    }
    if (copy_pair(keys, kid, pair, &generation)) {
        return true;
    }
    reload_for_unknown_kid(keys, generation);
    return copy_pair(keys, kid, pair, &generation);
}

static bool has_request_size(struct view box) {
    return box.data != NULL
           && (box.size == SEAL_BLOCK_SIZE + SEAL_OVERHEAD
               || box.size == SEAL_CONTENT_MAX + SEAL_OVERHEAD);
}

enum seal_result seal_keys_open(
    struct seal_keys *keys,
    struct view key_id,
    struct view box,
    uint8_t content[SEAL_CONTENT_MAX],
    size_t *size) {
    struct seal_pair pair;
    memset(content, 0, SEAL_CONTENT_MAX);
    *size = 0;
    if (!find_pair(keys, key_id, &pair)) {
        return SEAL_KEY_UNKNOWN;
    }
    bool opened =
        has_request_size(box)
        && crypto_box_seal_open(content, box.data, box.size, pair.public.key, pair.secret) == 0
        && sodium_unpad(size, content, box.size - SEAL_OVERHEAD, SEAL_BLOCK_SIZE) == 0;
    sodium_memzero(&pair, sizeof pair);
    if (!opened) {
        sodium_memzero(content, SEAL_CONTENT_MAX);
        *size = 0;
        return SEAL_BROKEN;
    }
    return SEAL_OPENED;
}

size_t seal_keys_announced(struct seal_keys *keys, struct seal_public items[SEAL_KEYS_MAX]) {
    (void)pthread_mutex_lock(&keys->current_lock);
    size_t count = keys->current.announced_count;
    for (size_t i = 0; i < count; i++) {
        items[i] = keys->current.pairs[keys->current.announced[i]].public;
    }
    (void)pthread_mutex_unlock(&keys->current_lock);
    return count;
}

uint64_t seal_keys_reloads_failed(const struct seal_keys *keys) {
    return atomic_load(&keys->reloads_failed);
}

struct seal_keys *seal_keys_new(const char *folder, struct error *error) {
    struct seal_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the sealing keys");
        return NULL;
    }
    (void)pthread_mutex_init(&keys->current_lock, NULL);
    (void)pthread_mutex_init(&keys->reload_lock, NULL);
    keys->folder = strdup(folder);
    if (keys->folder == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the sealing keys");
    }
    if (keys->folder == NULL || seal_keys_reload(keys, error) != STATUS_OK) {
        seal_keys_destroy(keys);
        return NULL;
    }
    return keys;
}

void seal_keys_destroy(struct seal_keys *keys) {
    if (keys == NULL) {
        return;
    }
    seal_folder_clean_up(&keys->current);
    (void)pthread_mutex_destroy(&keys->current_lock);
    (void)pthread_mutex_destroy(&keys->reload_lock);
    free(keys->folder);
    free(keys);
}
