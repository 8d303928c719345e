/* Keys, a JWK Set file and hand-made tokens for tests. Tokens are signed by OpenSSL directly, so
 * that what is tested does not test itself. */
#ifndef TESTS_UNIT_TOKEN_FIXTURE_H
#define TESTS_UNIT_TOKEN_FIXTURE_H

/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/time.h"
#include "security/base64url.h"
#include "security/jwks.h"
#include "security/private_key.h"
#include "security/token.h"

#include <ftw.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIGNATURE_SIZE_MAX = 1024, TEXT_SIZE_MAX = 256 * 1024 };

#define FIXTURE_AT_S     INT64_C(1800000000)
#define FIXTURE_AT_US    (FIXTURE_AT_S * TIME_SECOND_US)
#define FIXTURE_LEEWAY_S 5
#define FIXTURE_TTL_MAX  86400
#define FIXTURE_ISSUER   "https://issuer.example"
#define FIXTURE_AUDIENCE "slotkeeper"
#define FIXTURE_SUBJECT  "3f2a8c1e-5b7d-4e90-a1c2-d3e4f5061728"

struct fixture_key {
    const char *kid;
    const char *algorithm;
    struct key_pair pair;
};

struct fixture {
    char folder[64];
    char jwks_file[128];
    struct fixture_key keys[12];
    size_t key_count;
};

static inline const struct fixture_key *fixture_key(
    const struct fixture *fixture, const char *kid) {
    size_t i = 0;
    while (i + 1 < fixture->key_count && strcmp(fixture->keys[i].kid, kid) != 0) {
        i++;
    }
    assert_string_equal(fixture->keys[i].kid, kid);
    return &fixture->keys[i];
}

static inline void write_text(const char *path, const char *text) {
    char temporary[PATH_MAX];
    (void)snprintf(temporary, sizeof temporary, "%s.part", path);
    FILE *file = fopen(temporary, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(temporary, path), 0);
}

static inline void fixture_folder(struct fixture *fixture) {
    *fixture = (struct fixture){.folder = "/tmp/slotkeeper-token-XXXXXX"};
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->jwks_file, sizeof fixture->jwks_file, "%s/jwks", fixture->folder);
}

static inline void fixture_add(struct fixture *fixture, const char *kid, const char *algorithm) {
    struct error error = {""};
    struct fixture_key *key = &fixture->keys[fixture->key_count++];
    key->kid = kid;
    key->algorithm = algorithm;
    const struct token_algorithm *row = token_algorithm_find(view_text(algorithm));
    assert_non_null(row);
    assert_int_equal(key_pair_generate(row, kid, &key->pair, &error), STATUS_OK);
}

/* Writes the keys from `first` on as the JWK Set. */
static inline void fixture_publish(const struct fixture *fixture, size_t first, size_t count) {
    json_t *set = json_pack("{s:[]}", "keys");
    for (size_t i = first; i < first + count; i++) {
        assert_int_equal(
            json_array_append(json_object_get(set, "keys"), fixture->keys[i].pair.jwk), 0);
    }
    char *text = json_dumps(set, JSON_COMPACT);
    write_text(fixture->jwks_file, text);
    free(text);
    json_decref(set);
}

static inline int remove_one(
    const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

/* The folder and all that is in it. */
static inline int remove_folder(const char *folder) {
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the folder is this test's alone */
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_clean_up(struct fixture *fixture) {
    for (size_t i = 0; i < fixture->key_count; i++) {
        key_pair_clean_up(&fixture->keys[i].pair);
    }
    assert_int_equal(remove_folder(fixture->folder), 0);
}

static inline struct token_verifier *fixture_verifier(
    const struct fixture *fixture, size_t cache_entries_max) {
    struct error error = {""};
    const struct token_settings settings = {
        .jwks_file = fixture->jwks_file,
        .issuer = FIXTURE_ISSUER,
        .audience = FIXTURE_AUDIENCE,
        .max_ttl_s = FIXTURE_TTL_MAX,
        .leeway_s = FIXTURE_LEEWAY_S,
        .cache_entries_max = cache_entries_max,
    };
    struct token_verifier *verifier = token_verifier_new(&settings, &error);
    if (verifier == NULL) {
        fail_msg("%s", error.text);
    }
    return verifier;
}

/* ---- signing by hand ---- */

static inline EVP_PKEY *private_key_of(const struct fixture_key *key) {
    BIO *bio = BIO_new_mem_buf(key->pair.secret.data, (int)key->pair.secret.size);
    EVP_PKEY *private = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    assert_non_null(private);
    BIO_free(bio);
    return private;
}

/* The digest of an algorithm's name, by its last three digits. */
static inline const EVP_MD *digest_named(const char *algorithm) {
    return strstr(algorithm, "384") != NULL   ? EVP_sha384()
           : strstr(algorithm, "512") != NULL ? EVP_sha512()
                                              : EVP_sha256();
}

/* RS*, PS* (the same key with PSS padding) and ES* (the signature in DER). */
static inline size_t sign_private(
    const struct fixture_key *key, const char *algorithm, struct view text, uint8_t *signature) {
    size_t size = SIGNATURE_SIZE_MAX;
    EVP_PKEY *private = private_key_of(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    assert_int_equal(
        EVP_DigestSignInit(context, &parameters, digest_named(algorithm), NULL, private), 1);
    if (algorithm[0] == 'P') {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0);
    }
    assert_int_equal(EVP_DigestSign(context, signature, &size, text.data, text.size), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(private);
    return size;
}

/* JOSE's form of an ECDSA signature: r and s, 32 bytes each. `flip`: with s replaced by n - s,
 * which is as good a signature. */
static inline size_t raw_of_der(uint8_t *signature, size_t size, bool flip) {
    static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    const uint8_t *at = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
    BIGNUM *n = NULL;
    assert_non_null(pair);
    assert_true(BN_hex2bn(&n, order) > 0);
    BIGNUM *s = BN_dup(ECDSA_SIG_get0_s(pair));
    if (flip) {
        assert_int_equal(BN_sub(s, n, s), 1);
    }
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32), 32);
    assert_int_equal(BN_bn2binpad(s, signature + 32, 32), 32);
    BN_free(n);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return 64;
}

static inline size_t sign_secret(
    const char *algorithm, struct view secret, struct view text, uint8_t *signature) {
    unsigned size = 0;
    assert_non_null(HMAC(
        digest_named(algorithm),
        secret.size == 0 ? (const void *)"" : secret.data,
        (int)secret.size,
        text.data,
        text.size,
        signature,
        &size));
    return size;
}

/* `algorithm`: a JOSE name, PS256, ES256-der or ES256-flip. */
static inline size_t sign_text(
    const struct fixture_key *key, const char *algorithm, struct view text, uint8_t *signature) {
    if (algorithm[0] == 'H') {
        return sign_secret(algorithm, key_bytes_view(&key->pair.secret), text, signature);
    }
    size_t size = sign_private(key, algorithm, text, signature);
    if (algorithm[0] != 'E' || strcmp(algorithm, "ES256-der") == 0) {
        return size;
    }
    return raw_of_der(signature, size, strcmp(algorithm, "ES256-flip") == 0);
}

/* "Bearer <JWT>" with these claims, signed with the key `kid`; the caller frees it. */
static inline char *fixture_token(
    const struct fixture *fixture, const char *kid, const char *payload) {
    const struct fixture_key *key = fixture_key(fixture, kid);
    uint8_t signature[SIGNATURE_SIZE_MAX];
    char header[256];
    char parts[3][4096];
    const size_t text_size = sizeof parts + sizeof "Bearer ..";
    char *text = malloc(text_size);
    assert_non_null(text);
    (void)snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", key->algorithm, kid);
    base64url_encode(view_text(header), parts[0], sizeof parts[0]);
    base64url_encode(view_text(payload), parts[1], sizeof parts[1]);
    (void)snprintf(text, text_size, "%s.%s", parts[0], parts[1]);
    size_t size = sign_text(key, key->algorithm, view_text(text), signature);
    base64url_encode(view_of(signature, size), parts[2], sizeof parts[2]);
    (void)snprintf(text, text_size, "Bearer %s.%s.%s", parts[0], parts[1], parts[2]);
    return text;
}

/* An honest payload; `jti` makes tokens differ. */
static inline const char *fixture_payload(char payload[1024], int64_t jti) {
    (void)snprintf(
        payload,
        1024,
        "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"%s\",\"role\":\"patient\",\"iat\":%lld,"
        "\"exp\":%lld,\"jti\":\"%lld\",\"ver\":1}",
        FIXTURE_ISSUER,
        FIXTURE_AUDIENCE,
        FIXTURE_SUBJECT,
        (long long)(FIXTURE_AT_S - 60),
        (long long)(FIXTURE_AT_S + 3540),
        (long long)jti);
    return payload;
}

#endif
