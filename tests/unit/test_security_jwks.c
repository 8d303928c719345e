/* JWK Sets: the keys of RFC 7515 verify its examples, and what is weak or inconsistent is refused
 * by name. */
#include "security/public_key.h"
#include "token_fixture.h"

#include <openssl/core_names.h>

#define RSA_N                                                                                      \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4" \
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re" \
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX" \
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define OCT_K                                                                                      \
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"

#define RSA_KEY                                                                                    \
    "{\"kty\":\"RSA\",\"kid\":\"r\",\"alg\":\"RS256\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}"
#define EC_KEY_ "\"kty\":\"EC\",\"kid\":\"e\",\"alg\":\"ES256\",\"crv\":\"P-256\""
#define EC_KEY  "{" EC_KEY_ ",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}"
#define OCT_KEY "{\"kty\":\"oct\",\"kid\":\"o\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}"

#define EXAMPLE_CLAIMS                                                                             \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"

/* RFC 7515 appendix A.1, A.2, A.3. */
static const struct {
    const char *kid;
    const char *token;
} examples[] = {
    {"o",
     "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." EXAMPLE_CLAIMS
     ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
    {"r",
     "eyJhbGciOiJSUzI1NiJ9." EXAMPLE_CLAIMS
     ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W"
     "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjt"
     "QBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6I"
     "eYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
    {"e",
     "eyJhbGciOiJFUzI1NiJ9." EXAMPLE_CLAIMS
     ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
};

static struct jwks *parse(const char *text) {
    struct error error = {""};
    struct jwks *jwks = jwks_parse(view_text(text), &error);
    if (jwks == NULL) {
        fail_msg("%s", error.text);
    }
    return jwks;
}

static void refused(const char *text, const char *why) {
    struct error error = {""};
    struct jwks *jwks = jwks_parse(view_text(text), &error);
    if (jwks != NULL || strstr(error.text, why) == NULL) {
        fail_msg("expected \"%s\", got \"%s\" for %.300s", why, error.text, text);
    }
    assert_null(strstr(error.text, OCT_K));
}

static void keys_of_rfc_7515_verify_its_examples(void **state) {
    (void)state;
    struct jwks *jwks = parse("{\"keys\":[" RSA_KEY "," EC_KEY "," OCT_KEY "]}");
    assert_int_equal(jwks->count, 3);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct verification_key *key = jwks_find(jwks, view_text(examples[i].kid));
        jwt_t *jwt = NULL;
        assert_non_null(key);
        assert_int_equal(
            jwt_decode(&jwt, examples[i].token, key->bytes.data, (int)key->bytes.size), 0);
        assert_int_equal(jwt_get_alg(jwt), key->algorithm->libjwt);
        jwt_free(jwt);
    }
    assert_null(jwks_find(jwks, view_text("R")));
    assert_null(jwks_find(jwks, view_text("")));
    jwks_destroy(jwks);
}

static void keys_for_other_uses_are_passed_over(void **state) {
    (void)state;
    struct jwks *jwks =
        parse("{\"keys\":["
              "{\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"r\",\"alg\":\"RSA-OAEP\"},"
              "{\"kty\":\"OKP\",\"key_ops\":[\"deriveKey\"]}," RSA_KEY
              ",{\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"]," EC_KEY_ ",\"x\":\"" EC_X
              "\",\"y\":\"" EC_Y "\"}],\"note\":1}");
    assert_int_equal(jwks->count, 2);
    jwks_destroy(jwks);
    refused("{\"keys\":[{\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"r\"}]}", "no key");
}

static void private_members_do_not_hurt(void **state) {
    (void)state;
    struct jwks *jwks = parse("{\"keys\":[{" EC_KEY_ ",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
                              "\",\"d\":\"not even base64!\"}]}");
    assert_int_equal(jwks->count, 1);
    assert_null(memmem(jwks->keys[0].bytes.data, jwks->keys[0].bytes.size, "PRIVATE", 7));
    jwks_destroy(jwks);
}

#define SET(key) "{\"keys\":[" key "]}"
#define RSA(n, e)                                                                                  \
    SET("{\"kty\":\"RSA\",\"kid\":\"r\",\"alg\":\"RS256\",\"n\":\"" n "\",\"e\":\"" e "\"}")
#define EC(crv, x, y)                                                                              \
    SET("{\"kty\":\"EC\",\"kid\":\"e\",\"alg\":\"ES256\",\"crv\":\"" crv "\",\"x\":\"" x           \
        "\",\"y\":\"" y "\"}")
#define OCT(alg, k) SET("{\"kty\":\"oct\",\"kid\":\"o\",\"alg\":\"" alg "\",\"k\":\"" k "\"}")
#define A32         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void what_is_weak_or_inconsistent_is_refused_by_name(void **state) {
    static const char *const sets[][2] = {
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{\"keys\":[" EC_KEY "]} x", "not a JSON object"},
        {"{\"keys\":[],\"keys\":[" EC_KEY "]}", "not a JSON object"},
        {"{\"keys\":[[[[[[[[[[]]]]]]]]]]}", "not a JSON object"},
        {"{}", "no array of keys"},
        {"{\"keys\":{}}", "no array of keys"},
        {"{\"keys\":[]}", "no key"},
        {SET("1"), "number 1 is not an object"},
        {SET(EC_KEY ",null"), "number 2 is not an object"},
        {SET("{\"kty\":\"RSA\",\"alg\":\"RS256\"}"), "key number 1: kid"},
        {SET("{\"kid\":1}"), "key number 1: kid"},
        {SET("{\"kid\":\"\"}"), "key number 1: kid"},
        {SET("{\"kid\":\"../../etc/passwd\"}"), "key number 1: kid"},
        {SET("{\"kid\":\"a b\"}"), "key number 1: kid"},
        {SET("{\"kid\":\"" A32 A32 "A\"}"), "key number 1: kid"},
        {SET("{\"kid\":\"r\",\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}"), "key r: alg"},
        {SET("{\"kid\":\"r\",\"kty\":\"RSA\",\"alg\":\"none\"}"), "key r: alg"},
        {SET("{\"kid\":\"r\",\"kty\":\"RSA\",\"alg\":\"PS256\"}"), "key r: alg"},
        {SET("{\"kid\":\"r\",\"kty\":\"EC\",\"alg\":\"ES384\"}"), "key r: alg"},
        {SET("{\"kid\":\"k\",\"kty\":\"OKP\",\"alg\":\"EdDSA\"}"), "key k: alg"},
        {SET("{\"kid\":\"k\",\"kty\":\"OKP\",\"alg\":\"ES256\"}"), "key k: kty is not EC"},
        {SET("{\"kid\":\"k\",\"kty\":\"RSA\",\"alg\":\"HS256\"}"), "key k: kty is not oct"},
        {SET("{\"kid\":\"k\",\"kty\":\"oct\",\"alg\":\"RS256\"}"), "key k: kty is not RSA"},
        {SET("{\"kid\":\"k\",\"alg\":\"RS256\"}"), "key k: kty is not RSA"},
        {SET(EC_KEY "," EC_KEY), "key e: the kid is there"},
        {RSA(RSA_N, "AQ"), "key r: not a sound RSA"},
        {RSA(RSA_N, "Aw"), "key r: not a sound RSA"},
        {RSA(RSA_N, "AQAA"), "key r: not a sound RSA"},
        {RSA(RSA_N, ""), "key r: not a sound RSA"},
        {RSA(RSA_N, "AQAB="), "key r: n or e"},
        {RSA(RSA_N, "AAAAAAEAAQ"), "key r: n or e"},
        {RSA(RSA_N "=", "AQAB"), "key r: n or e"},
        {RSA("", "AQAB"), "key r: not a sound RSA"},
        {RSA(A32 A32 A32, "AQAB"), "key r: not a sound RSA"},
        {EC("P-384", EC_X, EC_Y), "key e: crv"},
        {EC("p-256", EC_X, EC_Y), "key e: crv"},
        {EC("P-256", EC_Y, EC_X), "key e: x and y"},
        {EC("P-256", EC_X, EC_X), "key e: x and y"},
        {EC("P-256", EC_X, ""), "key e: x or y"},
        {EC("P-256", "AA", EC_Y), "key e: x or y"},
        {EC("P-256", EC_X "AA", EC_Y), "key e: x or y"},
        {EC("P-256",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
         "key e: x and y"},
        {OCT("HS256", ""), "key o: k"},
        {OCT("HS256", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLg"), "key o: k"},
        {OCT("HS512", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"), "key o: k"},
        {OCT("HS256", A32 A32), "key o: k"},
        {OCT("HS256", "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUZrd0V3WUhLb1pJemowQ0FRWUk"),
         "key o: k"},
        {OCT("HS256", OCT_K "="), "key o: k"},
        {SET("{\"kty\":\"oct\",\"kid\":\"o\",\"alg\":\"HS256\"}"), "key o: k"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        refused(sets[i][0], sets[i][1]);
    }
}

static void rsa_needs_2048_bits_and_no_small_factor(void **state) {
    char set[4096];
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen((size_t)1024);
    char *n = public_key_number(key, OSSL_PKEY_PARAM_RSA_N, 0);
    (void)snprintf(set, sizeof set, RSA("%s", "AQAB"), n);
    refused(set, "key r: not a sound RSA");
    free(n);
    EVP_PKEY_free(key);

    uint8_t modulus[256];
    char text[BASE64URL_TEXT_SIZE(sizeof modulus)];
    memset(modulus, 0xff, sizeof modulus); /* 2^2048 - 1: three divides it */
    for (int even = 0; even <= 1; even++) {
        modulus[255] = even == 1 ? 0xfe : 0xff;
        base64url_encode(view_of(modulus, sizeof modulus), text, sizeof text);
        (void)snprintf(set, sizeof set, RSA("%s", "AQAB"), text);
        refused(set, "key r: not a sound RSA");
    }
}

/* OpenSSL's own check, whose random bases find a factor of this modulus in one run of four. */
static void rsa_is_sound_each_time_or_never(void **state) {
    static const struct {
        char digit;
        size_t count;
    } runs[] = {
        {'u', 1},
        {'_', 91},
        {'R', 49},
        {'q', 59},
        {'y', 1},
        {'q', 52},
        {'R', 74},
        {'_', 128},
        {'9', 1}};

    char n[512];
    char set[4096];
    size_t size = 0;
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        memset(n + size, runs[i].digit, runs[i].count);
        size += runs[i].count;
    }
    n[size] = '\0';
    (void)snprintf(set, sizeof set, RSA("%s", "AQAB"), n);
    for (int time = 0; time < 40; time++) {
        jwks_destroy(parse(set));
    }
}

static void at_most_64_keys(void **state) {
    static char text[64 * 1024];
    (void)state;
    for (int count = 64; count <= 65; count++) {
        int size = snprintf(text, sizeof text, "{\"keys\":[");
        for (int i = 0; i < count; i++) {
            size += snprintf(
                text + size,
                512,
                "%s{\"kty\":\"oct\",\"kid\":\"k%d\",\"alg\":\"HS256\",\"k\":\"%s\"}",
                i == 0 ? "" : ",",
                i,
                OCT_K);
        }
        (void)snprintf(text + size, 3, "]}");
        if (count == 64) {
            jwks_destroy(parse(text));
        } else {
            refused(text, "more than 64 keys");
        }
    }
}

static void only_public_members_are_published(void **state) {
    struct error error = {""};
    (void)state;
    char *text = jwks_public_text(
        view_text("{\"keys\":[" OCT_KEY ",{" EC_KEY_ ",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
                  "\",\"d\":\"secret-d\",\"note\":\"secret-note\"},"
                  "{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQ\",\"e\":\"AQAB\",\"d\":\"secret-d\","
                  "\"p\":\"secret-p\",\"q\":\"secret-q\",\"dp\":\"secret-dp\",\"dq\":\"secret-dq\","
                  "\"qi\":\"secret-qi\",\"oth\":[\"secret-oth\"]},"
                  "{\"kty\":\"OKP\",\"x\":\"AQ\",\"d\":\"secret-d\"},"
                  "{\"kty\":\"EC\",\"kid\":\"sealing\",\"use\":\"enc\"},"
                  "{\"kty\":\"EC\",\"kid\":\"deriving\",\"key_ops\":[\"deriveKey\"]}]}"),
        &error);
    assert_non_null(text);
    assert_string_equal(
        text,
        "{\"keys\":[{\"kty\":\"EC\",\"kid\":\"e\",\"alg\":\"ES256\",\"crv\":\"P-256\",\"x\":\"" EC_X
        "\",\"y\":\"" EC_Y "\"},"
        "{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQ\",\"e\":\"AQAB\"}]}");
    free(text);
    assert_null(jwks_public_text(view_text("{}"), &error));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_rfc_7515_verify_its_examples),
        cmocka_unit_test(keys_for_other_uses_are_passed_over),
        cmocka_unit_test(private_members_do_not_hurt),
        cmocka_unit_test(what_is_weak_or_inconsistent_is_refused_by_name),
        cmocka_unit_test(rsa_needs_2048_bits_and_no_small_factor),
        cmocka_unit_test(rsa_is_sound_each_time_or_never),
        cmocka_unit_test(at_most_64_keys),
        cmocka_unit_test(only_public_members_are_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
