/* Argon2id through libargon2. A stored hash is read by a strict reader of ours first: libargon2
 * would take as much memory and time as the text asks for. */
#include "security/password.h"

#include <argon2.h>

#include <sodium.h>

enum { SALT_SIZE = 16, SALT_SIZE_MIN = 8, HASH_SIZE = 32, HASH_SIZE_MIN = 16, BYTES_MAX = 64 };

struct stored_hash {
    struct hash_parameters parameters;
    uint8_t salt[BYTES_MAX];
    size_t salt_size;
    uint8_t hash[BYTES_MAX];
    size_t hash_size;
};

bool hash_parameters_sound(const struct hash_parameters *parameters) {
    return parameters->lanes >= 1 && parameters->lanes <= HASH_LANES_MAX && parameters->passes >= 1
           && parameters->passes <= HASH_PASSES_MAX
           && parameters->memory_kib >= 8 * parameters->lanes
           && parameters->memory_kib <= HASH_MEMORY_KIB_MAX;
}

/* ---- reading ---- */

static bool take_text(const char **at, const char *text) {
    size_t size = strlen(text);
    if (strncmp(*at, text, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

/* Up to six digits, no leading zero. */
static bool take_number(const char **at, uint32_t *number) {
    size_t size = strspn(*at, "0123456789");
    *number = 0;
    if (size == 0 || size > 6 || **at == '0') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        *number = *number * 10 + (uint32_t)((*at)[i] - '0');
    }
    *at += size;
    return true;
}

static bool take_bytes(const char **at, uint8_t bytes[BYTES_MAX], size_t *size) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strspn(*at, alphabet);
    bool taken = sodium_base642bin(
                     bytes,
                     BYTES_MAX,
                     *at,
                     length,
                     NULL,
                     size,
                     NULL,
                     sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
                 == 0;
    *at += length;
    return taken;
}

static bool read_stored(const char *encoded, struct stored_hash *stored) {
    struct hash_parameters *parameters = &stored->parameters;
    const char *at = encoded;
    return take_text(&at, "$argon2id$v=19$m=") && take_number(&at, &parameters->memory_kib)
           && take_text(&at, ",t=") && take_number(&at, &parameters->passes)
           && take_text(&at, ",p=") && take_number(&at, &parameters->lanes) && take_text(&at, "$")
           && take_bytes(&at, stored->salt, &stored->salt_size) && take_text(&at, "$")
           && take_bytes(&at, stored->hash, &stored->hash_size) && *at == '\0'
           && hash_parameters_sound(parameters) && stored->salt_size >= SALT_SIZE_MIN
           && stored->hash_size >= HASH_SIZE_MIN;
}

/* ---- hashing ---- */

static enum status failed(int failure, struct error *error) {
    bool scarce = failure == ARGON2_MEMORY_ALLOCATION_ERROR || failure == ARGON2_THREAD_FAIL;
    return error_set(
        error,
        scarce ? STATUS_RETRY : STATUS_FATAL,
        "a password cannot be hashed: %s",
        argon2_error_message(failure));
}

enum status password_hash(
    const struct hash_parameters *parameters,
    struct view normalised,
    char encoded[PASSWORD_HASH_SIZE],
    struct error *error) {
    uint8_t salt[SALT_SIZE];
    if (!hash_parameters_sound(parameters)) {
        return error_set(
            error,
            STATUS_INVALID,
            "Argon2 takes 8 to 65536 KiB (8 for each lane), 1 to 10 passes, 1 to 4 lanes");
    }
    if (sodium_init() < 0) {
        return error_set(error, STATUS_FATAL, "there is no source of random bytes");
    }
    randombytes_buf(salt, sizeof salt);
    int failure = argon2id_hash_encoded(
        parameters->passes,
        parameters->memory_kib,
        parameters->lanes,
        normalised.data,
        normalised.size,
        salt,
        sizeof salt,
        HASH_SIZE,
        encoded,
        PASSWORD_HASH_SIZE);
    return failure == ARGON2_OK ? STATUS_OK : failed(failure, error);
}

enum status password_compare(
    const char *encoded, struct view normalised, bool *right, struct error *error) {
    struct stored_hash stored;
    uint8_t hash[BYTES_MAX];
    *right = false;
    if (!read_stored(encoded, &stored)) {
        return error_set(
            error, STATUS_INVALID, "a stored hash is not Argon2id, or asks for more than we give");
    }
    int failure = argon2id_hash_raw(
        stored.parameters.passes,
        stored.parameters.memory_kib,
        stored.parameters.lanes,
        normalised.data,
        normalised.size,
        stored.salt,
        stored.salt_size,
        hash,
        stored.hash_size);
    *right = failure == ARGON2_OK && sodium_memcmp(hash, stored.hash, stored.hash_size) == 0;
    sodium_memzero(hash, sizeof hash);
    return failure == ARGON2_OK ? STATUS_OK : failed(failure, error);
}

bool password_verify(const char *encoded, struct view normalised) {
    struct error error;
    bool right = false;
    return password_compare(encoded, normalised, &right, &error) == STATUS_OK && right;
}

bool password_hash_is_current(const char *encoded, const struct hash_parameters *parameters) {
    struct stored_hash stored;
    return read_stored(encoded, &stored) && stored.salt_size == SALT_SIZE
           && stored.hash_size == HASH_SIZE
           && stored.parameters.memory_kib == parameters->memory_kib
           && stored.parameters.passes == parameters->passes
           && stored.parameters.lanes == parameters->lanes;
}
