/* The keys in force behind a short lock: who opens a box takes a copy of its key and holds no lock
 * meanwhile. */
#include "security/reload.h"
#include "security/seal_folder.h"

#include <sodium.h>
#include <stdlib.h>

struct seal_keys {
    pthread_mutex_t current_lock;
    struct seal_folder current; /* under current_lock */
    struct reload reload;
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
    (void)atomic_fetch_add(&keys->reload.generation, 1);
    (void)pthread_mutex_unlock(&keys->current_lock);
}

static enum status read_folder(void *self, struct error *error) {
    struct seal_keys *keys = self;
    struct seal_folder content;
    enum status status = seal_folder_read(keys->reload.path, &content, error);
    if (status == STATUS_OK) {
        status = check_whole(&content, keys->reload.path, error);
    }
    if (status == STATUS_OK) {
        put_in_force(keys, &content);
    }
    seal_folder_clean_up(&content);
    return status;
}

enum status seal_keys_reload(struct seal_keys *keys, struct error *error) {
    return reload_now(&keys->reload, error);
}

/* A copy of the pair, which the caller wipes; false: there is none. */
static bool copy_pair(
    struct seal_keys *keys, struct view kid, struct seal_pair *pair, uint64_t *generation_seen) {
    (void)pthread_mutex_lock(&keys->current_lock);
    const struct seal_pair *found = seal_folder_find(&keys->current, kid);
    *generation_seen = atomic_load(&keys->reload.generation);
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
    reload_for_unknown_key(
        &keys->reload, generation, "sealing keys not reloaded, the old ones stay");
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
    return atomic_load(&keys->reload.failed);
}

struct seal_keys *seal_keys_new(const char *folder, struct error *error) {
    struct seal_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the sealing keys");
        return NULL;
    }
    (void)pthread_mutex_init(&keys->current_lock, NULL);
    enum status status = reload_init(&keys->reload, folder, read_folder, keys)
                             ? seal_keys_reload(keys, error)
                             : error_set(error, STATUS_RETRY, "no memory for the sealing keys");
    if (status != STATUS_OK) {
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
    reload_clean_up(&keys->reload);
    free(keys);
}
