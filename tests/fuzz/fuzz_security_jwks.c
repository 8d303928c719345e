/* A JWK Set file. */
#include "fuzz.h"
#include "security/jwks.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return 0;
}

static size_t count_public(const struct jwks *jwks) {
    size_t count = 0;
    for (size_t i = 0; i < jwks->count; i++) {
        count += strcmp(jwks->keys[i].algorithm->key_type, "oct") != 0 ? 1 : 0;
    }
    return count;
}

static void check_keys(const struct jwks *jwks) {
    assert(jwks->count >= 1 && jwks->count <= JWKS_KEYS_MAX);
    for (size_t i = 0; i < jwks->count; i++) {
        const struct verification_key *key = &jwks->keys[i];
        struct view kid = view_text(key->kid);
        assert(key_id_valid(kid) && jwks_find(jwks, kid) == key);
        assert(key->algorithm != NULL && key->bytes.size > 0);
        assert(key->bytes.size >= key->algorithm->secret_size_min);
    }
}

/* Nothing but numbers and names that everybody may know. */
static void check_member(const char *name) {
    static const char *const known[] = {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"};
    size_t i = 0;
    while (i < sizeof known / sizeof known[0] && strcmp(known[i], name) != 0) {
        i++;
    }
    assert(i < sizeof known / sizeof known[0]);
}

static void check_public_text(const char *text) {
    size_t index;
    json_t *key;
    const char *name;
    json_t *value;
    json_t *set = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert(json_is_object(set) && strchr(text, '\n') == NULL);
    json_array_foreach(json_object_get(set, "keys"), index, key) {
        json_object_foreach(key, name, value) {
            check_member(name);
        }
    }
    json_decref(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error error = {""};
    struct view text = view_of(data, size);
    struct jwks *jwks = jwks_parse(text, &error);
    char *public = jwks_public_text(text, &error);
    if (public != NULL) {
        check_public_text(public);
    }
    if (jwks == NULL) {
        assert(error.text[0] != '\0');
    } else {
        check_keys(jwks);
        assert(public != NULL);
        struct jwks *again = jwks_parse(view_text(public), &error);
        assert(count_public(jwks) == (again == NULL ? 0 : again->count));
        jwks_destroy(again);
    }
    free(public);
    jwks_destroy(jwks);
    return 0;
}
