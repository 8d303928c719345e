/* Hostile and honest tokens as data: tests/vectors/jwt/README.md says how a line is read. Each is
 * built and signed here, and the verifier must answer as the line says. */
#include "token_fixture.h"

#include <strings.h>

enum { LINE_SIZE_MAX = 16 * 1024, NAMES_MAX = 1000 };

struct text {
    uint8_t *data; /* TEXT_SIZE_MAX bytes */
    size_t size;
};

/* What a line describes, on the way to the header's bytes. */
struct made {
    struct text header, payload; /* before base64url */
    struct text h, p, s;         /* the segments */
    struct text authorization;
};

static struct fixture fixture;
static struct token_verifier *verifier;
static char *names[NAMES_MAX];
static size_t name_count;
static bool clauses_seen[13]; /* of RFC 8725 section 3 */

/* ---- texts ---- */

static void text_add(struct text *text, const void *bytes, size_t size) {
    assert_true(text->size + size < TEXT_SIZE_MAX);
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
}

static void text_add_view(struct text *text, struct view view) {
    if (view.size > 0) {
        text_add(text, view.data, view.size);
    }
}

static void text_set(struct text *text, struct view view) {
    text->size = 0;
    text_add_view(text, view);
}

static struct view text_view(const struct text *text) {
    return view_of(text->data, text->size);
}

static void text_add_hex(struct text *text, const char *hex) {
    for (; hex[0] != '\0'; hex += 2) {
        const char digits[] = {hex[0], hex[1], '\0'};
        uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);
        text_add(text, &byte, 1);
    }
}

static void text_insert(struct text *text, size_t at, const void *bytes, size_t size) {
    assert_true(at <= text->size && text->size + size < TEXT_SIZE_MAX);
    memmove(text->data + at + size, text->data + at, text->size - at);
    memcpy(text->data + at, bytes, size);
    text->size += size;
}

static void text_encode(struct text *text, struct view bytes) {
    assert_true(BASE64URL_TEXT_SIZE(bytes.size) <= TEXT_SIZE_MAX);
    base64url_encode(bytes, (char *)text->data, TEXT_SIZE_MAX);
    text->size = strlen((const char *)text->data);
}

static void text_decode(const struct text *text, uint8_t *bytes, size_t *size) {
    assert_true(base64url_decode(text_view(text), bytes, TEXT_SIZE_MAX, size));
}

static void made_init(struct made *made) {
    struct text *texts[] = {
        &made->header, &made->payload, &made->h, &made->p, &made->s, &made->authorization};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = (struct text){malloc(TEXT_SIZE_MAX), 0};
        assert_non_null(texts[i]->data);
    }
}

static void made_clean_up(struct made *made) {
    free(made->header.data);
    free(made->payload.data);
    free(made->h.data);
    free(made->p.data);
    free(made->s.data);
    free(made->authorization.data);
}

/* ---- header and payload ---- */

static const char *member(const json_t *line, const char *part, const char *what) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s_%s", part, what);
    return json_string_value(json_object_get(line, name));
}

static json_int_t number(const json_t *line, const char *part, const char *what) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s_%s", part, what);
    return json_integer_value(json_object_get(line, name));
}

static json_t *merged(json_t *base, const json_t *line, const char *part) {
    char without[64];
    size_t index;
    json_t *gone;
    (void)snprintf(without, sizeof without, "%s_without", part);
    (void)json_object_update(base, json_object_get(line, part));
    json_array_foreach(json_object_get(line, without), index, gone) {
        assert_int_equal(json_object_del(base, json_string_value(gone)), 0);
    }
    return base;
}

static json_t *header_of(const json_t *line) {
    json_t *base = json_pack("{s:s,s:s,s:s}", "alg", "ES256", "kid", "ec", "typ", "JWT");
    json_t *header = merged(base, line, "header");
    if (json_object_get(header, "jwk") != NULL) {
        (void)json_object_set_new(
            header, "jwk", jwk_public(fixture_key(&fixture, "stranger")->pair.jwk));
    }
    return header;
}

static json_t *payload_of(const json_t *line) {
    char text[1024];
    json_t *base = json_loads(fixture_payload(text, 1), 0, NULL);
    return merged(base, line, "payload");
}

static void add_fill(struct text *text, json_int_t count) {
    static const char head[] = ",\"fill\":\"";
    text_add(text, head, sizeof head - 1);
    for (json_int_t i = 0; i < count; i++) {
        text_add(text, "x", 1);
    }
    text_add(text, "\"", 1);
}

static void add_deep(struct text *text, json_int_t depth) {
    static const char head[] = ",\"deep\":";
    text_add(text, head, sizeof head - 1);
    for (json_int_t i = 0; i < depth; i++) {
        text_add(text, "[", 1);
    }
    for (json_int_t i = 0; i < depth; i++) {
        text_add(text, "]", 1);
    }
}

static void add_extras(struct text *text, const json_t *line, const char *part) {
    const char *append = member(line, part, "append");
    const char *append_hex = member(line, part, "append_hex");
    const char *prepend = member(line, part, "prepend");
    text->size--; /* the closing brace comes last */
    if (number(line, part, "fill") > 0) {
        add_fill(text, number(line, part, "fill"));
    }
    if (number(line, part, "deep") > 0) {
        add_deep(text, number(line, part, "deep"));
    }
    if (append != NULL) {
        text_add(text, append, strlen(append));
    }
    if (append_hex != NULL) {
        text_add_hex(text, append_hex);
    }
    text_add(text, "}", 1);
    if (prepend != NULL) {
        text_insert(text, 1, prepend, strlen(prepend));
    }
}

static void make_part(struct text *text, const json_t *line, const char *part, json_t *object) {
    const char *literal = member(line, part, "text");
    const char *hex = member(line, part, "hex");
    if (literal != NULL) {
        text_add(text, literal, strlen(literal));
    } else if (hex != NULL) {
        text_add_hex(text, hex);
    } else {
        char *dumped = json_dumps(object, JSON_COMPACT);
        text_add(text, dumped, strlen(dumped));
        free(dumped);
        add_extras(text, line, part);
    }
    json_decref(object);
}

/* ---- signing ---- */

/* The public key of `kid` as an attacker gets it: pem, trim (pem less its line end) or der. */
static void public_key(const char *form, const char *kid, struct text *text) {
    EVP_PKEY *key = private_key_of(fixture_key(&fixture, kid));
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    int written =
        strcmp(form, "der") == 0 ? i2d_PUBKEY_bio(bio, key) : PEM_write_bio_PUBKEY(bio, key);
    assert_int_equal(written, 1);
    long size = BIO_get_mem_data(bio, &data);
    text_add(text, data, (size_t)size - (strcmp(form, "trim") == 0 ? 1 : 0));
    BIO_free(bio);
    EVP_PKEY_free(key);
}

/* `how`: "HS256 pem:KID", trim:, der:, or "HS256 bytes:HEX". */
static size_t sign_with_odd_secret(
    const char *algorithm, const char *how, struct view text, uint8_t *signature) {
    struct text secret = {malloc(TEXT_SIZE_MAX), 0};
    const char *colon = strchr(how, ':');
    char form[16] = "";
    memcpy(form, how, (size_t)(colon - how));
    if (strcmp(form, "bytes") == 0) {
        text_add_hex(&secret, colon + 1);
    } else {
        public_key(form, colon + 1, &secret);
    }
    size_t size = sign_secret(algorithm, text_view(&secret), text, signature);
    free(secret.data);
    return size;
}

static size_t sign_as(const char *how, struct view text, uint8_t *signature) {
    char algorithm[16] = "";
    const char *blank = strchr(how, ' ');
    memcpy(algorithm, how, (size_t)(blank - how));
    if (strchr(blank, ':') != NULL) {
        return sign_with_odd_secret(algorithm, blank + 1, text, signature);
    }
    if (strcmp(algorithm, "other") == 0) {
        return sign_text(
            fixture_key(&fixture, blank + 1), "ES256", view_text("e30.e30"), signature);
    }
    return sign_text(fixture_key(&fixture, blank + 1), algorithm, text, signature);
}

static void make_signature(struct made *made, const char *how) {
    uint8_t bytes[SIGNATURE_SIZE_MAX];
    struct text text = {malloc(TEXT_SIZE_MAX), 0};
    if (strncmp(how, "hex:", 4) == 0) {
        text_add_hex(&text, how + 4);
    } else if (strcmp(how, "none") != 0) {
        struct text input = {malloc(TEXT_SIZE_MAX), 0};
        text_add_view(&input, text_view(&made->h));
        text_add(&input, ".", 1);
        text_add_view(&input, text_view(&made->p));
        text_add(&text, bytes, sign_as(how, text_view(&input), bytes));
        free(input.data);
    }
    text_encode(&made->s, text_view(&text));
    free(text.data);
}

/* ---- edits of a finished segment ---- */

static void replace_text(struct text *text, const char *from, const char *to) {
    uint8_t *at = memmem(text->data, text->size, from, strlen(from));
    assert_non_null(at);
    size_t offset = (size_t)(at - text->data);
    memmove(at, at + strlen(from), text->size - offset - strlen(from));
    text->size -= strlen(from);
    text_insert(text, offset, to, strlen(to));
}

static void reencode(struct text *segment, const char *from, const char *to) {
    struct text text = {malloc(TEXT_SIZE_MAX), 0};
    text_decode(segment, text.data, &text.size);
    replace_text(&text, from, to);
    text_encode(segment, text_view(&text));
    free(text.data);
}

static void edit_bytes(struct text *segment, const char *how) {
    uint8_t *bytes = malloc(TEXT_SIZE_MAX);
    size_t size = 0;
    text_decode(segment, bytes, &size);
    if (strcmp(how, "flip") == 0) {
        bytes[size / 2] ^= 1;
    } else {
        size = strcmp(how, "half") == 0 ? size / 2 : size - 1;
    }
    text_encode(segment, view_of(bytes, size));
    free(bytes);
}

/* Sets an unused bit of the last character: the same bytes to a lenient decoder. */
static void set_unused_bit(struct text *segment) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_int_not_equal(segment->size % 4, 0);
    uint8_t *last = &segment->data[segment->size - 1];
    size_t value = (size_t)(strchr(alphabet, *last) - alphabet);
    *last = (uint8_t)alphabet[value + 1];
}

static bool to_standard_alphabet(struct text *segment) {
    bool changed = false;
    for (size_t i = 0; i < segment->size; i++) {
        uint8_t *character = &segment->data[i];
        changed = changed || *character == '-' || *character == '_';
        *character = *character == '-' ? '+' : *character == '_' ? '/' : *character;
    }
    return changed;
}

static void pad(struct text *segment) {
    assert_int_not_equal(segment->size % 4, 0);
    while (segment->size % 4 != 0) {
        text_add(segment, "=", 1);
    }
}

static void edit(struct made *made, const char *how, const char *signing) {
    struct text *segment = how[0] == 'h' ? &made->h : how[0] == 'p' ? &made->p : &made->s;
    const char *what = how + 2;
    if (strcmp(what, "pad") == 0) {
        pad(segment);
    } else if (strcmp(what, "bits") == 0) {
        set_unused_bit(segment);
    } else if (strcmp(what, "standard") == 0) {
        while (!to_standard_alphabet(segment)) { /* only signatures change from time to time */
            assert_ptr_equal(segment, &made->s);
            make_signature(made, signing);
        }
    } else if (strcmp(what, "star") == 0) {
        text_insert(segment, segment->size / 2, "*", 1);
    } else if (strcmp(what, "newline") == 0) {
        text_insert(segment, segment->size / 2, "\n", 1);
    } else if (strcmp(what, "nul") == 0) {
        text_insert(segment, segment->size / 2, "", 1);
    } else if (strcmp(what, "one") == 0) {
        segment->size -= (segment->size - 1) % 4;
    } else if (strcmp(what, "role") == 0) {
        reencode(segment, "patient", "admin");
    } else if (strcmp(what, "typ") == 0) {
        reencode(segment, "JWT", "jwt");
    } else {
        edit_bytes(segment, what);
    }
}

/* ---- the whole ---- */

static void expand(struct made *made, struct view template) {
    for (size_t i = 0; i < template.size; i++) {
        struct view rest = view_from(template, i);
        const struct text *segment = view_starts_with(rest, view_text("{h}"))   ? &made->h
                                     : view_starts_with(rest, view_text("{p}")) ? &made->p
                                     : view_starts_with(rest, view_text("{s}")) ? &made->s
                                                                                : NULL;
        if (segment == NULL) {
            text_add(&made->authorization, rest.data, 1);
        } else {
            text_add_view(&made->authorization, text_view(segment));
            i += 2;
        }
    }
}

static void make(struct made *made, const json_t *line) {
    const char *signing = json_string_value(json_object_get(line, "sign"));
    const char *editing = json_string_value(json_object_get(line, "edit"));
    const json_t *template = json_object_get(line, "authorization");
    signing = signing == NULL ? "ES256 ec" : signing;
    make_part(&made->header, line, "header", header_of(line));
    make_part(&made->payload, line, "payload", payload_of(line));
    text_encode(&made->h, text_view(&made->header));
    text_encode(&made->p, text_view(&made->payload));
    make_signature(made, signing);
    if (editing != NULL) {
        edit(made, editing, signing);
    }
    text_set(&made->authorization, view_text(""));
    expand(
        made,
        template == NULL ? view_text("Bearer {h}.{p}.{s}")
                         : view_of(json_string_value(template), json_string_length(template)));
}

static void claims_are_the_payloads(const json_t *line, const struct claims *claims) {
    json_t *payload = payload_of(line);
    char subject[UUID_TEXT_SIZE + 1];
    uuid_format(claims->subject, subject);
    json_t *version = json_object_get(payload, "ver");
    assert_int_equal(strcasecmp(subject, json_string_value(json_object_get(payload, "sub"))), 0);
    assert_string_equal(
        role_name(claims->role), json_string_value(json_object_get(payload, "role")));
    assert_int_equal(claims->issued_at_s, json_integer_value(json_object_get(payload, "iat")));
    assert_int_equal(claims->expires_at_s, json_integer_value(json_object_get(payload, "exp")));
    assert_int_equal(claims->has_version, version != NULL);
    assert_int_equal(claims->version, json_integer_value(version));
    json_decref(payload);
}

/* Each is asked about twice, so that the cache answers the second time where it may. */
static bool answers_as_said(const json_t *line) {
    struct made made;
    bool accept = json_is_true(json_object_get(line, "accept"));
    bool right = true;
    made_init(&made);
    make(&made, line);
    for (int i = 0; i < 2; i++) {
        struct claims claims = {0};
        struct view authorization = text_view(&made.authorization);
        bool accepted = token_verify(verifier, authorization, FIXTURE_AT_US, &claims);
        right = right && accepted == accept;
        if (accepted && accept) {
            claims_are_the_payloads(line, &claims);
        }
    }
    made_clean_up(&made);
    return right;
}

static void remember(const json_t *line) {
    const char *name = json_string_value(json_object_get(line, "name"));
    const char *clause = json_string_value(json_object_get(line, "clause"));
    assert_non_null(name);
    assert_non_null(clause);
    assert_true(json_is_boolean(json_object_get(line, "accept")));
    assert_true(name_count < NAMES_MAX);
    names[name_count++] = strdup(name);
    if (strncmp(clause, "RFC 8725 3.", 11) == 0) {
        clauses_seen[strtoul(clause + 11, NULL, 10)] = true;
    }
}

static bool run_line(const char *file_name, const char *text) {
    json_error_t error;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (line == NULL) {
        fail_msg("%s: %s in: %s", file_name, error.text, text);
    }
    remember(line);
    bool right = answers_as_said(line);
    if (!right) {
        print_error("%s: wrong answer: %s", file_name, text);
    }
    json_decref(line);
    return right;
}

static void run_file(const char *file_name) {
    char path[512];
    static char text[LINE_SIZE_MAX];
    int failures = 0;
    (void)snprintf(path, sizeof path, "%s/vectors/jwt/%s", TESTS_DIR, file_name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(text, sizeof text, file) != NULL) {
        failures += run_line(file_name, text) ? 0 : 1;
    }
    (void)fclose(file);
    assert_int_equal(failures, 0);
}

#define VECTORS(file)                                                                              \
    static void vectors_of_##file(void **state) {                                                  \
        (void)state;                                                                               \
        run_file(#file ".jsonl");                                                                  \
    }

VECTORS(valid)
VECTORS(algorithm)
VECTORS(key)
VECTORS(signature)
VECTORS(encoding)
VECTORS(json)
VECTORS(claims)
VECTORS(times)

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void every_clause_has_a_vector_and_no_name_two(void **state) {
    (void)state;
    assert_true(name_count >= 200);
    for (size_t i = 1; i <= 12; i++) {
        assert_true(clauses_seen[i]);
    }
    qsort(names, name_count, sizeof names[0], compare_names);
    for (size_t i = 0; i + 1 < name_count; i++) {
        assert_string_not_equal(names[i], names[i + 1]);
    }
}

static int set_up(void **state) {
    static const char *const keys[][2] = {
        {"ec", "ES256"},
        {"ec-2", "ES256"},
        {"rsa256", "RS256"},
        {"rsa384", "RS384"},
        {"rsa512", "RS512"},
        {"hs256", "HS256"},
        {"hs384", "HS384"},
        {"hs512", "HS512"},
        {"encryption", "ES256"},
        {"stranger", "ES256"},
    };
    (void)state;
    fixture_folder(&fixture);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        fixture_add(&fixture, keys[i][0], keys[i][1]);
    }
    json_t *encryption = fixture_key(&fixture, "encryption")->pair.jwk;
    (void)json_object_set_new(encryption, "use", json_string("enc"));
    fixture_publish(&fixture, 0, fixture.key_count - 1);
    verifier = fixture_verifier(&fixture, 1024);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    token_verifier_destroy(verifier);
    fixture_clean_up(&fixture);
    for (size_t i = 0; i < name_count; i++) {
        free(names[i]);
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_valid),
        cmocka_unit_test(vectors_of_algorithm),
        cmocka_unit_test(vectors_of_key),
        cmocka_unit_test(vectors_of_signature),
        cmocka_unit_test(vectors_of_encoding),
        cmocka_unit_test(vectors_of_json),
        cmocka_unit_test(vectors_of_claims),
        cmocka_unit_test(vectors_of_times),
        cmocka_unit_test(every_clause_has_a_vector_and_no_name_two),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
