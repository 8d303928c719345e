/* `slotkeeper keys`: both kinds of key put to use, taken out of use and destroyed, step by step. */
#include "keys_fixture.h"
#include "security/seal.h"

#include <sodium.h>

/* The line, and behind it the path of a file in the folder. */
static int keys_with(const char *words, const char *name) {
    char line[256];
    char path[128];
    path_to(path, sizeof path, name);
    assert_true((size_t)snprintf(line, sizeof line, "%s %s", words, path) < sizeof line);
    return keys(line);
}

static void assert_same_files(const char *a, const char *b) {
    char left[OUTPUT_SIZE];
    char right[OUTPUT_SIZE];
    read_back(a, left);
    read_back(b, right);
    assert_string_equal(left, right);
}

/* Whether the output has a line with these words in this order. */
static bool lists(const char *first, const char *second) {
    const char *at = strstr(output, first);
    const char *end = at == NULL ? NULL : strchr(at, '\n');
    const char *found = at == NULL ? NULL : strstr(at, second);
    return found != NULL && found < end;
}

static bool token_is_believed(void) {
    struct claims claims;
    assert_int_equal(keys("token --sub " SUBJECT " --role admin"), EXIT_DONE);
    assert_one_line();
    return worker_believes(output, &claims);
}

/* ---- signing keys ---- */

static void a_signing_key_is_rotated(void **state) {
    struct claims claims;
    char old_token[OUTPUT_SIZE];
    (void)state;
    use_key_file("signing.pem");
    use_kid("old");
    assert_int_equal(keys("generate --alg ES256 --kid old"), EXIT_DONE);
    assert_true(token_is_believed());
    memcpy(old_token, output, sizeof old_token);
    assert_int_equal(keys_with("generate --alg RS256 --kid new --out", "new.pem"), EXIT_DONE);
    assert_int_equal(keys("list"), EXIT_DONE);
    assert_true(lists("signing  old ", "ES256  signs\n"));
    assert_true(lists("signing  new ", "RS256\n"));

    assert_int_equal(keys_with("activate --kid new --key", "new.pem"), EXIT_DONE);
    assert_same_files("signing.pem", "new.pem");
    assert_int_equal(mode_of("signing.pem"), 0600);
    assert_true(token_is_believed());
    assert_true(worker_believes(old_token, &claims));
    assert_int_equal(keys("list --json"), EXIT_DONE);
    assert_non_null(strstr(
        output, "{\"kind\":\"signing\",\"kid\":\"old\",\"alg\":\"ES256\",\"signs\":false}\n"));
    assert_true(lists("\"kid\":\"new\"", "\"signs\":true}"));

    assert_int_equal(keys("retire --kid new"), EXIT_FAILED); /* it signs */
    assert_non_null(strstr(errors, "signing.pem"));
    assert_int_equal(keys("retire --kid old"), EXIT_DONE);
    assert_int_equal(keys("retire --kid old"), EXIT_FAILED);
    assert_false(worker_believes(old_token, &claims));
    assert_true(token_is_believed());
    assert_int_equal(keys("list"), EXIT_DONE);
    assert_null(strstr(output, "old"));
}

static void a_secret_is_rotated_like_a_pair(void **state) {
    (void)state;
    use_key_file("signing.pem");
    use_kid("");
    assert_int_equal(keys("generate --alg HS256 --kid old"), EXIT_DONE);
    assert_int_equal(keys_with("generate --alg HS256 --kid new --out", "new.key"), EXIT_DONE);
    assert_int_equal(keys_with("activate --kid old --key", "new.key"), EXIT_FAILED);
    assert_int_equal(keys_with("activate --kid new --key", "new.key"), EXIT_DONE);
    assert_int_equal(keys("retire --kid old"), EXIT_DONE);
    assert_true(token_is_believed());
    assert_int_equal(mode_of("jwks"), 0600);
}

static void only_the_right_key_is_put_to_use(void **state) {
    (void)state;
    use_key_file("signing.pem");
    assert_int_equal(keys("generate --alg ES256 --kid a"), EXIT_DONE);
    assert_int_equal(keys_with("generate --alg ES256 --kid b --out", "b.pem"), EXIT_DONE);
    assert_int_equal(keys_with("generate --alg HS256 --kid c --out", "c.key"), EXIT_DONE);
    char before[OUTPUT_SIZE];
    char after[OUTPUT_SIZE];
    read_back("signing.pem", before);
    assert_int_equal(keys_with("activate --kid a --key", "b.pem"), EXIT_FAILED);
    assert_non_null(strstr(errors, "b.pem"));
    assert_int_equal(keys_with("activate --kid b --key", "c.key"), EXIT_FAILED);
    assert_int_equal(keys_with("activate --kid c --key", "b.pem"), EXIT_FAILED);
    assert_int_equal(keys_with("activate --kid none --key", "b.pem"), EXIT_FAILED);
    assert_non_null(strstr(errors, "none"));
    assert_int_equal(keys_with("activate --kid b --key", "missing.pem"), EXIT_FAILED);
    assert_int_equal(keys_with("activate --kid b --key", "jwks"), EXIT_FAILED);
    read_back("signing.pem", after);
    assert_string_equal(before, after);
    assert_string_equal(output, "");
}

static void the_last_key_of_a_set_stays(void **state) {
    (void)state;
    use_key_file("signing.pem");
    assert_int_equal(keys("generate --alg ES256 --kid a"), EXIT_DONE);
    settings.token_signing_key_file[0] = '\0'; /* a set of tokens that others sign */
    assert_int_equal(keys("retire --kid a"), EXIT_FAILED);
    assert_non_null(strstr(errors, "no key"));
    assert_int_equal(keys("retire --kid b"), EXIT_FAILED);
    assert_int_equal(keys("list"), EXIT_DONE);
    assert_true(lists("signing  a ", "ES256\n"));
}

static void a_list_says_what_is_wrong(void **state) {
    (void)state;
    use_key_file("signing.pem");
    assert_int_equal(keys("generate --alg ES256 --kid a"), EXIT_DONE);
    assert_int_equal(keys("generate --seal --kid box"), EXIT_DONE);
    use_key_file("missing.pem");
    assert_int_equal(keys("list"), EXIT_FAILED);
    assert_true(lists("signing  a ", "ES256\n"));
    assert_true(lists("sealing  box ", "announced, first\n"));
    assert_non_null(strstr(errors, "missing.pem"));
}

/* ---- sealing keys ---- */

static bool opens(struct seal_keys *keys, const char *kid) {
    char name[64];
    char path[128];
    uint8_t key[SEAL_KEY_SIZE];
    uint8_t box[SEAL_CONTENT_MAX + SEAL_OVERHEAD];
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    (void)snprintf(name, sizeof name, "seal/%s.pub", kid);
    path_to(path, sizeof path, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(key, 1, sizeof key, file), sizeof key);
    (void)fclose(file);
    assert_true(seal_request(key, view_text("x"), box, &size));
    return seal_keys_open(keys, view_text(kid), view_of(box, size), content, &size) == SEAL_OPENED;
}

/* The kids that a worker announces once it has read the folder again, with a blank after each. */
static const char *announced_after_reload(struct seal_keys *keys) {
    static char text[SEAL_KEYS_MAX * (KEY_ID_SIZE_MAX + 1) + 1];
    struct seal_public items[SEAL_KEYS_MAX];
    struct error error = {""};
    assert_int_equal(seal_keys_reload(keys, &error), STATUS_OK);
    size_t count = seal_keys_announced(keys, items);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(text, items[i].kid), " ");
    }
    return text;
}

static void a_sealing_key_is_rotated(void **state) {
    struct error error = {""};
    (void)state;
    assert_int_equal(keys("generate --seal --kid old"), EXIT_DONE);
    struct seal_keys *worker = seal_keys_new(settings.seal_key_dir, &error);
    assert_non_null(worker);
    assert_int_equal(keys("generate --seal --kid new"), EXIT_DONE);
    assert_non_null(strstr(errors, "keys activate"));
    assert_string_equal(announced_after_reload(worker), "old ");
    assert_true(opens(worker, "new"));

    assert_int_equal(keys("activate --seal --kid new --json"), EXIT_DONE);
    assert_string_equal(output, "{\"kid\":\"new\"}\n");
    assert_string_equal(announced_after_reload(worker), "new old ");
    assert_int_equal(keys("destroy --seal --kid old"), EXIT_FAILED); /* announced */
    assert_int_equal(keys("retire --seal --kid old"), EXIT_DONE);
    assert_string_equal(announced_after_reload(worker), "new ");
    assert_true(opens(worker, "old"));
    settings.token_jwks_file[0] = '\0';
    assert_int_equal(keys("list"), EXIT_DONE);
    assert_true(lists("sealing  old ", "opens only\n"));
    assert_true(lists("sealing  new ", "announced, first\n"));
    assert_int_equal(keys("list --json"), EXIT_DONE);
    assert_true(lists("\"kid\":\"old\"", "\"announced\":false,\"first\":false}"));

    assert_int_equal(keys("retire --seal --kid new"), EXIT_FAILED); /* the last one announced */
    assert_int_equal(keys("retire --seal --kid old"), EXIT_FAILED);
    assert_int_equal(keys("destroy --seal --kid old"), EXIT_DONE);
    assert_false(exists("seal/old.key"));
    assert_false(exists("seal/old.pub"));
    assert_string_equal(announced_after_reload(worker), "new ");
    assert_int_equal(keys("destroy --seal --kid old"), EXIT_FAILED);
    assert_int_equal(keys("activate --seal --kid old"), EXIT_FAILED);
    assert_true(opens(worker, "new"));
    seal_keys_destroy(worker);
}

static void nothing_secret_is_said(void **state) {
    char hex[2 * SEAL_KEY_SIZE + 1];
    char path[128];
    uint8_t secret[SEAL_KEY_SIZE];
    static const char *const lines[] = {
        "list", "list --json", "retire --seal --kid box", "destroy --seal --kid box"};
    (void)state;
    assert_int_equal(keys("generate --seal --kid box"), EXIT_DONE);
    path_to(path, sizeof path, "seal/box.key");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(secret, 1, sizeof secret, file), sizeof secret);
    (void)fclose(file);
    (void)sodium_bin2hex(hex, sizeof hex, secret, sizeof secret);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        settings.token_jwks_file[0] = '\0';
        (void)keys(lines[i]);
        assert_null(strstr(output, hex));
        assert_null(memmem(output, sizeof output, secret, sizeof secret));
        assert_null(memmem(errors, sizeof errors, secret, sizeof secret));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_signing_key_is_rotated),
        TEST(a_secret_is_rotated_like_a_pair),
        TEST(only_the_right_key_is_put_to_use),
        TEST(the_last_key_of_a_set_stays),
        TEST(a_list_says_what_is_wrong),
        TEST(a_sealing_key_is_rotated),
        TEST(nothing_secret_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
