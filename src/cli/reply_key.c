/* Reply keys, made for one request or kept in a file. */
#include "cli/reply_key.h"

#include "security/key_file.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum status reply_key_make(struct reply_key *key, struct error *error) {
    if (sodium_init() < 0) {
        return error_set(error, STATUS_FATAL, "libsodium does not start");
    }
    (void)crypto_box_keypair(key->public, key->secret);
    return STATUS_OK;
}

static enum status make_file(const char *path, struct reply_key *key, struct error *error) {
    enum status status = reply_key_make(key, error);
    return status == STATUS_OK
               ? key_file_create(path, 0600, view_of(key->secret, sizeof key->secret), error)
               : status;
}

/* What it opens is a token, so it is as secret as a password. */
static enum status check_mode(const char *path, struct error *error) {
    struct stat about;
    if (stat(path, &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return error_set(
            error,
            STATUS_INVALID,
            "--reply-key: others may read or write %.256s: chmod 600 it, or name another file",
            path);
    }
    return STATUS_OK;
}

static enum status read_file(const char *path, struct reply_key *key, struct error *error) {
    struct key_bytes bytes;
    enum status status = key_file_read(path, 4096, &bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (bytes.size == sizeof key->secret) {
        memcpy(key->secret, bytes.data, sizeof key->secret);
        (void)crypto_scalarmult_base(key->public, key->secret);
    } else {
        status = error_set(
            error,
            STATUS_INVALID,
            "--reply-key: %.256s is not %d bytes; name a file that is not there, and it is made",
            path,
            (int)SEAL_KEY_SIZE);
    }
    key_bytes_clean_up(&bytes);
    return status;
}

enum status reply_key_from_file(const char *path, struct reply_key *key, struct error *error) {
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return make_file(path, key, error);
    }
    enum status status = check_mode(path, error);
    return status == STATUS_OK ? read_file(path, key, error) : status;
}

void reply_key_wipe(struct reply_key *key) {
    sodium_memzero(key, sizeof *key);
}
