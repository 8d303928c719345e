/* Reads a statement about sealing keys: the signature by libjwt, all else by our strict readers, as
 * with tokens. */
#include "security/statement.h"

#include "security/base64url.h"
#include "security/strict_json.h"

#include <openssl/err.h>

enum { SEGMENT_SIZE_MAX = STATEMENT_SIZE_MAX * 3 / 4, DEPTH_MAX = 8 };

/* The JSON object before the next dot, where `rest` begins then; NULL: none. */
static json_t *take_segment(struct view *rest) {
    static const struct view none = {NULL, 0};
    uint8_t text[SEGMENT_SIZE_MAX];
    size_t size = 0;
    const uint8_t *dot =
        rest->size == 0 ? NULL : (const uint8_t *)memchr(rest->data, '.', rest->size);
    struct view segment = dot == NULL ? none : view_of(rest->data, (size_t)(dot - rest->data));
    if (segment.data == NULL || !base64url_decode(segment, text, sizeof text, &size)) {
        return NULL;
    }
    *rest = view_from(*rest, segment.size + 1);
    return strict_json_object(view_of(text, size), DEPTH_MAX, NULL);
}

static const struct verification_key *find_key(const json_t *header, const struct jwks *jwks) {
    struct view kid = strict_json_text(header, "kid");
    const struct verification_key *key = kid.data == NULL ? NULL : jwks_find(jwks, kid);
    bool fits = key != NULL && json_object_get(header, "crit") == NULL
                && token_algorithm_find(strict_json_text(header, "alg")) == key->algorithm;
    return fits ? key : NULL;
}

/* libjwt takes the algorithm from the text, so it is compared with the key's before and after. */
static bool signature_holds(struct view compact, const struct verification_key *key) {
    char text[STATEMENT_SIZE_MAX + 1];
    jwt_t *jwt = NULL;
    if (key->bytes.size == 0) {
        return false;
    }
    memcpy(text, compact.data, compact.size);
    text[compact.size] = '\0';
    bool holds = jwt_decode(&jwt, text, key->bytes.data, (int)key->bytes.size) == 0
                 && jwt_get_alg(jwt) == key->algorithm->libjwt;
    jwt_free(jwt);
    ERR_clear_error();
    return holds;
}

static bool read_payload(const json_t *payload, struct statement *statement) {
    const json_t *issued_at = json_object_get(payload, "iat");
    const json_t *first = json_array_get(json_object_get(payload, "seal_keys"), 0);
    struct view kid = strict_json_text(first, "key_id");
    struct view key = strict_json_text(first, "public_key");
    size_t size = 0;
    *statement = (struct statement){.issued_at_s = json_integer_value(issued_at)};
    if (!view_is(strict_json_text(payload, "aud"), STATEMENT_AUDIENCE)
        || !json_is_integer(issued_at) || !key_id_valid(kid)
        || !base64url_decode(key, statement->first.key, SEAL_KEY_SIZE, &size)
        || size != SEAL_KEY_SIZE) {
        return false;
    }
    memcpy(statement->first.kid, kid.data, kid.size);
    return true;
}

bool statement_read(struct view compact, const struct jwks *jwks, struct statement *statement) {
    struct view rest = compact;
    if (compact.size > STATEMENT_SIZE_MAX
        || (compact.size > 0 && memchr(compact.data, '\0', compact.size) != NULL)) {
        return false;
    }
    json_t *header = take_segment(&rest);
    json_t *payload = header == NULL ? NULL : take_segment(&rest);
    const struct verification_key *key = payload == NULL ? NULL : find_key(header, jwks);
    bool good = key != NULL && signature_holds(compact, key) && read_payload(payload, statement);
    json_decref(header);
    json_decref(payload);
    return good;
}
