/* A folder with one sealing key, always the same, "seal"; it is removed at exit. */
#ifndef SLOTKEEPER_TESTS_FUZZ_SEAL_H
#define SLOTKEEPER_TESTS_FUZZ_SEAL_H

#include "fuzz.h"
#include "security/seal.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

static uint8_t fuzz_public_key[crypto_box_PUBLICKEYBYTES];
static char fuzz_folder[256];

static inline void fuzz_write_key(const char *name, const uint8_t *key) {
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", fuzz_folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert(file >= 0 && write(file, key, SEAL_KEY_SIZE) == SEAL_KEY_SIZE);
    (void)close(file);
}

static void fuzz_remove_folder(void) {
    static const char *const names[] = {"seal.key", "seal.pub", ""};
    char path[300];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", fuzz_folder, names[i]);
        (void)remove(path);
    }
}

static inline struct seal_keys *fuzz_seal_keys(void) {
    static const uint8_t seed[crypto_box_SEEDBYTES] = {1, 2, 3};
    uint8_t secret_key[crypto_box_SECRETKEYBYTES];
    struct error error;
    const char *parent = getenv("TMPDIR");
    assert(sodium_init() >= 0);
    assert(crypto_box_seed_keypair(fuzz_public_key, secret_key, seed) == 0);
    (void)snprintf(
        fuzz_folder, sizeof fuzz_folder, "%s/fuzz-seal-XXXXXX", parent == NULL ? "/tmp" : parent);
    assert(mkdtemp(fuzz_folder) != NULL);
    fuzz_write_key("seal.pub", fuzz_public_key);
    fuzz_write_key("seal.key", secret_key);
    struct seal_keys *keys = seal_keys_new(fuzz_folder, &error);
    assert(keys != NULL);
    (void)atexit(fuzz_remove_folder);
    return keys;
}

#endif
