/* Key files. Error texts name paths, never contents. */
#include "security/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status failed(struct error *error, const char *what, const char *path) {
    int number = errno;
    return error_set(error, STATUS_INVALID, "%s %s: %s", what, path, strerrordesc_np(number));
}

bool key_bytes_copy(struct view from, struct key_bytes *bytes) {
    *bytes = (struct key_bytes){0};
    if (from.data == NULL || from.size == 0) {
        return false;
    }
    bytes->data = malloc(from.size);
    if (bytes->data == NULL) {
        return false;
    }
    memcpy(bytes->data, from.data, from.size);
    bytes->size = from.size;
    return true;
}

void key_bytes_clean_up(struct key_bytes *bytes) {
    if (bytes->data != NULL) {
        sodium_memzero(bytes->data, bytes->size);
    }
    free(bytes->data);
    *bytes = (struct key_bytes){0};
}

/* The number of bytes read, up to `size`; -1 on an error. */
static ssize_t read_fully(int file, uint8_t *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t count = read(file, bytes + done, size - done);
        if (count < 0 && errno != EINTR) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        done += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)done;
}

static enum status read_open_file(
    int file, const char *path, size_t size_max, struct key_bytes *bytes, struct error *error) {
    struct stat about;
    if (fstat(file, &about) != 0) {
        return failed(error, "cannot read", path);
    }
    if (!S_ISREG(about.st_mode) || about.st_size < 1 || about.st_size > (off_t)size_max) {
        return error_set(
            error, STATUS_INVALID, "%s is not a file of 1 to %zu bytes", path, size_max);
    }
    bytes->size = (size_t)about.st_size;
    bytes->data = malloc(bytes->size);
    if (bytes->data == NULL) {
        return error_set(error, STATUS_RETRY, "no memory to read %s", path);
    }
    if (read_fully(file, bytes->data, bytes->size) != (ssize_t)bytes->size) {
        key_bytes_clean_up(bytes);
        return error_set(error, STATUS_INVALID, "%s changed while it was read", path);
    }
    return STATUS_OK;
}

enum status key_file_read(
    const char *path, size_t size_max, struct key_bytes *bytes, struct error *error) {
    *bytes = (struct key_bytes){0};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return failed(error, "cannot open", path);
    }
    enum status status = read_open_file(file, path, size_max, bytes, error);
    (void)close(file);
    return status;
}

static bool write_fully(int file, struct view content) {
    size_t done = 0;
    while (done < content.size) {
        ssize_t count = write(file, content.data + done, content.size - done);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        done += count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* The folder that holds `path`; false: the path is too long. */
static bool folder_of(const char *path, char folder[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    if (size >= PATH_MAX) {
        return false;
    }
    memcpy(folder, path, size);
    folder[size] = '\0';
    if (size == 0) {
        memcpy(folder, slash == NULL ? "." : "/", 2);
    }
    return true;
}

static int open_folder(const char *path) {
    char folder[PATH_MAX];
    if (!folder_of(path, folder)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A name is durable once its folder is synced, too. */
static bool sync_folder(const char *path) {
    int folder = open_folder(path);
    if (folder < 0) {
        return false;
    }
    bool synced = fsync(folder) == 0;
    (void)close(folder);
    return synced;
}

static bool fill(int file, mode_t mode, struct view content) {
    return fchmod(file, mode) == 0 && write_fully(file, content) && fsync(file) == 0;
}

enum status key_file_create(
    const char *path, mode_t mode, struct view content, struct error *error) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST) {
        return error_set(error, STATUS_INVALID, "%s exists already and is not overwritten", path);
    }
    if (file < 0) {
        return failed(error, "cannot create", path);
    }
    bool filled = fill(file, mode, content);
    enum status status = STATUS_OK;
    if (!filled || !sync_folder(path)) {
        status = failed(error, "cannot write", path);
        (void)unlink(path);
    }
    (void)close(file);
    return status;
}

/* Gives the new file the owner and group that the old one has, if there is one. */
static bool keep_owner(int file, const char *path) {
    struct stat old;
    struct stat new;
    if (stat(path, &old) != 0) {
        return errno == ENOENT;
    }
    if (fstat(file, &new) != 0) {
        return false;
    }
    bool same = old.st_uid == new.st_uid &&old.st_gid == new.st_gid;
    return same || fchown(file, old.st_uid, old.st_gid) == 0;
}

enum status key_file_replace(
    const char *path, mode_t mode, struct view content, struct error *error) {
    char temporary[PATH_MAX];
    int size = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (size < 0 || (size_t)size >= sizeof temporary) {
        return error_set(error, STATUS_INVALID, "the path %.100s... is too long", path);
    }
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) {
        return failed(error, "cannot create a file beside", path);
    }
    enum status status = STATUS_OK;
    bool replaced =
        keep_owner(file, path) && fill(file, mode, content) && rename(temporary, path) == 0;
    if (!replaced) {
        status = failed(error, "cannot replace", path);
        (void)unlink(temporary);
    }
    (void)close(file);
    if (status == STATUS_OK && !sync_folder(path)) {
        status = failed(error, "cannot sync the folder of", path);
    }
    return status;
}

static bool overwrite(int file) {
    static const uint8_t zeros[4096];
    struct stat about;
    bool written = fstat(file, &about) == 0 && S_ISREG(about.st_mode);
    for (off_t left = written ? about.st_size : 0; written && left > 0;
         left -= (off_t)sizeof zeros) {
        size_t size = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        written = write_fully(file, view_of(zeros, size));
    }
    return written && fsync(file) == 0;
}

enum status key_file_destroy(const char *path, struct error *error) {
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) {
        return failed(error, "cannot open", path);
    }
    enum status status = STATUS_OK;
    if (!overwrite(file) || unlink(path) != 0 || !sync_folder(path)) {
        status = failed(error, "cannot destroy", path);
    }
    (void)close(file);
    return status;
}

int key_file_lock(const char *path, struct error *error) {
    int lock = open_folder(path);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        (void)failed(error, "cannot lock the folder of", path);
        key_file_unlock(lock);
        return -1;
    }
    return lock;
}

void key_file_unlock(int lock) {
    if (lock >= 0) {
        (void)close(lock);
    }
}
