/* What the signing key makes, through libjwt. */
#include "security/base64url.h"
#include "security/signing_key.h"

#include <jwt.h>

#include <openssl/err.h>
#include <stdlib.h>

static int add_version(jwt_t *jwt, const struct claims *claims) {
    return claims->has_version ? jwt_add_grant_int(jwt, "ver", claims->version) : 0;
}

static bool add_claims(jwt_t *jwt, const struct signing_names *names, const struct claims *claims) {
    char subject[UUID_TEXT_SIZE + 1];
    char token_id[UUID_TEXT_SIZE + 1];
    uuid_format(claims->subject, subject);
    uuid_format(uuid_random(), token_id);
    return jwt_add_grant(jwt, "iss", names->issuer) == 0
           && jwt_add_grant(jwt, "aud", names->audience) == 0
           && jwt_add_grant(jwt, "sub", subject) == 0
           && jwt_add_grant(jwt, "role", role_name(claims->role)) == 0
           && jwt_add_grant(jwt, "jti", token_id) == 0
           && jwt_add_grant_int(jwt, "iat", (long)claims->issued_at_s) == 0
           && jwt_add_grant_int(jwt, "exp", (long)claims->expires_at_s) == 0
           && add_version(jwt, claims) == 0;
}

/* Gives `jwt` back to libjwt; NULL if it was not `whole`, or cannot be signed. */
static char *encode(jwt_t *jwt, bool whole, const struct signing_key *key) {
    char *token = NULL;
    if (whole && jwt_add_header(jwt, "kid", key->kid) == 0
        && jwt_set_alg(jwt, key->algorithm->libjwt, key->secret.data, (int)key->secret.size) == 0) {
        token = jwt_encode_str(jwt);
    }
    jwt_free(jwt);
    ERR_clear_error();
    return token;
}

char *signing_key_token(
    const struct signing_key *key, const struct signing_names *names, const struct claims *claims) {
    jwt_t *jwt = NULL;
    if (jwt_new(&jwt) != 0) {
        return NULL;
    }
    return encode(jwt, add_claims(jwt, names, claims), key);
}

/* ---- the statement ---- */

static json_t *seal_key_json(const struct seal_public *key) {
    char text[BASE64URL_TEXT_SIZE(SEAL_KEY_SIZE)];
    base64url_encode(view_of(key->key, SEAL_KEY_SIZE), text, sizeof text);
    return json_pack("{s:s, s:s}", "key_id", key->kid, "public_key", text);
}

/* {"seal_keys": [...]}, malloc'ed; NULL: no memory. */
static char *seal_keys_text(const struct seal_public *keys, size_t count) {
    json_t *array = json_array();
    bool whole = array != NULL;
    for (size_t i = 0; i < count; i++) {
        whole = whole && json_array_append_new(array, seal_key_json(&keys[i])) == 0;
    }
    json_t *object = json_pack("{s:o}", "seal_keys", array);
    char *text = whole && object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

char *signing_key_statement(
    const struct signing_key *key,
    const struct signing_names *names,
    const struct seal_public *keys,
    size_t count,
    int64_t now_s) {
    jwt_t *jwt = NULL;
    char *seal_keys = seal_keys_text(keys, count);
    if (seal_keys == NULL || jwt_new(&jwt) != 0) {
        free(seal_keys);
        return NULL;
    }
    bool whole = jwt_add_grant(jwt, "iss", names->issuer) == 0
                 && jwt_add_grant(jwt, "aud", names->audience) == 0
                 && jwt_add_grant_int(jwt, "iat", (long)now_s) == 0
                 && jwt_add_grants_json(jwt, seal_keys) == 0;
    free(seal_keys);
    return encode(jwt, whole, key);
}
