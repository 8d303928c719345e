/* Key files: read whole and wiped after use, created once and never overwritten, replaced in one
 * step. */
#ifndef SLOTKEEPER_SECURITY_KEY_FILE_H
#define SLOTKEEPER_SECURITY_KEY_FILE_H

#include "base/status.h"
#include "base/view.h"

#include <sys/types.h>

/* Bytes on the heap that may be secret. All zero: none. */
struct key_bytes {
    uint8_t *data;
    size_t size;
};

static inline struct view key_bytes_view(const struct key_bytes *bytes) {
    return view_of(bytes->data, bytes->size);
}

/* A copy; false: no memory, or nothing to copy. The caller cleans `bytes` up. */
bool key_bytes_copy(struct view from, struct key_bytes *bytes) MUST_USE;
/* Overwrites the bytes and frees them. */
void key_bytes_clean_up(struct key_bytes *bytes);

/* A regular file of 1 to `size_max` bytes. On success the caller cleans `bytes` up. */
enum status key_file_read(
    const char *path, size_t size_max, struct key_bytes *bytes, struct error *error) MUST_USE;

/* STATUS_INVALID if `path` exists already, be it as a dangling link. The file is on disk when this
 * returns STATUS_OK and absent otherwise. */
enum status key_file_create(
    const char *path, mode_t mode, struct view content, struct error *error) MUST_USE;

/* Readers see the old file or the new one, never a part, and so does who comes after a crash.
 * Owner and group of an existing file are kept; `mode` is the new file's. */
enum status key_file_replace(
    const char *path, mode_t mode, struct view content, struct error *error) MUST_USE;

/* Overwrites the file with zeros before it goes, so that no block of the disk is given back with
 * the secret in it; a file system that writes elsewhere than in place defeats that. */
enum status key_file_destroy(const char *path, struct error *error) MUST_USE;

/* Holds other replacers of files in `path`'s folder off until key_file_unlock. -1 with *error set
 * on failure. */
int key_file_lock(const char *path, struct error *error) MUST_USE;
void key_file_unlock(int lock);

#endif
