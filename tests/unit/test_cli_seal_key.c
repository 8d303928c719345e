/* Where `send` takes keys from: the service's to seal to, and the caller's own. */
#include "cli/reply_key.h"
#include "cli/seal_key.h"
#include "seal_fixture.h"
#include "security/statement.h"

#include <sodium.h>
#include <sys/stat.h>

#define HEX "faece3d09720b75781912ea68cd6dd53b362b2d774b8ccaefe2d236ae3520b5a"

static struct seal_fixture seals;
static struct seal_public key;
static struct error error;

static int set_up(void **state) {
    (void)state;
    seal_fixture_init(&seals);
    key = (struct seal_public){.kid = ""};
    error.text[0] = '\0';
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return seal_fixture_clean_up(&seals);
}

static const char *path_to(const char *name) {
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", seals.root, name);
    return path;
}

static void write_bytes(const char *path, const void *bytes, size_t size, mode_t mode) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    assert_int_equal(fchmod(file, mode), 0);
    (void)close(file);
}

/* ---- --seal-key ---- */

static void a_key_is_digits(void **state) {
    (void)state;
    char text[2 * SEAL_KEY_SIZE + 1];
    assert_int_equal(seal_key_from_option("k-1=" HEX, &key, &error), STATUS_OK);
    assert_string_equal(key.kid, "k-1");
    (void)sodium_bin2hex(text, sizeof text, key.key, sizeof key.key);
    assert_string_equal(text, HEX);
}

static void a_key_is_a_file(void **state) {
    (void)state;
    char option[256];
    seal_fixture_add(&seals, "seal-1");
    (void)snprintf(option, sizeof option, "seal-1=%s/seal-1.pub", seals.folder);
    assert_int_equal(seal_key_from_option(option, &key, &error), STATUS_OK);
    assert_string_equal(key.kid, "seal-1");
    assert_memory_equal(key.key, seal_fixture_public(&seals, "seal-1"), SEAL_KEY_SIZE);
}

static void assert_option_refused(const char *option, const char *why) {
    assert_int_equal(seal_key_from_option(option, &key, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "--seal-key"));
    assert_non_null(strstr(error.text, why));
}

static void a_wrong_option_is_refused(void **state) {
    (void)state;
    char option[256];
    assert_option_refused("", "KID=HEX or KID=FILE");
    assert_option_refused(HEX, "KID=HEX or KID=FILE");
    assert_option_refused("=" HEX, "KID=HEX or KID=FILE");
    assert_option_refused("../../etc/passwd=" HEX, "KID=HEX or KID=FILE");
    assert_option_refused("k=", "64 hexadecimal digits");
    assert_option_refused("k=" HEX "00", "64 hexadecimal digits");
    assert_option_refused("k=/nonexistent", "64 hexadecimal digits");
    write_bytes(path_to("short"), HEX, SEAL_KEY_SIZE - 1, 0600);
    (void)snprintf(option, sizeof option, "k=%s", path_to("short"));
    assert_option_refused(option, "is not 32 bytes");
    write_bytes(path_to("long"), HEX, SEAL_KEY_SIZE + 1, 0600);
    (void)snprintf(option, sizeof option, "k=%s", path_to("long"));
    assert_option_refused(option, "32 bytes");
}

/* A box to it would open for everybody. */
static void a_point_of_low_order_is_refused(void **state) {
    (void)state;
    char option[2 * SEAL_KEY_SIZE + 3] = "k=";
    memset(option + 2, '0', sizeof option - 3);
    assert_int_equal(seal_key_from_option(option, &key, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "no usable"));
}

/* ---- seal.key_dir ---- */

static void assert_folder(const char *kid) {
    bool found = false;
    assert_int_equal(seal_key_from_folder(seals.folder, &key, &found, &error), STATUS_OK);
    assert_true(found == (kid != NULL));
    if (kid != NULL) {
        assert_string_equal(key.kid, kid);
        assert_memory_equal(key.key, seal_fixture_public(&seals, kid), SEAL_KEY_SIZE);
    }
}

static void the_first_announced_is_taken(void **state) {
    (void)state;
    assert_folder(NULL); /* no folder yet */
    seal_fixture_add(&seals, "ab");
    seal_fixture_add(&seals, "b");
    seal_fixture_add(&seals, "a");
    seal_fixture_announce(&seals, "b\nab\n");
    assert_folder("b");
    seal_fixture_announce(&seals, "ab");
    assert_folder("ab");
}

static void without_a_list_the_first_by_name_is_taken(void **state) {
    (void)state;
    static const char *const kids[] = {"b", "ab", "a", "c"};
    for (size_t i = 0; i < 4; i++) {
        seal_fixture_add(&seals, kids[i]);
    }
    (void)unlink(seal_fixture_path(&seals, "announced"));
    write_text(seal_fixture_path(&seals, "0 is no kid.pub"), "x");
    write_text(seal_fixture_path(&seals, "0.key"), "x");
    assert_folder("a");
    (void)unlink(seal_fixture_path(&seals, "a.pub"));
    assert_folder("ab");
}

/* A client has no secret keys. */
static void secret_keys_need_not_be_there(void **state) {
    (void)state;
    seal_fixture_add(&seals, "a");
    (void)unlink(seal_fixture_path(&seals, "a.key"));
    assert_folder("a");
}

static void assert_folder_refused(void) {
    bool found = false;
    assert_int_equal(seal_key_from_folder(seals.folder, &key, &found, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, seals.folder));
}

static void a_broken_folder_is_refused(void **state) {
    (void)state;
    seal_fixture_add(&seals, "a");
    seal_fixture_announce(&seals, "gone\n");
    assert_folder_refused();
    seal_fixture_announce(&seals, "../a\n");
    assert_folder_refused();
    seal_fixture_announce(&seals, "a\n");
    assert_folder("a");
    write_text(seal_fixture_path(&seals, "a.pub"), "short");
    assert_folder_refused();
}

/* ---- GetServiceKeys ---- */

static enum status from_outcome(const char *text) {
    json_t *outcome = json_loads(text, 0, NULL);
    assert_non_null(outcome);
    static const struct seal_key_trust trust = {.jwks_file = ""};
    enum status status = seal_key_from_outcome(outcome, &trust, &key, &error);
    json_decref(outcome);
    return status;
}

static void the_first_that_is_told_is_taken(void **state) {
    (void)state;
    assert_int_equal(
        from_outcome("{\"value\":{\"code\":\"\",\"result\":{\"seal_keys\":[{\"key_id\":\"k1\","
                     "\"public_key\":\"" HEX "\"},{\"key_id\":\"k2\",\"public_key\":\"00\"}]}}}"),
        STATUS_OK);
    assert_string_equal(key.kid, "k1");
    assert_int_equal(key.key[0], 0xfa);
}

static void an_outcome_without_keys_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{\"value\":{\"code\":\"RATE_LIMITED\",\"result\":null}}",
        "{\"value\":{\"result\":{\"seal_keys\":[]}}}",
        "{\"value\":{\"result\":{\"seal_keys\":[{\"key_id\":\"../k\",\"public_key\":\"" HEX
        "\"}]}}}",
        "{\"value\":{\"result\":{\"seal_keys\":[{\"key_id\":\"k\",\"public_key\":\"00\"}]}}}",
        "{\"value\":{\"result\":{\"seal_keys\":[{\"key_id\":\"k\"}]}}}",
        "{\"value\":{\"code\":\"\",\"result\":null}}",
        "{\"value_hex\":\"00\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(from_outcome(texts[i]), STATUS_INVALID);
        assert_non_null(strstr(error.text, "--seal-key"));
        assert_true((strstr(error.text, "RATE_LIMITED") != NULL) == (i == 0));
    }
}

/* ---- its statement ---- */

enum { NOW_S = 1795369634 };

static struct fixture signers; /* "known" and "other", of which the client knows the first */

static void make_signers(void) {
    fixture_folder(&signers);
    fixture_add(&signers, "known", "ES256");
    fixture_add(&signers, "other", "ES256");
    fixture_publish(&signers, 0, 1);
}

static const char *payload_for(const char *audience) {
    static const char public_key[] = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"; /* 01 to 20 */
    static char payload[512];
    (void)snprintf(
        payload,
        sizeof payload,
        "{\"iss\":\"i\",\"aud\":\"%s\",\"iat\":%d,\"seal_keys\":[{\"key_id\":\"signed\","
        "\"public_key\":\"%s\"}]}",
        audience,
        NOW_S,
        public_key);
    return payload;
}

/* A statement by the key `kid` about one sealing key, malloc'ed. */
static char *statement_by(const char *kid, const char *audience) {
    char *token = fixture_token(&signers, kid, payload_for(audience));
    memmove(token, token + strlen("Bearer "), strlen(token + strlen("Bearer ")) + 1);
    return token;
}

/* One that names another algorithm than the key's, with `secret` (data NULL: none) for its MAC. */
static char *statement_with(const char *header, struct view secret) {
    char parts[3][1024] = {"", "", ""};
    uint8_t signature[SIGNATURE_SIZE_MAX];
    char *text = malloc(sizeof parts);
    assert_non_null(text);
    base64url_encode(view_text(header), parts[0], sizeof parts[0]);
    base64url_encode(view_text(payload_for(STATEMENT_AUDIENCE)), parts[1], sizeof parts[1]);
    (void)snprintf(text, sizeof parts, "%s.%s", parts[0], parts[1]);
    if (secret.data != NULL) {
        size_t size = sign_secret("HS256", secret, view_text(text), signature);
        base64url_encode(view_of(signature, size), parts[2], sizeof parts[2]);
    }
    (void)snprintf(text, sizeof parts, "%s.%s.%s", parts[0], parts[1], parts[2]);
    return text;
}

/* The unsigned part names another key, which must not be taken. */
static enum status from_statement(const char *statement, int64_t now_s) {
    const struct seal_key_trust trust = {signers.jwks_file, 900, now_s};
    json_t *outcome = json_pack(
        "{s:{s:s, s:{s:[{s:s, s:s}], s:s}}}",
        "value",
        "code",
        "",
        "result",
        "seal_keys",
        "key_id",
        "told",
        "public_key",
        HEX,
        "statement",
        statement);
    assert_non_null(outcome);
    enum status status = seal_key_from_outcome(outcome, &trust, &key, &error);
    json_decref(outcome);
    return status;
}

static void a_signed_statement_is_believed(void **state) {
    (void)state;
    make_signers();
    char *statement = statement_by("known", STATEMENT_AUDIENCE);
    assert_int_equal(from_statement(statement, NOW_S), STATUS_OK);
    assert_string_equal(key.kid, "signed");
    assert_int_equal(key.key[0], 1);
    assert_int_equal(key.key[31], 32);
    assert_int_equal(from_statement(statement, NOW_S + 900), STATUS_OK);
    assert_int_equal(from_statement(statement, NOW_S + 901), STATUS_INVALID);
    assert_non_null(strstr(error.text, "clock"));
    assert_int_equal(from_statement(statement, NOW_S - 901), STATUS_INVALID);
    free(statement);
    fixture_clean_up(&signers);
}

static void assert_not_believed(const char *statement) {
    assert_int_equal(from_statement(statement, NOW_S), STATUS_INVALID);
    assert_non_null(strstr(error.text, "not signed by a key of token.jwks_file"));
}

static void any_other_is_not(void **state) {
    (void)state;
    make_signers();
    char *strangers = statement_by("other", STATEMENT_AUDIENCE);
    char *tokens = statement_by("known", FIXTURE_AUDIENCE);
    char *changed = statement_by("known", STATEMENT_AUDIENCE);
    assert_not_believed(strangers);
    assert_not_believed(tokens);
    assert_int_equal(from_statement(changed, NOW_S), STATUS_OK);
    size_t end = strlen(changed) - 10;
    changed[end] = changed[end] == 'A' ? 'B' : 'A';
    assert_not_believed(changed);
    assert_not_believed("");
    assert_not_believed("a.b.c");
    assert_not_believed("e30.e30.");
    free(strangers);
    free(tokens);
    free(changed);
    fixture_clean_up(&signers);
}

static void the_keys_own_algorithm_counts(void **state) {
    (void)state;
    make_signers();
    struct jwks *jwks = jwks_file_read(signers.jwks_file, &error);
    assert_non_null(jwks);
    struct view pem = key_bytes_view(&jwks->keys[0].bytes);
    char *maced = statement_with("{\"alg\":\"HS256\",\"kid\":\"known\"}", pem);
    char *bare = statement_with("{\"alg\":\"none\",\"kid\":\"known\"}", view_of(NULL, 0));
    assert_not_believed(maced);
    assert_not_believed(bare);
    jwks_destroy(jwks);
    free(maced);
    free(bare);
    fixture_clean_up(&signers);
}

static void a_set_that_cannot_be_read_is_named(void **state) {
    (void)state;
    make_signers();
    char *statement = statement_by("known", STATEMENT_AUDIENCE);
    assert_int_equal(unlink(signers.jwks_file), 0);
    assert_int_equal(from_statement(statement, NOW_S), STATUS_INVALID);
    assert_non_null(strstr(error.text, signers.jwks_file));
    free(statement);
    fixture_clean_up(&signers);
}

/* ---- --reply-key ---- */

static void assert_pair(const struct reply_key *pair) {
    uint8_t box[SEAL_OVERHEAD + 3];
    uint8_t content[3];
    assert_true(seal_for(pair->public, view_text("abc"), box, sizeof box));
    assert_true(seal_answer_open(pair->public, pair->secret, view_of(box, sizeof box), content));
    assert_memory_equal(content, "abc", 3);
}

static void a_reply_key_is_made_once(void **state) {
    (void)state;
    struct reply_key first;
    struct reply_key again;
    struct stat about;
    mode_t before = umask(0);
    assert_int_equal(reply_key_from_file(path_to("reply"), &first, &error), STATUS_OK);
    (void)umask(before);
    assert_int_equal(stat(path_to("reply"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(about.st_size, SEAL_KEY_SIZE);
    assert_pair(&first);
    assert_int_equal(reply_key_from_file(path_to("reply"), &again, &error), STATUS_OK);
    assert_memory_equal(&again, &first, sizeof first);
}

static void without_a_file_each_is_another(void **state) {
    (void)state;
    struct reply_key first;
    struct reply_key second;
    assert_int_equal(reply_key_make(&first, &error), STATUS_OK);
    assert_int_equal(reply_key_make(&second, &error), STATUS_OK);
    assert_pair(&first);
    assert_pair(&second);
    assert_memory_not_equal(first.public, second.public, SEAL_KEY_SIZE);
    reply_key_wipe(&first);
    static const struct reply_key none;
    assert_memory_equal(&first, &none, sizeof none);
}

static void assert_reply_key_refused(const char *name, const char *why) {
    struct reply_key pair;
    assert_int_equal(reply_key_from_file(path_to(name), &pair, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, why));
}

static void a_wrong_reply_key_file_is_refused(void **state) {
    (void)state;
    write_bytes(path_to("short"), HEX, SEAL_KEY_SIZE - 1, 0600);
    assert_reply_key_refused("short", "is not 32 bytes");
    write_bytes(path_to("long"), HEX, SEAL_KEY_SIZE + 1, 0600);
    assert_reply_key_refused("long", "is not 32 bytes");
    write_bytes(path_to("empty"), HEX, 0, 0600);
    assert_reply_key_refused("empty", "empty");
    write_bytes(path_to("open"), HEX, SEAL_KEY_SIZE, 0640);
    assert_reply_key_refused("open", "chmod 600");
    assert_int_equal(chmod(path_to("open"), 0600), 0);
    struct reply_key pair;
    assert_int_equal(reply_key_from_file(path_to("open"), &pair, &error), STATUS_OK);
    assert_reply_key_refused("no/such/folder", "cannot create");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_digits),
        TEST(a_key_is_a_file),
        TEST(a_wrong_option_is_refused),
        TEST(a_point_of_low_order_is_refused),
        TEST(the_first_announced_is_taken),
        TEST(without_a_list_the_first_by_name_is_taken),
        TEST(secret_keys_need_not_be_there),
        TEST(a_broken_folder_is_refused),
        TEST(the_first_that_is_told_is_taken),
        TEST(an_outcome_without_keys_is_refused),
        TEST(a_signed_statement_is_believed),
        TEST(any_other_is_not),
        TEST(the_keys_own_algorithm_counts),
        TEST(a_set_that_cannot_be_read_is_named),
        TEST(a_reply_key_is_made_once),
        TEST(without_a_file_each_is_another),
        TEST(a_wrong_reply_key_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
