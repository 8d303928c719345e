/* The operator's side of the folder of sealing keys. Each change holds the folder's lock, checks
 * what is there as a worker would, and leaves a folder that workers take. */
#include "security/seal_folder.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* What one change works with: the folder's content under its lock. */
struct change {
    const char *folder;
    int lock;
    struct seal_folder content;
};

static enum status begin(struct change *change, const char *folder, struct error *error) {
    char path[PATH_MAX];
    *change = (struct change){.folder = folder, .lock = -1};
    if (seal_folder_path(path, change->folder, "announced", "", error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    change->lock = key_file_lock(path, error);
    return change->lock < 0 ? STATUS_INVALID : seal_folder_read(folder, &change->content, error);
}

static void end(struct change *change) {
    seal_folder_clean_up(&change->content);
    key_file_unlock(change->lock);
}

/* ---- the list ---- */

struct list {
    char text[(SEAL_KEYS_MAX + 1) * (KEY_ID_SIZE_MAX + 1) + 1];
    size_t size;
};

static void list_add(struct list *list, const char *kid) {
    int size = snprintf(list->text + list->size, sizeof list->text - list->size, "%s\n", kid);
    assert(size > 0 && (size_t)size < sizeof list->text - list->size);
    list->size += (size_t)size;
}

static void list_add_others(struct list *list, const struct seal_folder *content, const char *kid) {
    for (size_t i = 0; i < content->announced_count; i++) {
        const char *other = content->pairs[content->announced[i]].public.kid;
        if (strcmp(other, kid) != 0) {
            list_add(list, other);
        }
    }
}

static enum status write_list(
    const struct change *change, const struct list *list, struct error *error) {
    char path[PATH_MAX];
    if (seal_folder_path(path, change->folder, "announced", "", error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    return key_file_replace(path, 0644, view_of(list->text, list->size), error);
}

static enum status refuse_absent(
    const struct change *change, const char *kid, struct error *error) {
    if (seal_folder_find(&change->content, view_text(kid)) == NULL) {
        return error_set(error, STATUS_INVALID, "%s has no key %s", change->folder, kid);
    }
    return STATUS_OK;
}

static enum status announce(const struct change *change, const char *kid, struct error *error) {
    struct list list = {.size = 0};
    enum status status = refuse_absent(change, kid, error);
    if (status != STATUS_OK) {
        return status;
    }
    list_add(&list, kid);
    list_add_others(&list, &change->content, kid);
    return write_list(change, &list, error);
}

enum status seal_folder_announce(const char *folder, const char *kid, struct error *error) {
    struct change change;
    assert(key_id_valid(view_text(kid)));
    enum status status = begin(&change, folder, error);
    if (status == STATUS_OK) {
        status = announce(&change, kid, error);
    }
    end(&change);
    return status;
}

static enum status retire(const struct change *change, const char *kid, struct error *error) {
    struct list list = {.size = 0};
    enum status status = refuse_absent(change, kid, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!seal_folder_announces(&change->content, kid)) {
        return error_set(error, STATUS_INVALID, "key %s is not announced", kid);
    }
    list_add_others(&list, &change->content, kid);
    if (list.size == 0) {
        return error_set(
            error, STATUS_INVALID, "key %s is the last one announced: announce another first", kid);
    }
    return write_list(change, &list, error);
}

enum status seal_folder_retire(const char *folder, const char *kid, struct error *error) {
    struct change change;
    assert(key_id_valid(view_text(kid)));
    enum status status = begin(&change, folder, error);
    if (status == STATUS_OK) {
        status = retire(&change, kid, error);
    }
    end(&change);
    return status;
}

/* ---- making and destroying ---- */

/* A second key must not be announced before all workers have it, as it would be without a list. */
static enum status keep_unannounced(const struct change *change, struct error *error) {
    struct list list = {.size = 0};
    if (change->content.count == 0 || change->content.has_list) {
        return STATUS_OK;
    }
    list_add_others(&list, &change->content, "");
    return write_list(change, &list, error);
}

static enum status generate(const struct change *change, const char *kid, struct error *error) {
    struct list list = {.size = 0};
    if (change->content.count == SEAL_KEYS_MAX) {
        return error_set(
            error,
            STATUS_INVALID,
            "%s has %d keys already: destroy one first",
            change->folder,
            (int)SEAL_KEYS_MAX);
    }
    enum status status = keep_unannounced(change, error);
    if (status == STATUS_OK) {
        status = seal_pair_generate(change->folder, kid, error);
    }
    if (status != STATUS_OK || change->content.count > 0) {
        return status;
    }
    list_add(&list, kid);
    return write_list(change, &list, error);
}

enum status seal_folder_generate(
    const char *folder, const char *kid, bool *announced, struct error *error) {
    struct change change;
    assert(key_id_valid(view_text(kid)));
    if (seal_folder_make(folder, error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    enum status status = begin(&change, folder, error);
    *announced = status == STATUS_OK && change.content.count == 0;
    if (status == STATUS_OK) {
        status = generate(&change, kid, error);
    }
    end(&change);
    return status;
}

/* The public file first: with the secret one gone before, workers would refuse the folder. What a
 * crash leaves in between is a lone secret key, which is destroyed by trying again. */
static enum status destroy_files(
    const struct change *change, const char *kid, struct error *error) {
    char public_path[PATH_MAX];
    char secret_path[PATH_MAX];
    if (seal_folder_path(public_path, change->folder, kid, ".pub", error) != STATUS_OK
        || seal_folder_path(secret_path, change->folder, kid, ".key", error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (access(secret_path, F_OK) != 0) {
        return refuse_absent(change, kid, error);
    }
    if (unlink(public_path) != 0 && errno != ENOENT) {
        return error_set(
            error, STATUS_INVALID, "cannot remove %s: %s", public_path, strerrordesc_np(errno));
    }
    return key_file_destroy(secret_path, error);
}

enum status seal_folder_destroy_pair(const char *folder, const char *kid, struct error *error) {
    struct change change;
    assert(key_id_valid(view_text(kid)));
    enum status status = begin(&change, folder, error);
    if (status == STATUS_OK && seal_folder_announces(&change.content, kid)) {
        status = error_set(
            error,
            STATUS_INVALID,
            "key %s is announced: keys retire --seal --kid %s first",
            kid,
            kid);
    }
    if (status == STATUS_OK) {
        status = destroy_files(&change, kid, error);
    }
    end(&change);
    return status;
}
