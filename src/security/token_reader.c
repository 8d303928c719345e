/* What libjwt takes and we do not: doubled members (its last one wins), `crit`, padding and the
 * standard base64 alphabet, times that are strings or fractions (it reads 0), a missing claim.
 * Nothing is trusted yet, so nothing here costs more than the header's 8 KiB allow. */
#include "security/token_reader.h"

#include "base/time.h"
#include "security/base64url.h"
#include "security/strict_json.h"

#include <assert.h>

enum { SEGMENT_SIZE_MAX = AUTHORIZATION_SIZE_MAX * 3 / 4, CLAIM_TEXT_SIZE_MAX = 1024 };

enum segment { SEGMENT_HEADER, SEGMENT_PAYLOAD, SEGMENT_SIGNATURE, SEGMENT_COUNT };

static bool split(struct view compact, struct view segments[SEGMENT_COUNT]) {
    size_t start = 0;
    size_t count = 0;
    for (size_t i = 0; i <= compact.size; i++) {
        if (i < compact.size && compact.data[i] != '.') {
            continue;
        }
        if (count == SEGMENT_COUNT || i == start) {
            return false;
        }
        segments[count++] = view_of(compact.data + start, i - start);
        start = i + 1;
    }
    return count == SEGMENT_COUNT;
}

static json_t *segment_object(struct view segment) {
    uint8_t text[SEGMENT_SIZE_MAX];
    size_t size = 0;
    if (!base64url_decode(segment, text, sizeof text, &size)) {
        return NULL;
    }
    return strict_json_object(view_of(text, size), TOKEN_DEPTH_MAX, NULL);
}

static bool is_base64url(struct view segment) {
    uint8_t bytes[SEGMENT_SIZE_MAX];
    size_t size = 0;
    return base64url_decode(segment, bytes, sizeof bytes, &size);
}

/* libjwt 1.10 takes no other type, 1.17 takes any: one answer for both. */
static bool type_is_jwt(const json_t *header) {
    const json_t *type = json_object_get(header, "typ");
    return type == NULL
           || (json_is_string(type) && strcasecmp(json_string_value(type), "JWT") == 0);
}

/* jku, x5u, jwk, x5c and all else that would bring a key along is not looked at. */
static bool read_header(const json_t *header, struct unverified_token *token) {
    struct view kid = strict_json_text(header, "kid");
    if (json_object_get(header, "crit") != NULL || !type_is_jwt(header) || !key_id_valid(kid)) {
        return false;
    }
    memcpy(token->kid, kid.data, kid.size);
    token->kid[kid.size] = '\0';
    token->algorithm = token_algorithm_find(strict_json_text(header, "alg"));
    return token->algorithm != NULL;
}

static bool issuer_is(const json_t *payload, const char *issuer) {
    struct view text = strict_json_text(payload, "iss");
    return text.data != NULL && (issuer[0] == '\0' || view_is(text, issuer));
}

static bool audience_includes(const json_t *payload, const char *audience) {
    const json_t *claim = json_object_get(payload, "aud");
    bool any = audience[0] == '\0';
    if (json_is_string(claim)) {
        return any || view_is(strict_json_text(payload, "aud"), audience);
    }
    bool included = any && json_array_size(claim) > 0;
    for (size_t i = 0; i < json_array_size(claim); i++) {
        const char *text = json_string_value(json_array_get(claim, i));
        if (text == NULL) {
            return false;
        }
        included = included || strcmp(text, audience) == 0;
    }
    return included;
}

static bool read_subject(const json_t *payload, struct uuid *subject) {
    struct view text = strict_json_text(payload, "sub");
    return text.data != NULL && uuid_parse(text, subject);
}

static bool read_role(const json_t *payload, enum role *role) {
    struct view text = strict_json_text(payload, "role");
    return text.data != NULL && role_parse(text, role) && view_is(text, role_name(*role));
}

static bool has_token_id(const json_t *payload) {
    struct view text = strict_json_text(payload, "jti");
    return text.data != NULL && text.size >= 1 && text.size <= CLAIM_TEXT_SIZE_MAX;
}

static bool read_integer(
    const json_t *payload, const char *name, int64_t value_max, int64_t *value) {
    const json_t *claim = json_object_get(payload, name);
    *value = json_integer_value(claim);
    return json_is_integer(claim) && *value >= 0 && *value <= value_max;
}

static bool read_time(const json_t *payload, const char *name, int64_t *time_s) {
    return read_integer(payload, name, TIME_MAX_US / TIME_SECOND_US, time_s);
}

static bool read_not_before(const json_t *payload, int64_t *time_s) {
    *time_s = 0;
    return json_object_get(payload, "nbf") == NULL || read_time(payload, "nbf", time_s);
}

static bool read_version(const json_t *payload, struct claims *claims) {
    int64_t version = 0;
    claims->has_version = json_object_get(payload, "ver") != NULL;
    bool valid = !claims->has_version || read_integer(payload, "ver", INT32_MAX, &version);
    claims->version = (int32_t)version;
    return valid;
}

static bool read_payload(
    const json_t *payload, const char *issuer, const char *audience, struct token_facts *facts) {
    struct claims *claims = &facts->claims;
    return issuer_is(payload, issuer) && audience_includes(payload, audience)
           && read_subject(payload, &claims->subject) && read_role(payload, &claims->role)
           && has_token_id(payload) && read_time(payload, "iat", &claims->issued_at_s)
           && read_time(payload, "exp", &claims->expires_at_s)
           && read_not_before(payload, &facts->not_before_s) && read_version(payload, claims);
}

static bool read_segments(
    const struct view segments[SEGMENT_COUNT],
    const char *issuer,
    const char *audience,
    struct unverified_token *token) {
    json_t *header = segment_object(segments[SEGMENT_HEADER]);
    bool read = header != NULL && read_header(header, token);
    json_decref(header);
    if (!read) {
        return false;
    }
    json_t *payload = segment_object(segments[SEGMENT_PAYLOAD]);
    read = payload != NULL && read_payload(payload, issuer, audience, &token->facts);
    json_decref(payload);
    return read;
}

bool token_read(
    struct view authorization,
    const char *issuer,
    const char *audience,
    struct unverified_token *token) {
    struct view scheme = view_text("Bearer ");
    struct view segments[SEGMENT_COUNT];
    *token = (struct unverified_token){0};
    assert(authorization.size <= AUTHORIZATION_SIZE_MAX);
    if (!view_starts_with(authorization, scheme)) {
        return false;
    }
    token->compact = view_from(authorization, scheme.size);
    return split(token->compact, segments) && is_base64url(segments[SEGMENT_SIGNATURE])
           && read_segments(segments, issuer, audience, token);
}

bool token_times_hold(
    const struct token_facts *facts, int64_t at_us, int64_t leeway_s, int64_t ttl_s_max) {
    const struct claims *claims = &facts->claims;
    int64_t leeway_us = leeway_s * TIME_SECOND_US;
    return claims->expires_at_s > claims->issued_at_s
           && claims->expires_at_s - claims->issued_at_s <= ttl_s_max
           && claims->issued_at_s * TIME_SECOND_US <= at_us + leeway_us
           && facts->not_before_s * TIME_SECOND_US <= at_us + leeway_us
           && at_us < claims->expires_at_s * TIME_SECOND_US + leeway_us;
}
