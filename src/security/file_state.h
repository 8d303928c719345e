/* Whether a file, or what a folder lists, may have changed since it was read. */
#ifndef SLOTKEEPER_SECURITY_FILE_STATE_H
#define SLOTKEEPER_SECURITY_FILE_STATE_H

#include <stdbool.h>
#include <sys/stat.h>

/* What stat(2) says; all zero: it could not be asked. */
struct file_state {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

static inline struct file_state file_state_of(const char *path) {
    struct stat about;
    struct file_state state = {0};
    if (stat(path, &about) == 0) {
        state.device = about.st_dev;
        state.inode = about.st_ino;
        state.size = about.st_size;
        state.modified = about.st_mtim;
    }
    return state;
}

static inline bool file_state_equal(const struct file_state *a, const struct file_state *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size
           && a->modified.tv_sec == b->modified.tv_sec
           && a->modified.tv_nsec == b->modified.tv_nsec;
}

#endif
