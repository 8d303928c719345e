/* The signer: whose tokens are believed, which key signs, rotation, and the statement about the
 * sealing keys. */
#include "security/signer.h"
#include "token_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static struct fixture fixture; /* ec, ec-2, hs, rsa */

static char key_file[256];

static struct signer_settings settings_with(const char *kid) {
    return (struct signer_settings){
        .key_file = key_file,
        .kid = kid,
        .jwks_file = fixture.jwks_file,
        .issuer = FIXTURE_ISSUER,
        .audience = FIXTURE_AUDIENCE,
    };
}

static void use_secret(struct view secret) {
    struct error error = {""};
    assert_int_equal(key_file_replace(key_file, 0600, secret, &error), STATUS_OK);
}

static void use_key(const char *kid) {
    use_secret(key_bytes_view(&fixture_key(&fixture, kid)->pair.secret));
}

static struct signer *signer_with(const char *kid) {
    struct error error = {""};
    const struct signer_settings settings = settings_with(kid);
    struct signer *signer = signer_new(&settings, &error);
    if (signer == NULL) {
        fail_msg("%s", error.text);
    }
    return signer;
}

static void assert_no_signer(const char *word) {
    struct error error = {""};
    const struct signer_settings settings = settings_with("");
    assert_null(signer_new(&settings, &error));
    if (strstr(error.text, word) == NULL) {
        fail_msg("no %s in: %s", word, error.text);
    }
}

static bool signs_as(struct signer *signer, const char *kid) {
    char current[KEY_ID_SIZE_MAX + 1];
    const struct token_algorithm *algorithm = NULL;
    signer_key(signer, current, &algorithm);
    return strcmp(current, kid) == 0
           && strcmp(algorithm->name, fixture_key(&fixture, kid)->algorithm) == 0;
}

static struct claims some_claims(void) {
    struct claims claims = {
        .role = ROLE_DOCTOR,
        .issued_at_s = FIXTURE_AT_S,
        .expires_at_s = FIXTURE_AT_S + 3600,
        .has_version = true,
        .version = 7,
    };
    assert_true(uuid_parse(view_text(FIXTURE_SUBJECT), &claims.subject));
    return claims;
}

static char *token_of(struct signer *signer) {
    struct error error = {""};
    const struct claims claims = some_claims();
    char *token = NULL;
    assert_int_equal(signer_token(signer, &claims, &token, &error), STATUS_OK);
    return token;
}

static bool believes(struct token_verifier *verifier, const char *token, struct claims *claims) {
    char authorization[8192];
    (void)snprintf(authorization, sizeof authorization, "Bearer %s", token);
    return token_verify(verifier, view_text(authorization), FIXTURE_AT_US, claims);
}

/* The segment number `place` of a JWT, parsed. */
static json_t *segment_of(const char *token, int place) {
    uint8_t bytes[8192];
    size_t size = 0;
    for (int i = 0; i < place; i++) {
        token = strchr(token, '.') + 1;
    }
    assert_true(base64url_decode(view_of(token, strcspn(token, ".")), bytes, sizeof bytes, &size));
    json_t *segment = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(segment);
    return segment;
}

/* ---- tokens ---- */

static void what_we_sign_we_believe(void **state) {
    (void)state;
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    for (size_t i = 0; i < fixture.key_count; i++) {
        struct claims claims = {0};
        const struct claims expected = some_claims();
        use_key(fixture.keys[i].kid);
        struct signer *signer = signer_with("");
        char *first = token_of(signer);
        char *second = token_of(signer);
        assert_string_not_equal(first, second); /* jti */
        assert_true(believes(verifier, first, &claims));
        assert_true(believes(verifier, second, &claims));
        assert_true(uuid_equal(claims.subject, expected.subject));
        assert_int_equal(claims.role, ROLE_DOCTOR);
        assert_int_equal(claims.issued_at_s, FIXTURE_AT_S);
        assert_int_equal(claims.expires_at_s, FIXTURE_AT_S + 3600);
        assert_true(claims.has_version);
        assert_int_equal(claims.version, 7);
        free(first);
        free(second);
        signer_destroy(signer);
    }
    token_verifier_destroy(verifier);
}

static void the_key_says_which_kid_it_is(void **state) {
    (void)state;
    for (size_t i = 0; i < fixture.key_count; i++) {
        use_key(fixture.keys[i].kid);
        static const char *const hints[] = {"", "ec", "ec-2", "hs", "rsa", "nobody", "../../x"};
        for (size_t j = 0; j < sizeof hints / sizeof hints[0]; j++) {
            struct signer *signer = signer_with(hints[j]);
            assert_true(signs_as(signer, fixture.keys[i].kid));
            signer_destroy(signer);
        }
    }
}

/* One key under two names and algorithms: the hint chooses. */
static void a_hint_chooses_among_entries_of_one_key(void **state) {
    struct fixture_key *twin = &fixture.keys[fixture.key_count];
    const struct fixture_key *rsa = fixture_key(&fixture, "rsa");
    (void)state;
    *twin = (struct fixture_key){.kid = "rsa-512", .algorithm = "RS512"};
    twin->pair.jwk = json_deep_copy(rsa->pair.jwk);
    assert_true(key_bytes_copy(key_bytes_view(&rsa->pair.secret), &twin->pair.secret));
    (void)json_object_set_new(twin->pair.jwk, "kid", json_string("rsa-512"));
    (void)json_object_set_new(twin->pair.jwk, "alg", json_string("RS512"));
    fixture.key_count++;
    fixture_publish(&fixture, 0, fixture.key_count);
    use_key("rsa");
    static const char *const rows[][2] = {{"", "rsa"}, {"rsa", "rsa"}, {"rsa-512", "rsa-512"}};
    for (size_t i = 0; i < 3; i++) {
        struct signer *signer = signer_with(rows[i][0]);
        assert_true(signs_as(signer, rows[i][1]));
        signer_destroy(signer);
    }
    key_pair_clean_up(&fixture.keys[--fixture.key_count].pair);
}

static void lines_in(const char *path, const char *word, size_t *count) {
    char line[4096];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    *count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        *count += strstr(line, word) != NULL ? 1 : 0;
    }
    (void)fclose(file);
}

static void a_wrong_hint_is_warned_of_once(void **state) {
    struct error error = {""};
    char path[256];
    size_t warnings = 0;
    (void)state;
    (void)snprintf(path, sizeof path, "%s/log", fixture.folder);
    use_key("ec");
    (void)fflush(NULL);
    int before = dup(STDERR_FILENO);
    assert_non_null(freopen(path, "w", stderr));
    struct signer *signer = signer_with("ec-2");
    enum status status = signer_reload(signer, &error);
    signer_destroy(signer);
    signer_destroy(signer_with("ec"));
    signer_destroy(signer_with(""));
    (void)fflush(NULL);
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    assert_int_equal(status, STATUS_OK);
    lines_in(path, "token.signing_kid", &warnings);
    assert_int_equal(warnings, 1);
}

/* ---- what is refused ---- */

static void a_key_that_nobody_would_believe_is_refused(void **state) {
    (void)state;
    fixture_publish(&fixture, 0, 1);
    use_key("ec");
    signer_destroy(signer_with(""));
    static const char *const others[] = {"ec-2", "hs", "rsa"};
    for (size_t i = 0; i < 3; i++) {
        use_key(others[i]);
        assert_no_signer(key_file);
        assert_no_signer(fixture.jwks_file);
    }
}

static void encrypted_broken_and_missing_files_are_refused(void **state) {
    const struct fixture_key *ec = fixture_key(&fixture, "ec");
    (void)state;
    EVP_PKEY *private = private_key_of(ec);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, private, EVP_aes_128_cbc(), "word", 4, NULL, NULL), 1);
    long size = BIO_get_mem_data(bio, &text);
    use_secret(view_of(text, (size_t)size));
    assert_no_signer(key_file);
    BIO_free(bio);
    EVP_PKEY_free(private);
    use_secret(view_of(ec->pair.secret.data, ec->pair.secret.size / 2));
    assert_no_signer(key_file);
    use_secret(view_text("-----BEGIN PRIVATE KEY-----\n"));
    assert_no_signer(key_file);
    assert_int_equal(unlink(key_file), 0);
    assert_no_signer(key_file);
    use_key("ec");
    write_text(fixture.jwks_file, "{\"keys\":[]}");
    assert_no_signer(fixture.jwks_file);
    assert_int_equal(unlink(fixture.jwks_file), 0);
    assert_no_signer(fixture.jwks_file);
    signer_destroy(NULL);
}

/* The public numbers of one key around the private number of another. */
static void a_key_at_odds_with_itself_is_refused(void **state) {
    uint8_t der[1024];
    uint8_t *at = der;
    (void)state;
    EVP_PKEY *ec = private_key_of(fixture_key(&fixture, "ec"));
    int size = i2d_PrivateKey(ec, &at); /* SEC 1: the private number is at 7, 32 bytes */
    assert_int_equal(der[5], 4);
    assert_int_equal(der[6], 32);
    der[7 + 31] ^= 1;
    const uint8_t *from = der;
    EVP_PKEY *odd = d2i_AutoPrivateKey(NULL, &from, size);
    assert_non_null(odd);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, odd, NULL, NULL, 0, NULL, NULL), 1);
    long text_size = BIO_get_mem_data(bio, &text);
    use_secret(view_of(text, (size_t)text_size));
    assert_no_signer(key_file);
    BIO_free(bio);
    EVP_PKEY_free(odd);
    EVP_PKEY_free(ec);
}

/* ---- rotation ---- */

static void a_new_key_file_is_all_that_a_rotation_takes(void **state) {
    struct error error = {""};
    (void)state;
    use_key("ec");
    struct signer *signer = signer_with("ec");
    use_key("rsa");
    assert_true(signs_as(signer, "ec")); /* until it is told to read again */
    assert_int_equal(signer_reload(signer, &error), STATUS_OK);
    assert_true(signs_as(signer, "rsa"));
    use_key("hs");
    assert_int_equal(signer_reload(signer, &error), STATUS_OK);
    assert_true(signs_as(signer, "hs"));
    assert_int_equal(signer_reloads_failed(signer), 0);
    signer_destroy(signer);
}

static void a_broken_reload_leaves_the_old_key(void **state) {
    struct error error = {""};
    struct claims claims;
    char *text = NULL;
    (void)state;
    use_key("ec");
    struct signer *signer = signer_with("");
    struct token_verifier *verifier = fixture_verifier(&fixture, 0);
    use_secret(view_text("broken"));
    assert_int_equal(signer_reload(signer, &error), STATUS_INVALID);
    use_key("ec-2");
    write_text(fixture.jwks_file, "{\"keys\":");
    assert_int_equal(signer_reload(signer, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, fixture.jwks_file));
    assert_int_equal(signer_reloads_failed(signer), 2);
    assert_true(signs_as(signer, "ec"));
    char *token = token_of(signer);
    assert_true(believes(verifier, token, &claims));
    assert_int_equal(signer_public_jwks(signer, &text, &error), STATUS_OK);
    assert_non_null(strstr(text, "\"ec-2\""));
    free(text);
    free(token);
    token_verifier_destroy(verifier);
    signer_destroy(signer);
}

static void the_public_set_is_that_of_the_file_and_no_more(void **state) {
    struct error error = {""};
    char *text = NULL;
    (void)state;
    use_key("hs");
    struct signer *signer = signer_with("");
    assert_int_equal(signer_public_jwks(signer, &text, &error), STATUS_OK);
    json_t *set = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_array_size(json_object_get(set, "keys")), 3);
    assert_null(strstr(text, "\"oct\""));
    assert_null(strstr(text, "\"k\""));
    assert_null(strstr(text, "\"d\""));
    json_decref(set);
    free(text);
    fixture_publish(&fixture, 1, 2); /* ec-2 and hs */
    assert_int_equal(signer_reload(signer, &error), STATUS_OK);
    assert_int_equal(signer_public_jwks(signer, &text, &error), STATUS_OK);
    assert_null(strstr(text, "\"ec\""));
    assert_non_null(strstr(text, "\"ec-2\""));
    free(text);
    signer_destroy(signer);
}

/* ---- threads ---- */

enum { SIGNERS = 3, RELOADS = 40 };

struct crowd {
    struct signer *signer;
    struct token_verifier *verifier;
    atomic_bool stop;
    atomic_size_t refused;
};

static void *sign_all_the_time(void *context) {
    struct crowd *crowd = context;
    while (!atomic_load(&crowd->stop)) {
        struct error error;
        struct claims claims = {
            .role = ROLE_PATIENT, .issued_at_s = FIXTURE_AT_S, .expires_at_s = FIXTURE_AT_S + 60};
        char *token = NULL;
        bool good = signer_token(crowd->signer, &claims, &token, &error) == STATUS_OK
                    && believes(crowd->verifier, token, &claims);
        (void)atomic_fetch_add(&crowd->refused, good ? 0 : 1);
        free(token);
    }
    return NULL;
}

static void a_rotation_under_load_makes_no_false_token(void **state) {
    static const char *const kids[] = {"ec", "ec-2", "rsa", "hs"};
    pthread_t threads[SIGNERS];
    (void)state;
    use_key("ec");
    struct crowd crowd = {.signer = signer_with(""), .verifier = fixture_verifier(&fixture, 0)};
    for (size_t i = 0; i < SIGNERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sign_all_the_time, &crowd), 0);
    }
    for (size_t i = 0; i < RELOADS; i++) {
        struct error error = {""};
        use_key(kids[i % 4]);
        assert_int_equal(signer_reload(crowd.signer, &error), STATUS_OK);
        assert_true(signs_as(crowd.signer, kids[i % 4]));
    }
    atomic_store(&crowd.stop, true);
    for (size_t i = 0; i < SIGNERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&crowd.refused), 0);
    signer_destroy(crowd.signer);
    token_verifier_destroy(crowd.verifier);
}

/* ---- the statement ---- */

static const struct seal_public seal_rows[] = {
    {"seal-2", {1, 2, 3}},
    {"seal_1", {0xff, 0xfe, 0xfd}},
};

static char *statement_of(struct signer *signer, size_t count) {
    struct error error = {""};
    char *statement = NULL;
    assert_int_equal(
        signer_statement(signer, seal_rows, count, FIXTURE_AT_S, &statement, &error), STATUS_OK);
    return statement;
}

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static void the_statement_names_the_sealing_keys(void **state) {
    (void)state;
    use_key("ec");
    struct signer *signer = signer_with("");
    char *statement = statement_of(signer, 2);
    json_t *header = segment_of(statement, 0);
    json_t *payload = segment_of(statement, 1);
    const json_t *keys = json_object_get(payload, "seal_keys");
    assert_string_equal(member(header, "alg"), "ES256");
    assert_string_equal(member(header, "kid"), "ec");
    assert_string_equal(member(payload, "iss"), FIXTURE_ISSUER);
    assert_string_equal(member(payload, "aud"), "slotkeeper-clients");
    assert_int_equal(json_integer_value(json_object_get(payload, "iat")), FIXTURE_AT_S);
    assert_int_equal(json_object_size(payload), 4);
    assert_int_equal(json_array_size(keys), 2);
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[SEAL_KEY_SIZE];
        size_t size = 0;
        const json_t *item = json_array_get(keys, i);
        assert_int_equal(json_object_size(item), 2);
        assert_string_equal(member(item, "key_id"), seal_rows[i].kid);
        assert_true(
            base64url_decode(view_text(member(item, "public_key")), key, sizeof key, &size));
        assert_int_equal(size, SEAL_KEY_SIZE);
        assert_memory_equal(key, seal_rows[i].key, SEAL_KEY_SIZE);
    }
    json_decref(header);
    json_decref(payload);
    free(statement);
    signer_destroy(signer);
}

/* What a client that pins the key does: the signature, by another hand than libjwt's. */
static void the_statement_is_signed(void **state) {
    (void)state;
    for (size_t i = 0; i < fixture.key_count; i++) {
        uint8_t signature[SIGNATURE_SIZE_MAX];
        uint8_t expected[SIGNATURE_SIZE_MAX];
        size_t size = 0;
        const struct fixture_key *key = &fixture.keys[i];
        use_key(key->kid);
        struct signer *signer = signer_with("");
        char *statement = statement_of(signer, 1);
        const char *end = strrchr(statement, '.');
        struct view text = view_of(statement, (size_t)(end - statement));
        assert_true(base64url_decode(view_text(end + 1), signature, sizeof signature, &size));
        if (key->algorithm[0] == 'E') {
            assert_int_equal(size, 64); /* of a random nonce: the verifier's tests cover it */
        } else {
            assert_int_equal(sign_text(key, key->algorithm, text, expected), size);
            assert_memory_equal(signature, expected, size);
        }
        free(statement);
        signer_destroy(signer);
    }
}

static void the_statement_is_no_bearer_token(void **state) {
    static const char *const audiences[] = {"", FIXTURE_AUDIENCE, "slotkeeper-clients"};
    (void)state;
    for (size_t i = 0; i < fixture.key_count; i++) {
        use_key(fixture.keys[i].kid);
        struct signer *signer = signer_with("");
        char *statement = statement_of(signer, 2);
        char *token = token_of(signer);
        for (size_t j = 0; j < 3; j++) {
            struct error error = {""};
            struct claims claims;
            const struct token_settings settings = {
                .jwks_file = fixture.jwks_file,
                .issuer = "",
                .audience = audiences[j],
                .max_ttl_s = INT32_MAX,
                .leeway_s = 60,
            };
            struct token_verifier *verifier = token_verifier_new(&settings, &error);
            assert_non_null(verifier);
            assert_false(believes(verifier, statement, &claims));
            assert_int_equal(believes(verifier, token, &claims), j < 2);
            token_verifier_destroy(verifier);
        }
        free(token);
        free(statement);
        signer_destroy(signer);
    }
}

static void a_full_folder_fits_into_a_statement(void **state) {
    struct seal_public keys[SEAL_KEYS_MAX];
    struct error error = {""};
    char *statement = NULL;
    (void)state;
    for (size_t i = 0; i < SEAL_KEYS_MAX; i++) {
        keys[i] = (struct seal_public){.key = {(uint8_t)i}};
        memset(keys[i].kid, 'a' + (int)i, KEY_ID_SIZE_MAX);
    }
    use_key("rsa");
    struct signer *signer = signer_with("");
    assert_int_equal(
        signer_statement(signer, keys, SEAL_KEYS_MAX, FIXTURE_AT_S, &statement, &error), STATUS_OK);
    json_t *payload = segment_of(statement, 1);
    assert_int_equal(json_array_size(json_object_get(payload, "seal_keys")), SEAL_KEYS_MAX);
    json_decref(payload);
    free(statement);
    signer_destroy(signer);
}

/* ---- */

static int set_up(void **state) {
    (void)state;
    fixture_folder(&fixture);
    fixture_add(&fixture, "ec", "ES256");
    fixture_add(&fixture, "ec-2", "ES256");
    fixture_add(&fixture, "hs", "HS256");
    fixture_add(&fixture, "rsa", "RS256");
    (void)snprintf(key_file, sizeof key_file, "%s/signing", fixture.folder);
    return 0;
}

static int publish_all(void **state) {
    (void)state;
    fixture_publish(&fixture, 0, fixture.key_count);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_clean_up(&fixture);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, publish_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_we_sign_we_believe),
        TEST(the_key_says_which_kid_it_is),
        TEST(a_hint_chooses_among_entries_of_one_key),
        TEST(a_wrong_hint_is_warned_of_once),
        TEST(a_key_that_nobody_would_believe_is_refused),
        TEST(encrypted_broken_and_missing_files_are_refused),
        TEST(a_key_at_odds_with_itself_is_refused),
        TEST(a_new_key_file_is_all_that_a_rotation_takes),
        TEST(a_broken_reload_leaves_the_old_key),
        TEST(the_public_set_is_that_of_the_file_and_no_more),
        TEST(a_rotation_under_load_makes_no_false_token),
        TEST(the_statement_names_the_sealing_keys),
        TEST(the_statement_is_signed),
        TEST(the_statement_is_no_bearer_token),
        TEST(a_full_folder_fits_into_a_statement),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
