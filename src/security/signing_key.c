/* Finds the signing key's own entry in the JWK Set: its public part decides, so that replacing the
 * key file is all that a rotation takes. */
#include "security/signing_key.h"

#include "security/jwks.h"

#include <stdlib.h>

static const struct verification_key *find_entry(
    const struct jwks *jwks, struct view secret, const char *hint) {
    const struct verification_key *hinted = jwks_find(jwks, view_text(hint));
    if (hinted != NULL && private_key_is_of(secret, hinted)) {
        return hinted;
    }
    for (size_t i = 0; i < jwks->count; i++) {
        if (private_key_is_of(secret, &jwks->keys[i])) {
            return &jwks->keys[i];
        }
    }
    return NULL;
}

/* NULL with *error set, naming the file. */
static struct jwks *read_set(const char *path, char **public_jwks, struct error *error) {
    struct key_bytes text;
    struct error why = {""};
    if (key_file_read(path, JWKS_SIZE_MAX, &text, error) != STATUS_OK) {
        return NULL;
    }
    struct jwks *jwks = jwks_parse(key_bytes_view(&text), &why);
    *public_jwks = jwks == NULL ? NULL : jwks_public_text(key_bytes_view(&text), &why);
    key_bytes_clean_up(&text);
    if (*public_jwks == NULL) {
        (void)error_set(error, STATUS_INVALID, "%s: %s", path, why.text);
        jwks_destroy(jwks);
        return NULL;
    }
    return jwks;
}

enum status signing_key_load(
    const char *key_file,
    const char *jwks_file,
    const char *hint,
    struct signing_key *key,
    struct error *error) {
    *key = (struct signing_key){.kid = ""};
    enum status status = key_file_read(key_file, PRIVATE_KEY_SIZE_MAX, &key->secret, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct jwks *jwks = read_set(jwks_file, &key->public_jwks, error);
    if (jwks == NULL) {
        return STATUS_INVALID;
    }
    const struct verification_key *entry = find_entry(jwks, key_bytes_view(&key->secret), hint);
    if (entry == NULL) {
        status = error_set(
            error,
            STATUS_INVALID,
            "%s is not the private part, unencrypted, of any key in %s",
            key_file,
            jwks_file);
    } else {
        memcpy(key->kid, entry->kid, sizeof key->kid);
        key->algorithm = entry->algorithm;
    }
    jwks_destroy(jwks);
    return status;
}

void signing_key_clean_up(struct signing_key *key) {
    key_bytes_clean_up(&key->secret);
    free(key->public_jwks);
    *key = (struct signing_key){.kid = ""};
}
