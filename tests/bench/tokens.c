/* ES256 tokens with OpenSSL alone: the key is read once, which makes a token some thirty
 * microseconds. */
#include "base/time.h"
#include "bench.h"
#include "security/base64url.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_SIZE_MAX = 768, COORDINATE_SIZE = 32, DER_SIZE_MAX = 128, LIFE_S = 3600 };

struct signer {
    const struct settings *settings;
    EVP_PKEY *key;
    char header[PART_SIZE_MAX * 4 / 3];
    long issued_at_s;
};

struct signer *signer_new(const struct settings *settings) {
    struct signer *signer = calloc(1, sizeof *signer);
    FILE *file = fopen(settings->token_signing_key_file, "re");
    if (signer == NULL || file == NULL) {
        die("%s cannot be opened", settings->token_signing_key_file);
    }
    signer->settings = settings;
    signer->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    if (signer->key == NULL || EVP_PKEY_is_a(signer->key, "EC") != 1) {
        die("%s holds no EC key", settings->token_signing_key_file);
    }
    char text[PART_SIZE_MAX];
    (void)snprintf(
        text,
        sizeof text,
        "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
        settings->token_signing_kid);
    base64url_encode(view_text(text), signer->header, sizeof signer->header);
    signer->issued_at_s = (long)(time_wall_us() / TIME_SECOND_US);
    return signer;
}

void signer_destroy(struct signer *signer) {
    EVP_PKEY_free(signer->key);
    free(signer);
}

/* The two numbers of a signature, each in 32 bytes, out of OpenSSL's DER. */
static void sign(
    const struct signer *signer, const char *text, uint8_t signature[2 * COORDINATE_SIZE]) {
    uint8_t der[DER_SIZE_MAX];
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signer->key) != 1
        || EVP_DigestSign(context, der, &size, (const uint8_t *)text, strlen(text)) != 1) {
        die("a token cannot be signed");
    }
    EVP_MD_CTX_free(context);
    const uint8_t *next = der;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &next, (long)size);
    if (numbers == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, COORDINATE_SIZE) < 0
        || BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + COORDINATE_SIZE, COORDINATE_SIZE)
               < 0) {
        die("OpenSSL made no signature for ES256");
    }
    ECDSA_SIG_free(numbers);
}

static void payload_of(const struct signer *signer, struct uuid patient, char text[PART_SIZE_MAX]) {
    char subject[UUID_TEXT_SIZE + 1];
    char token_id[UUID_TEXT_SIZE + 1];
    uuid_format(patient, subject);
    uuid_format(uuid_random(), token_id);
    (void)snprintf(
        text,
        PART_SIZE_MAX,
        "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"%s\",\"role\":\"patient\",\"jti\":\"%s\",\"iat\":"
        "%ld,\"exp\":%ld,"
        "\"ver\":1}",
        signer->settings->token_issuer,
        signer->settings->token_audience,
        subject,
        token_id,
        signer->issued_at_s,
        signer->issued_at_s + LIFE_S);
}

char *signer_token(struct signer *signer, struct uuid patient) {
    static const char scheme[] = "Bearer ";
    char text[PART_SIZE_MAX];
    char payload[PART_SIZE_MAX * 4 / 3];
    uint8_t signature[2 * COORDINATE_SIZE];
    char signature_text[BASE64URL_TEXT_SIZE(sizeof signature)];
    char token[2 * sizeof payload + sizeof signature_text + sizeof scheme];
    payload_of(signer, patient, text);
    base64url_encode(view_text(text), payload, sizeof payload);
    (void)snprintf(token, sizeof token, "%s%s.%s", scheme, signer->header, payload);
    sign(signer, token + strlen(scheme), signature);
    base64url_encode(view_of(signature, sizeof signature), signature_text, sizeof signature_text);
    size_t size = strlen(token);
    (void)snprintf(token + size, sizeof token - size, ".%s", signature_text);
    char *copy = strdup(token);
    if (copy == NULL) {
        die("no memory");
    }
    return copy;
}
