/* Derived keys: HKDF and HMAC by another hand (OpenSSL's HMAC alone), and what keeps parts apart.
 */
#include "security/secrets.h"
#include "unit.h"

#include <openssl/hmac.h>

static char folder[] = "/tmp/slotkeeper-secrets-XXXXXX";
static char path[128];

#define ROOT_TEXT "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef\n"

static void write_root(struct view root) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(root.data, 1, root.size, file), root.size);
    assert_int_equal(fclose(file), 0);
}

static struct secrets *load(const char *root) {
    struct error error = {""};
    write_root(view_text(root));
    struct secrets *secrets = secrets_load(path, &error);
    assert_non_null(secrets);
    return secrets;
}

static struct digest mac_of(
    const struct secrets *secrets,
    enum secret_purpose purpose,
    const struct view *parts,
    size_t n) {
    struct digest mac;
    secrets_mac(secrets, purpose, parts, n, &mac);
    return mac;
}

static struct digest hmac(struct view key, struct view text) {
    struct digest mac;
    unsigned size = 0;
    assert_non_null(
        HMAC(EVP_sha256(), key.data, (int)key.size, text.data, text.size, mac.bytes, &size));
    return mac;
}

/* RFC 5869 with no salt and one block of output: PRK = HMAC(zeros, root), T(1) = HMAC(PRK, info |
 * 1). */
static struct digest derived(const char *root, const char *label) {
    static const uint8_t zeros[32];
    uint8_t info[64];
    size_t size = strlen(label);
    struct digest prk = hmac(view_of(zeros, sizeof zeros), view_text(root));
    memcpy(info, label, size);
    info[size] = 1;
    return hmac(view_of(prk.bytes, sizeof prk.bytes), view_of(info, size + 1));
}

/* ---- */

static void keys_and_macs_are_as_the_standards_say(void **state) {
    static const char *const labels[] = {
        [SECRET_LOGIN] = "slotkeeper login",
        [SECRET_DEVICE] = "slotkeeper device",
        [SECRET_CONTENT] = "slotkeeper content",
        [SECRET_CURSOR] = "slotkeeper cursor",
    };
    static const uint8_t text[] = "\0\0\0\3abc\xff\xff\xff\xff\0\0\0\0\0\0\0\1\0";
    const struct view parts[] = {
        view_text("abc"), view_of(NULL, 0), view_of("", 0), view_of("", 1)};
    (void)state;
    struct secrets *secrets = load(ROOT_TEXT);
    for (size_t i = 0; i < SECRET_PURPOSE_COUNT; i++) {
        struct digest key = derived(ROOT_TEXT, labels[i]);
        struct digest expected =
            hmac(view_of(key.bytes, sizeof key.bytes), view_of(text, sizeof text - 1));
        struct digest mac = mac_of(secrets, (enum secret_purpose)i, parts, 4);
        assert_memory_equal(mac.bytes, expected.bytes, 32);
    }
    secrets_destroy(secrets);
}

static void purposes_and_roots_differ(void **state) {
    const struct view part = view_text("ann");
    struct digest macs[SECRET_PURPOSE_COUNT + 1];
    (void)state;
    struct secrets *secrets = load(ROOT_TEXT);
    struct secrets *without_line_end = load("00112233445566778899aabbccddeeff"
                                            "0123456789abcdef0123456789abcdef");
    for (size_t i = 0; i < SECRET_PURPOSE_COUNT; i++) {
        macs[i] = mac_of(secrets, (enum secret_purpose)i, &part, 1);
    }
    macs[SECRET_PURPOSE_COUNT] = mac_of(without_line_end, SECRET_LOGIN, &part, 1);
    for (size_t i = 0; i < sizeof macs / sizeof macs[0]; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(digest_equal(&macs[i], &macs[j]));
        }
    }
    secrets_destroy(secrets);
    secrets_destroy(without_line_end);
}

static void parts_cannot_run_together(void **state) {
    const struct view rows[][2] = {
        {view_text("ab"), view_text("c")},
        {view_text("a"), view_text("bc")},
        {view_text("abc"), view_of("", 0)},
        {view_of("", 0), view_text("abc")},
        {view_text("abc"), view_of(NULL, 0)},
        {view_of(NULL, 0), view_text("abc")},
    };
    struct digest macs[6];
    (void)state;
    struct secrets *secrets = load(ROOT_TEXT);
    for (size_t i = 0; i < 6; i++) {
        macs[i] = mac_of(secrets, SECRET_CONTENT, rows[i], 2);
        for (size_t j = 0; j < i; j++) {
            assert_false(digest_equal(&macs[i], &macs[j]));
        }
    }
    struct digest again = mac_of(secrets, SECRET_CONTENT, rows[0], 2);
    assert_true(digest_equal(&again, &macs[0]));
    secrets_destroy(secrets);
}

static void a_short_or_missing_file_is_refused(void **state) {
    static const uint8_t bytes[SECRET_SIZE_MAX + 1];
    struct error error = {""};
    (void)state;
    write_root(view_text("canary-of-31-bytes-............"));
    assert_null(secrets_load(path, &error));
    assert_non_null(strstr(error.text, path));
    assert_null(strstr(error.text, "canary"));
    write_root(view_of(bytes, SECRET_SIZE_MIN));
    struct secrets *secrets = secrets_load(path, &error);
    assert_non_null(secrets);
    secrets_destroy(secrets);
    write_root(view_of(bytes, sizeof bytes));
    assert_null(secrets_load(path, &error));
    write_root(view_of("", 0));
    assert_null(secrets_load(path, &error));
    assert_int_equal(unlink(path), 0);
    assert_null(secrets_load(path, &error));
    assert_null(secrets_load(folder, &error));
    secrets_destroy(NULL);
}

static int set_up(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/secret", folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_macs_are_as_the_standards_say),
        cmocka_unit_test(purposes_and_roots_differ),
        cmocka_unit_test(parts_cannot_run_together),
        cmocka_unit_test(a_short_or_missing_file_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
