/* The rules for a new password, with a sentence for who breaks them. */
#include "cli/credentials.h"

#include <sodium.h>

static enum status normalise(struct password *password, struct error *error) {
    uint8_t bytes[PASSWORD_SIZE_MAX];
    size_t size = 0;
    if (!password_normalise(password_view(password), bytes, &size)) {
        return error_set(error, STATUS_INVALID, "the password is too long, or not UTF-8");
    }
    memcpy(password->bytes, bytes, size);
    password->size = size;
    sodium_memzero(bytes, sizeof bytes);
    return STATUS_OK;
}

enum status password_read_new(struct password *password, const char *login, struct error *error) {
    enum status status = password_read(password, error);
    if (status == STATUS_OK) {
        status = normalise(password, error);
    }
    if (status == STATUS_OK && !password_is_good(password_view(password), view_text(login))) {
        status = error_set(
            error,
            STATUS_INVALID,
            "a password has %d to %d characters, none of them a control character, and is neither "
            "well known nor made of the login, common words, runs or repetitions",
            PASSWORD_POINTS_MIN,
            PASSWORD_POINTS_MAX);
    }
    if (status != STATUS_OK) {
        password_wipe(password);
    }
    return status;
}

void password_wipe(struct password *password) {
    sodium_memzero(password, sizeof *password);
}
