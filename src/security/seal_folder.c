/* Reads the folder whole and checks every pair, so that a mistake shows at once and not with the
 * first box. A .key without .pub is passed over: so far a pair that is being made has come, or to
 * there one that is being destroyed. */
#include "security/seal_folder.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIST_SIZE_MAX = SEAL_KEYS_MAX * (KEY_ID_SIZE_MAX + 2) };

enum status seal_folder_path(
    char path[PATH_MAX],
    const char *folder,
    const char *name,
    const char *ending,
    struct error *error) {
    int size = snprintf(path, PATH_MAX, "%s/%s%s", folder, name, ending);
    if (size < 0 || size >= PATH_MAX) {
        return error_set(error, STATUS_INVALID, "the path of the sealing keys is too long");
    }
    return STATUS_OK;
}

/* ---- names ---- */

/* Whether `name` is KID.pub; of any other .pub *kid is not valid. */
static bool is_public(const char *name, struct view *kid) {
    size_t size = strlen(name);
    if (size < 4 || strcmp(name + size - 4, ".pub") != 0) {
        return false;
    }
    *kid = view_of(name, size - 4);
    return true;
}

static enum status add_name(
    struct seal_folder *content, const char *folder, const char *name, struct error *error) {
    struct view kid;
    if (!is_public(name, &kid)) {
        return STATUS_OK;
    }
    if (!key_id_valid(kid)) {
        return error_set(
            error,
            STATUS_INVALID,
            "%s/%.80s: the name is not 1 to 64 of A-Z a-z 0-9 _ - and .pub",
            folder,
            name);
    }
    if (content->count == SEAL_KEYS_MAX) {
        return error_set(
            error, STATUS_INVALID, "%s/%s is one key too many: at most 16", folder, name);
    }
    memcpy(content->pairs[content->count++].public.kid, kid.data, kid.size);
    return STATUS_OK;
}

static enum status read_names(
    const char *folder, struct seal_folder *content, struct error *error) {
    DIR *names = opendir(folder);
    if (names == NULL) {
        return error_set(
            error, STATUS_INVALID, "cannot open the folder %s: %s", folder, strerrordesc_np(errno));
    }
    enum status status = STATUS_OK;
    const struct dirent *entry = NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's alone */
    while (status == STATUS_OK && (entry = readdir(names)) != NULL) {
        status = add_name(content, folder, entry->d_name, error);
    }
    (void)closedir(names);
    return status;
}

/* ---- pairs ---- */

static enum status read_key(
    const char *folder,
    const char *kid,
    const char *ending,
    uint8_t key[SEAL_KEY_SIZE],
    struct error *error) {
    char path[PATH_MAX];
    struct key_bytes bytes;
    if (seal_folder_path(path, folder, kid, ending, error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    enum status status = key_file_read(path, SEAL_KEY_SIZE, &bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (bytes.size == SEAL_KEY_SIZE) {
        memcpy(key, bytes.data, SEAL_KEY_SIZE);
    } else {
        status = error_set(error, STATUS_INVALID, "%s is not %d bytes", path, (int)SEAL_KEY_SIZE);
    }
    key_bytes_clean_up(&bytes);
    return status;
}

static enum status read_pair(const char *folder, struct seal_pair *pair, struct error *error) {
    uint8_t derived[SEAL_KEY_SIZE];
    enum status status = read_key(folder, pair->public.kid, ".pub", pair->public.key, error);
    if (status == STATUS_OK) {
        status = read_key(folder, pair->public.kid, ".key", pair->secret, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (crypto_scalarmult_base(derived, pair->secret) != 0
        || sodium_memcmp(derived, pair->public.key, sizeof derived) != 0) {
        return error_set(
            error,
            STATUS_INVALID,
            "%s/%s.pub does not belong to %s.key",
            folder,
            pair->public.kid,
            pair->public.kid);
    }
    return STATUS_OK;
}

/* ---- the list ---- */

static enum status announce_line(
    struct seal_folder *content,
    const char *path,
    struct view line,
    size_t number,
    struct error *error) {
    const struct seal_pair *pair = seal_folder_find(content, line);
    if (pair == NULL || seal_folder_announces(content, pair->public.kid)) {
        return error_set(
            error,
            STATUS_INVALID,
            "%s: line %zu is not the kid of a key beside it, or is there twice",
            path,
            number);
    }
    content->announced[content->announced_count++] = (size_t)(pair - content->pairs);
    return STATUS_OK;
}

static enum status announce_lines(
    struct seal_folder *content, const char *path, struct view text, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t number = 1; status == STATUS_OK && text.size > 0; number++) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);
        status = announce_line(content, path, view_of(text.data, size), number, error);
        text = view_from(text, size + 1);
    }
    return status;
}

static void announce_all(struct seal_folder *content) {
    for (size_t i = 0; i < content->count; i++) {
        content->announced[i] = i;
    }
    content->announced_count = content->count;
}

static enum status read_list(const char *folder, struct seal_folder *content, struct error *error) {
    char path[PATH_MAX];
    struct key_bytes text;
    if (seal_folder_path(path, folder, "announced", "", error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    content->has_list = access(path, F_OK) == 0 || errno != ENOENT;
    if (!content->has_list) {
        announce_all(content);
        return STATUS_OK;
    }
    enum status status = key_file_read(path, LIST_SIZE_MAX, &text, error);
    if (status == STATUS_OK) {
        status = announce_lines(content, path, key_bytes_view(&text), error);
        key_bytes_clean_up(&text);
    }
    return status;
}

/* ---- all of it ---- */

static int by_name(const void *a, const void *b) {
    const struct seal_pair *left = a;
    const struct seal_pair *right = b;
    return strcmp(left->public.kid, right->public.kid);
}

enum status seal_folder_read(const char *folder, struct seal_folder *content, struct error *error) {
    *content = (struct seal_folder){0};
    if (sodium_init() < 0) {
        return error_set(error, STATUS_FATAL, "libsodium does not start");
    }
    enum status status = read_names(folder, content, error);
    qsort(content->pairs, content->count, sizeof content->pairs[0], by_name);
    for (size_t i = 0; status == STATUS_OK && i < content->count; i++) {
        status = read_pair(folder, &content->pairs[i], error);
    }
    return status == STATUS_OK ? read_list(folder, content, error) : status;
}

void seal_folder_clean_up(struct seal_folder *content) {
    sodium_memzero(content, sizeof *content);
}

const struct seal_pair *seal_folder_find(const struct seal_folder *content, struct view kid) {
    for (size_t i = 0; i < content->count; i++) {
        if (view_is(kid, content->pairs[i].public.kid)) {
            return &content->pairs[i];
        }
    }
    return NULL;
}

bool seal_folder_announces(const struct seal_folder *content, const char *kid) {
    for (size_t i = 0; i < content->announced_count; i++) {
        if (strcmp(content->pairs[content->announced[i]].public.kid, kid) == 0) {
            return true;
        }
    }
    return false;
}
