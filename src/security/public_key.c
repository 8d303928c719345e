/* OpenSSL 3's way from numbers to a key: parameters, a key object, its own checks, then PEM. Every
 * function leaves OpenSSL's error queue empty, since libpq reads it for its own connection. */
#include "security/public_key.h"

#include "security/base64url.h"
#include "security/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum { SMALL_FACTOR_MAX = 751, RSA_EXPONENT_BITS_MAX = 256 };

static bool is_sound(EVP_PKEY *key) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool sound = context != NULL && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return sound;
}

static EVP_PKEY *key_of(const char *type, OSSL_PARAM *parameters) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    bool made = context != NULL && parameters != NULL && EVP_PKEY_fromdata_init(context) == 1
                && EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
    EVP_PKEY_CTX_free(context);
    return made ? key : NULL;
}

static bool copy_bio(BIO *bio, struct key_bytes *bytes) {
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    return size > 0 && key_bytes_copy(view_of(data, (size_t)size), bytes);
}

static bool write_pem(EVP_PKEY *key, struct key_bytes *pem) {
    BIO *bio = BIO_new(BIO_s_mem());
    bool written =
        key != NULL && bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1 && copy_bio(bio, pem);
    BIO_free(bio);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return written;
}

static OSSL_PARAM *rsa_parameters(const BIGNUM *modulus, const BIGNUM *exponent) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    if (builder != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        parameters = OSSL_PARAM_BLD_to_param(builder);
    }
    OSSL_PARAM_BLD_free(builder);
    return parameters;
}

static bool has_small_factor(const BIGNUM *modulus) {
    for (BN_ULONG factor = 3; factor <= SMALL_FACTOR_MAX; factor += 2) {
        if (BN_mod_word(modulus, factor) == 0) {
            return true;
        }
    }
    return false;
}

/* In place of OpenSSL's check, whose random bases find a factor of some moduli in one run and not
 * in the next: a key is believed by all workers, and at every start, or by none. */
static bool rsa_numbers_are_strong(const BIGNUM *modulus, const BIGNUM *exponent) {
    int bits = BN_num_bits(modulus);
    int exponent_bits = BN_num_bits(exponent);
    return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && BN_is_odd(modulus) && BN_is_odd(exponent)
           && exponent_bits > 16 && exponent_bits <= RSA_EXPONENT_BITS_MAX
           && !has_small_factor(modulus) && BN_check_prime(modulus, NULL, NULL) == 0;
}

bool public_key_rsa_pem(struct view modulus, struct view exponent, struct key_bytes *pem) {
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.size, NULL);
    BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.size, NULL);
    EVP_PKEY *key = NULL;
    if (n != NULL && e != NULL && rsa_numbers_are_strong(n, e)) {
        OSSL_PARAM *parameters = rsa_parameters(n, e);
        key = key_of("RSA", parameters);
        OSSL_PARAM_free(parameters);
    }
    BN_free(n);
    BN_free(e);
    return write_pem(key, pem);
}

bool public_key_ec_pem(struct view point, struct key_bytes *pem) {
    char group[] = "prime256v1";
    uint8_t bytes[65];
    if (point.size != sizeof bytes) {
        return false;
    }
    memcpy(bytes, point.data, sizeof bytes);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = key_of("EC", parameters);
    if (key != NULL && !is_sound(key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return write_pem(key, pem);
}

char *public_key_number(const EVP_PKEY *key, const char *name, size_t size) {
    uint8_t bytes[RSA_BITS_MAX / 8];
    BIGNUM *number = NULL;
    char *text = NULL;
    if (EVP_PKEY_get_bn_param(key, name, &number) == 1) {
        size_t bytes_size = size == 0 ? (size_t)BN_num_bytes(number) : size;
        size_t text_size = BASE64URL_TEXT_SIZE(bytes_size);
        text = malloc(text_size);
        if (text != NULL && bytes_size <= sizeof bytes
            && BN_bn2binpad(number, bytes, (int)bytes_size) > 0) {
            base64url_encode(view_of(bytes, bytes_size), text, text_size);
        } else {
            free(text);
            text = NULL;
        }
    }
    BN_free(number);
    ERR_clear_error();
    return text;
}
