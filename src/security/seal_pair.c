/* Makes the key pairs that seal what callers send. */
#include "security/seal_folder.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum status seal_folder_make(const char *folder, struct error *error) {
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return error_set(error, STATUS_INVALID, "cannot make the folder %s", folder);
    }
    return STATUS_OK;
}

/* The secret key first: a public key without its secret would invite boxes that nobody opens. */
static enum status write_pair(
    const char *secret_path,
    const char *public_path,
    struct view secret,
    struct view public,
    struct error *error) {
    enum status status = key_file_create(secret_path, 0600, secret, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = key_file_create(public_path, 0644, public, error);
    if (status != STATUS_OK) {
        (void)unlink(secret_path);
    }
    return status;
}

enum status seal_pair_generate(const char *folder, const char *kid, struct error *error) {
    char secret_path[PATH_MAX];
    char public_path[PATH_MAX];
    uint8_t secret[SEAL_KEY_SIZE];
    uint8_t public[SEAL_KEY_SIZE];
    _Static_assert(crypto_box_SECRETKEYBYTES == SEAL_KEY_SIZE, "an X25519 key is 32 bytes");
    assert(key_id_valid(view_text(kid)));
    if (sodium_init() < 0) {
        return error_set(error, STATUS_FATAL, "libsodium does not start");
    }
    if (seal_folder_path(secret_path, folder, kid, ".key", error) != STATUS_OK
        || seal_folder_path(public_path, folder, kid, ".pub", error) != STATUS_OK
        || seal_folder_make(folder, error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    (void)crypto_box_keypair(public, secret);
    enum status status = write_pair(
        secret_path,
        public_path,
        view_of(secret, sizeof secret),
        view_of(public, sizeof public),
        error);
    sodium_memzero(secret, sizeof secret);
    return status;
}
