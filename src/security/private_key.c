/* Key pairs for signing, through OpenSSL; secrets pass through memory that is wiped. */
#include "security/private_key.h"

#include "security/base64url.h"
#include "security/public_key.h"
#include "security/strict_json.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>

static bool is_oct(const struct token_algorithm *algorithm) {
    return algorithm->secret_size_min > 0;
}

static bool is_rsa(const struct token_algorithm *algorithm) {
    return strcmp(algorithm->key_type, "RSA") == 0;
}

static bool write_private_pem(EVP_PKEY *key, struct key_bytes *secret) {
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_secmem());
    bool written =
        bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    long size = written ? BIO_get_mem_data(bio, &text) : 0;
    bool copied = size > 0 && key_bytes_copy(view_of(text, (size_t)size), secret);
    BIO_free(bio);
    return copied;
}

static json_t *jwk_head(const struct token_algorithm *algorithm, const char *kid) {
    return json_pack(
        "{s:s, s:s, s:s, s:s}",
        "kty",
        algorithm->key_type,
        "kid",
        kid,
        "use",
        "sig",
        "alg",
        algorithm->name);
}

static bool set_number(
    json_t *jwk, const char *member, const EVP_PKEY *key, const char *name, size_t size) {
    char *text = public_key_number(key, name, size);
    bool set = text != NULL && json_object_set_new(jwk, member, json_string(text)) == 0;
    free(text);
    return set;
}

static bool set_numbers(json_t *jwk, const EVP_PKEY *key, bool rsa) {
    if (rsa) {
        return set_number(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 0)
               && set_number(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
    }
    return json_object_set_new(jwk, "crv", json_string("P-256")) == 0
           && set_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, 32)
           && set_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
}

static bool generate_asymmetric(const struct token_algorithm *algorithm, struct key_pair *pair) {
    bool rsa = is_rsa(algorithm);
    EVP_PKEY *key = rsa ? EVP_RSA_gen((unsigned)RSA_BITS_NEW) : EVP_EC_gen("P-256");
    bool made =
        key != NULL && set_numbers(pair->jwk, key, rsa) && write_private_pem(key, &pair->secret);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return made;
}

static bool generate_oct(struct key_pair *pair) {
    char text[BASE64URL_TEXT_SIZE(OCT_SIZE_NEW)];
    pair->secret = (struct key_bytes){malloc(OCT_SIZE_NEW), OCT_SIZE_NEW};
    if (pair->secret.data == NULL || RAND_priv_bytes(pair->secret.data, OCT_SIZE_NEW) != 1) {
        return false;
    }
    base64url_encode(key_bytes_view(&pair->secret), text, sizeof text);
    bool set = json_object_set_new(pair->jwk, "k", json_string(text)) == 0;
    sodium_memzero(text, sizeof text);
    return set;
}

enum status key_pair_generate(
    const struct token_algorithm *algorithm,
    const char *kid,
    struct key_pair *pair,
    struct error *error) {
    *pair = (struct key_pair){.jwk = jwk_head(algorithm, kid)};
    bool made = pair->jwk != NULL
                && (is_oct(algorithm) ? generate_oct(pair) : generate_asymmetric(algorithm, pair));
    if (!made) {
        key_pair_clean_up(pair);
        return error_set(error, STATUS_FATAL, "no %s key could be made", algorithm->name);
    }
    return STATUS_OK;
}

void key_pair_clean_up(struct key_pair *pair) {
    key_bytes_clean_up(&pair->secret);
    strict_json_wipe_text(pair->jwk, "k");
    json_decref(pair->jwk);
    pair->jwk = NULL;
}

/* OpenSSL's own way with an encrypted PEM is to ask on the terminal. The types are its own. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static int refuse_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static bool is_p256(const EVP_PKEY *key) {
    char group[32];
    return EVP_PKEY_is_a(key, "EC") == 1
           && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1
           && strcmp(group, "prime256v1") == 0;
}

static bool is_strong_rsa(const EVP_PKEY *key) {
    int bits = EVP_PKEY_get_bits(key);
    return EVP_PKEY_is_a(key, "RSA") == 1 && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

static EVP_PKEY *read_private(struct view pem) {
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    EVP_PKEY *key =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL);
    BIO_free(bio);
    return key;
}

static EVP_PKEY *read_public(struct view pem) {
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, refuse_passphrase, NULL);
    BIO_free(bio);
    return key;
}

static bool is_strong(const EVP_PKEY *key, const struct token_algorithm *algorithm) {
    return is_rsa(algorithm) ? is_strong_rsa(key) : is_p256(key);
}

bool private_key_fits(struct view secret, const struct token_algorithm *algorithm) {
    if (is_oct(algorithm)) {
        return oct_secret_is_sound(secret, algorithm);
    }
    EVP_PKEY *key = read_private(secret);
    bool fits = key != NULL && is_strong(key, algorithm);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return fits;
}

/* A private number that does not belong to the public ones beside it would show only here. */
static bool signs_what_verifies(EVP_PKEY *private, EVP_PKEY *public) {
    static const uint8_t text[] = "slotkeeper";
    uint8_t signature[RSA_BITS_MAX / 8];
    size_t size = sizeof signature;
    EVP_MD_CTX *sign = EVP_MD_CTX_new();
    EVP_MD_CTX *verify = EVP_MD_CTX_new();
    bool good = sign != NULL && verify != NULL
                && EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, private) == 1
                && EVP_DigestSign(sign, signature, &size, text, sizeof text) == 1
                && EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, public) == 1
                && EVP_DigestVerify(verify, signature, size, text, sizeof text) == 1;
    EVP_MD_CTX_free(sign);
    EVP_MD_CTX_free(verify);
    return good;
}

static bool is_same_secret(struct view secret, const struct key_bytes *bytes) {
    return secret.size == bytes->size && sodium_memcmp(secret.data, bytes->data, secret.size) == 0;
}

bool private_key_is_of(struct view secret, const struct verification_key *key) {
    if (is_oct(key->algorithm)) {
        return is_same_secret(secret, &key->bytes);
    }
    EVP_PKEY *private = read_private(secret);
    EVP_PKEY *public = read_public(key_bytes_view(&key->bytes));
    bool is_of = private != NULL && public != NULL && is_strong(private, key->algorithm)
                 && EVP_PKEY_eq(private, public) == 1 && signs_what_verifies(private, public);
    EVP_PKEY_free(private);
    EVP_PKEY_free(public);
    ERR_clear_error();
    return is_of;
}
