/* What is wrong with a password that an operator gives. */
#include "cli/credentials.h"

#include <sodium.h>

static const char *put_into_nfc(struct password *password) {
    uint8_t normalised[PASSWORD_SIZE_MAX];
    size_t size = 0;
    if (!password_normalise(password_view(password), normalised, &size)) {
        return "the password is not UTF-8, or too long";
    }
    password_wipe(password);
    memcpy(password->bytes, normalised, size);
    password->size = size;
    sodium_memzero(normalised, sizeof normalised);
    return NULL;
}

enum status password_check(struct password *password, const char *login, struct error *error) {
    const char *flaw = put_into_nfc(password);
    if (flaw == NULL) {
        flaw = password_flaw(
            password_view(password), login == NULL ? view_of(NULL, 0) : view_text(login));
    }
    return flaw == NULL ? STATUS_OK : error_set(error, STATUS_INVALID, "%s", flaw);
}

void password_wipe(struct password *password) {
    sodium_memzero(password, sizeof *password);
}
