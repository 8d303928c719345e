/* A JWK Set as verifiers use it; jwks_file.c is the operator's side. */
#include "security/jwks.h"

#include "security/strict_json.h"

#include <stdlib.h>

static enum status add_key(
    struct jwks *jwks, const json_t *jwk, size_t position, struct error *error) {
    if (!json_is_object(jwk)) {
        return error_set(error, STATUS_INVALID, "key number %zu is not an object", position + 1);
    }
    if (!jwk_is_for_signatures(jwk)) {
        return STATUS_OK;
    }
    if (jwks->count == JWKS_KEYS_MAX) {
        return error_set(error, STATUS_INVALID, "more than %d keys", (int)JWKS_KEYS_MAX);
    }
    struct verification_key *key = &jwks->keys[jwks->count];
    enum status status = jwk_read(jwk, position, key, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (jwks_find(jwks, view_text(key->kid)) != NULL) {
        status = error_set(error, STATUS_INVALID, "key %s: the kid is there twice", key->kid);
        verification_key_clean_up(key);
        return status;
    }
    jwks->count++;
    return STATUS_OK;
}

static enum status add_keys(struct jwks *jwks, const json_t *set, struct error *error) {
    const json_t *keys = json_object_get(set, "keys");
    if (!json_is_array(keys)) {
        return error_set(error, STATUS_INVALID, "no array of keys");
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(keys); i++) {
        status = add_key(jwks, json_array_get(keys, i), i, error);
    }
    if (status == STATUS_OK && jwks->count == 0) {
        status = error_set(error, STATUS_INVALID, "no key that verifies tokens");
    }
    return status;
}

struct jwks *jwks_parse(struct view text, struct error *error) {
    int line = 0;
    json_t *set = strict_json_object(text, JWKS_DEPTH_MAX, &line);
    if (set == NULL) {
        (void)error_set(
            error,
            STATUS_INVALID,
            "not a JSON object without doubled members and deep nesting (line %d)",
            line);
        return NULL;
    }
    struct jwks *jwks = calloc(1, sizeof *jwks);
    enum status status = jwks == NULL ? error_set(error, STATUS_RETRY, "no memory for the keys")
                                      : add_keys(jwks, set, error);
    json_decref(set);
    if (status != STATUS_OK) {
        jwks_destroy(jwks);
        return NULL;
    }
    return jwks;
}

void jwks_destroy(struct jwks *jwks) {
    for (size_t i = 0; jwks != NULL && i < jwks->count; i++) {
        verification_key_clean_up(&jwks->keys[i]);
    }
    free(jwks);
}

const struct verification_key *jwks_find(const struct jwks *jwks, struct view kid) {
    for (size_t i = 0; i < jwks->count; i++) {
        if (view_is(kid, jwks->keys[i].kid)) {
            return &jwks->keys[i];
        }
    }
    return NULL;
}
