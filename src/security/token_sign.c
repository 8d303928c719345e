/* Signs tokens through libjwt. The key is checked first: libjwt would sign with a 512-bit RSA key,
 * and ask for a passphrase on the terminal. */
#include "security/private_key.h"
#include "security/token.h"

#include <jwt.h>

#include <openssl/err.h>

static int add_version(jwt_t *jwt, const struct claims *claims) {
    return claims->has_version ? jwt_add_grant_int(jwt, "ver", claims->version) : 0;
}

static bool add_claims(jwt_t *jwt, const struct token_request *request) {
    const struct claims *claims = &request->claims;
    char subject[UUID_TEXT_SIZE + 1];
    char token_id[UUID_TEXT_SIZE + 1];
    uuid_format(claims->subject, subject);
    uuid_format(uuid_random(), token_id);
    return jwt_add_header(jwt, "kid", request->kid) == 0
           && jwt_add_grant(jwt, "iss", request->issuer) == 0
           && jwt_add_grant(jwt, "aud", request->audience) == 0
           && jwt_add_grant(jwt, "sub", subject) == 0
           && jwt_add_grant(jwt, "role", role_name(claims->role)) == 0
           && jwt_add_grant(jwt, "jti", token_id) == 0
           && jwt_add_grant_int(jwt, "iat", (long)claims->issued_at_s) == 0
           && jwt_add_grant_int(jwt, "exp", (long)claims->expires_at_s) == 0
           && add_version(jwt, claims) == 0;
}

static char *encode(
    const struct token_request *request,
    const struct token_algorithm *algorithm,
    const struct key_bytes *secret) {
    jwt_t *jwt = NULL;
    char *token = NULL;
    if (jwt_new(&jwt) != 0) {
        return NULL;
    }
    if (add_claims(jwt, request)
        && jwt_set_alg(jwt, algorithm->libjwt, secret->data, (int)secret->size) == 0) {
        token = jwt_encode_str(jwt);
    }
    jwt_free(jwt);
    ERR_clear_error();
    return token;
}

enum status token_sign(const struct token_request *request, char **token, struct error *error) {
    const struct token_algorithm *algorithm = token_algorithm_find(view_text(request->algorithm));
    struct key_bytes secret;
    *token = NULL;
    if (algorithm == NULL || !key_id_valid(view_text(request->kid))) {
        return error_set(error, STATUS_INVALID, "no such algorithm, or not a key id");
    }
    enum status status =
        key_file_read(request->signing_key_file, PRIVATE_KEY_SIZE_MAX, &secret, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (private_key_fits(key_bytes_view(&secret), algorithm)) {
        *token = encode(request, algorithm, &secret);
    }
    key_bytes_clean_up(&secret);
    if (*token == NULL) {
        status = error_set(
            error,
            STATUS_INVALID,
            "%s does not hold an unencrypted key that signs with %s",
            request->signing_key_file,
            algorithm->name);
    }
    return status;
}
