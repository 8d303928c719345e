/* Rules for logins and passwords, and the hash. */
#include "cli/credentials.h"

#include "wire/utf8.h"

#include <argon2.h>

#include <sodium.h>
#include <string.h>

enum {
    HASH_MEMORY_KIB = 19 * 1024,
    HASH_PASSES = 2,
    HASH_LANES = 1,
    SALT_SIZE = 16,
    HASH_SIZE = 32
};

static bool is_login_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')
           || (character != '\0' && strchr("._@+-", character) != NULL);
}

enum status login_read(const char *text, char login[LOGIN_SIZE_MAX + 1], struct error *error) {
    size_t size = strlen(text);
    bool good = size >= LOGIN_SIZE_MIN && size <= LOGIN_SIZE_MAX;
    for (size_t i = 0; good && i < size; i++) {
        bool upper = text[i] >= 'A' && text[i] <= 'Z';
        login[i] = (char)(upper ? text[i] + ('a' - 'A') : text[i]);
        good = is_login_character(login[i]);
    }
    if (!good) {
        return error_set(
            error,
            STATUS_INVALID,
            "a login is %d to %d letters of a-z, digits and . _ @ + -",
            LOGIN_SIZE_MIN,
            LOGIN_SIZE_MAX);
    }
    login[size] = '\0';
    return STATUS_OK;
}

/* C0, DEL, and C1, which UTF-8 writes as C2 80 to C2 9F. */
static bool has_control_character(struct view text) {
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool c1 = i > 0 && text.data[i - 1] == 0xc2U && byte < 0xa0U;
        if (byte < 0x20U || byte == 0x7fU || c1) {
            return true;
        }
    }
    return false;
}

static size_t count_points(struct view text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += (text.data[i] & 0xc0U) != 0x80U ? 1 : 0;
    }
    return count;
}

enum status password_check(struct view password, struct error *error) {
    if (!utf8_is_text(password)) {
        return error_set(error, STATUS_INVALID, "the password is not UTF-8");
    }
    if (has_control_character(password)) {
        return error_set(error, STATUS_INVALID, "the password has a control character");
    }
    size_t points = count_points(password);
    if (points < PASSWORD_POINTS_MIN || points > PASSWORD_POINTS_MAX) {
        return error_set(
            error,
            STATUS_INVALID,
            "a password has %d to %d characters",
            PASSWORD_POINTS_MIN,
            PASSWORD_POINTS_MAX);
    }
    return STATUS_OK;
}

enum status password_hash(
    struct view password, char encoded[PASSWORD_HASH_SIZE], struct error *error) {
    uint8_t salt[SALT_SIZE];
    if (sodium_init() < 0) {
        return error_set(error, STATUS_FATAL, "there is no source of random bytes");
    }
    randombytes_buf(salt, sizeof salt);
    int failure = argon2id_hash_encoded(
        HASH_PASSES,
        HASH_MEMORY_KIB,
        HASH_LANES,
        password.data,
        password.size,
        salt,
        sizeof salt,
        HASH_SIZE,
        encoded,
        PASSWORD_HASH_SIZE);
    if (failure != ARGON2_OK) {
        return error_set(
            error,
            STATUS_FATAL,
            "the password cannot be hashed: %s",
            argon2_error_message(failure));
    }
    return STATUS_OK;
}

void password_wipe(struct password *password) {
    sodium_memzero(password, sizeof *password);
}
