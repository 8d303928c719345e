/* One JWK, checked for what OpenSSL would accept without a word: short or even moduli, exponent 1,
 * points off the curve, secrets shorter than the digest. */
#include "security/jwk.h"

#include "security/base64url.h"
#include "security/public_key.h"
#include "security/strict_json.h"

#include <sodium.h>

static const struct token_algorithm algorithms[] = {
    {"RS256", "RSA", 0, JWT_ALG_RS256},
    {"RS384", "RSA", 0, JWT_ALG_RS384},
    {"RS512", "RSA", 0, JWT_ALG_RS512},
    {"ES256", "EC", 0, JWT_ALG_ES256},
    {"HS256", "oct", 32, JWT_ALG_HS256},
    {"HS384", "oct", 48, JWT_ALG_HS384},
    {"HS512", "oct", 64, JWT_ALG_HS512},
};

const struct token_algorithm *token_algorithm_find(struct view name) {
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (view_is(name, algorithms[i].name)) {
            return &algorithms[i];
        }
    }
    return NULL;
}

static bool is_key_id_character(uint8_t character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z')
           || (character >= '0' && character <= '9') || character == '_' || character == '-';
}

bool key_id_valid(struct view kid) {
    bool valid = kid.data != NULL && kid.size >= 1 && kid.size <= KEY_ID_SIZE_MAX;
    for (size_t i = 0; valid && i < kid.size; i++) {
        valid = is_key_id_character(kid.data[i]);
    }
    return valid;
}

static bool operations_include_verify(const json_t *operations) {
    size_t index;
    const json_t *operation;
    json_array_foreach(operations, index, operation) {
        if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0) {
            return true;
        }
    }
    return false;
}

bool jwk_is_for_signatures(const json_t *jwk) {
    const json_t *use = json_object_get(jwk, "use");
    const json_t *operations = json_object_get(jwk, "key_ops");
    if (use != NULL && !view_is(strict_json_text(jwk, "use"), "sig")) {
        return false;
    }
    return operations == NULL || operations_include_verify(operations);
}

static enum status refuse(
    const struct verification_key *key, struct error *error, const char *why) {
    return error_set(error, STATUS_INVALID, "key %s: %s", key->kid, why);
}

bool oct_secret_is_sound(struct view secret, const struct token_algorithm *algorithm) {
    return secret.size >= algorithm->secret_size_min && secret.size <= OCT_SIZE_MAX
           && memcmp(secret.data, secret.data + 1, secret.size - 1) != 0
           && !view_starts_with(secret, view_text("-----BEGIN"));
}

static enum status read_oct(const json_t *jwk, struct verification_key *key, struct error *error) {
    uint8_t secret[OCT_SIZE_MAX];
    size_t size = 0;
    struct view text = strict_json_text(jwk, "k");
    bool usable = base64url_decode(text, secret, sizeof secret, &size)
                  && oct_secret_is_sound(view_of(secret, size), key->algorithm)
                  && key_bytes_copy(view_of(secret, size), &key->bytes);
    sodium_memzero(secret, sizeof secret);
    strict_json_wipe_text(jwk, "k");
    if (!usable) {
        return refuse(
            key,
            error,
            "k is not base64url of a good secret: as long as the algorithm's digest, "
            "at most 512 bytes, not one byte repeated, no PEM");
    }
    return STATUS_OK;
}

static enum status read_rsa(const json_t *jwk, struct verification_key *key, struct error *error) {
    uint8_t modulus[RSA_BITS_MAX / 8];
    uint8_t exponent[4];
    struct view n = {modulus, 0};
    struct view e = {exponent, 0};
    if (!base64url_decode(strict_json_text(jwk, "n"), modulus, sizeof modulus, &n.size)
        || !base64url_decode(strict_json_text(jwk, "e"), exponent, sizeof exponent, &e.size)) {
        return refuse(key, error, "n or e is not base64url, or too long");
    }
    if (!public_key_rsa_pem(n, e, &key->bytes)) {
        return refuse(
            key,
            error,
            "not a sound RSA public key of 2048 to 8192 bits with an odd e of at least 65537");
    }
    return STATUS_OK;
}

static enum status read_ec(const json_t *jwk, struct verification_key *key, struct error *error) {
    uint8_t point[65] = {4}; /* SEC 1: uncompressed, x, y */
    size_t x_size = 0;
    size_t y_size = 0;
    if (!view_is(strict_json_text(jwk, "crv"), "P-256")) {
        return refuse(key, error, "crv is not P-256");
    }
    bool decoded = base64url_decode(strict_json_text(jwk, "x"), point + 1, 32, &x_size)
                   && base64url_decode(strict_json_text(jwk, "y"), point + 33, 32, &y_size);
    if (!decoded || x_size != 32 || y_size != 32) {
        return refuse(key, error, "x or y is not base64url of 32 bytes");
    }
    if (!public_key_ec_pem(view_of(point, sizeof point), &key->bytes)) {
        return refuse(key, error, "x and y are not a point of the curve");
    }
    return STATUS_OK;
}

static enum status read_material(
    const json_t *jwk, struct verification_key *key, struct error *error) {
    if (strcmp(key->algorithm->key_type, "oct") == 0) {
        return read_oct(jwk, key, error);
    }
    return strcmp(key->algorithm->key_type, "RSA") == 0 ? read_rsa(jwk, key, error)
                                                        : read_ec(jwk, key, error);
}

enum status jwk_read(
    const json_t *jwk, size_t position, struct verification_key *key, struct error *error) {
    *key = (struct verification_key){0};
    struct view kid = strict_json_text(jwk, "kid");
    if (!key_id_valid(kid)) {
        return error_set(
            error,
            STATUS_INVALID,
            "key number %zu: kid is not 1 to 64 of the characters A-Z a-z 0-9 _ -",
            position + 1);
    }
    memcpy(key->kid, kid.data, kid.size);
    key->algorithm = token_algorithm_find(strict_json_text(jwk, "alg"));
    if (key->algorithm == NULL) {
        return refuse(
            key, error, "alg is not one of RS256, RS384, RS512, ES256, HS256, HS384, HS512");
    }
    if (!view_is(strict_json_text(jwk, "kty"), key->algorithm->key_type)) {
        return error_set(
            error,
            STATUS_INVALID,
            "key %s: kty is not %s, which %s needs",
            key->kid,
            key->algorithm->key_type,
            key->algorithm->name);
    }
    return read_material(jwk, key, error);
}

void verification_key_clean_up(struct verification_key *key) {
    key_bytes_clean_up(&key->bytes);
}

json_t *jwk_public(const json_t *jwk) {
    static const char *const members[] = {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"};
    struct view type = strict_json_text(jwk, "kty");
    json_t *public = NULL;
    if (view_is(type, "RSA") || view_is(type, "EC")) {
        public = json_object();
    }
    for (size_t i = 0; public != NULL && i < sizeof members / sizeof members[0]; i++) {
        json_t *value = json_object_get(jwk, members[i]);
        if (value != NULL && json_object_set(public, members[i], value) != 0) {
            json_decref(public);
            public = NULL;
        }
    }
    return public;
}
