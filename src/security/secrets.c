/* HKDF (RFC 5869) from the root, then HMAC. Labels never change: what is stored under them would
 * not be found again. */
#include "security/secrets.h"

#include "security/key_file.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdlib.h>

struct secrets {
    uint8_t keys[SECRET_PURPOSE_COUNT][crypto_auth_hmacsha256_KEYBYTES];
};

static const char *const labels[SECRET_PURPOSE_COUNT] = {
    [SECRET_LOGIN] = "slotkeeper login",
    [SECRET_DEVICE] = "slotkeeper device",
    [SECRET_CONTENT] = "slotkeeper content",
    [SECRET_CURSOR] = "slotkeeper cursor",
};

/* OpenSSL's parameters are not const, though it only reads these. */
static void *unconst(const void *data) {
    union {
        const void *read;
        void *write;
    } pointer = {.read = data};

    return pointer.write;
}

static bool derive(EVP_KDF_CTX *context, struct view root, const char *label, uint8_t key[32]) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, unconst(root.data), root.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, unconst(label), strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX_reset(context);
    return EVP_KDF_derive(context, key, 32, parameters) == 1;
}

static bool derive_all(struct view root, struct secrets *secrets) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    bool derived = context != NULL;
    for (size_t i = 0; derived && i < SECRET_PURPOSE_COUNT; i++) {
        derived = derive(context, root, labels[i], secrets->keys[i]);
    }
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    ERR_clear_error();
    return derived;
}

static enum status make(
    const char *path, struct view root, struct secrets *secrets, struct error *error) {
    if (root.size < SECRET_SIZE_MIN) {
        return error_set(
            error, STATUS_INVALID, "%s has less than %d bytes", path, (int)SECRET_SIZE_MIN);
    }
    if (sodium_init() < 0 || secrets == NULL || !derive_all(root, secrets)) {
        return error_set(error, STATUS_FATAL, "no keys can be derived from %s", path);
    }
    return STATUS_OK;
}

struct secrets *secrets_load(const char *path, struct error *error) {
    struct key_bytes root;
    if (key_file_read(path, SECRET_SIZE_MAX, &root, error) != STATUS_OK) {
        return NULL;
    }
    struct secrets *secrets = calloc(1, sizeof *secrets);
    enum status status = make(path, key_bytes_view(&root), secrets, error);
    key_bytes_clean_up(&root);
    if (status != STATUS_OK) {
        secrets_destroy(secrets);
        return NULL;
    }
    return secrets;
}

void secrets_destroy(struct secrets *secrets) {
    if (secrets != NULL) {
        sodium_memzero(secrets, sizeof *secrets);
    }
    free(secrets);
}

static void add_part(crypto_auth_hmacsha256_state *state, struct view part) {
    uint32_t size = part.data == NULL ? UINT32_MAX : (uint32_t)part.size;
    const uint8_t head[4] = {
        (uint8_t)(size >> 24U), (uint8_t)(size >> 16U), (uint8_t)(size >> 8U), (uint8_t)size};
    (void)crypto_auth_hmacsha256_update(state, head, sizeof head);
    if (part.data != NULL) {
        (void)crypto_auth_hmacsha256_update(state, part.data, part.size);
    }
}

void secrets_mac(
    const struct secrets *secrets,
    enum secret_purpose purpose,
    const struct view *parts,
    size_t count,
    struct digest *mac) {
    crypto_auth_hmacsha256_state state;
    _Static_assert(sizeof mac->bytes == crypto_auth_hmacsha256_BYTES, "SHA-256 is 32 bytes");
    (void)crypto_auth_hmacsha256_init(&state, secrets->keys[purpose], sizeof secrets->keys[0]);
    for (size_t i = 0; i < count; i++) {
        add_part(&state, parts[i]);
    }
    (void)crypto_auth_hmacsha256_final(&state, mac->bytes);
    sodium_memzero(&state, sizeof state);
}
