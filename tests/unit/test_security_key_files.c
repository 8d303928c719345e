/* Key files on disk: made once, replaced whole, and a JWK Set that grows key by key. */
#include "security/seal.h"
#include "token_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

static struct fixture fixture;

static const char *path_of(const char *name) {
    static char paths[4][256];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 256, "%s/%s", fixture.folder, name);
    return path;
}

static mode_t mode_of(const char *path) {
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777;
}

static void assert_holds(const char *path, const char *text) {
    struct error error = {""};
    struct key_bytes bytes;
    assert_int_equal(key_file_read(path, 1 << 20, &bytes, &error), STATUS_OK);
    assert_true(view_is(key_bytes_view(&bytes), text));
    key_bytes_clean_up(&bytes);
    assert_null(bytes.data);
}

static size_t files_in_folder(void) {
    struct dirent **names = NULL;
    int count = scandir(fixture.folder, &names, NULL, NULL);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    return (size_t)count;
}

static void reading_is_bounded_and_of_files_only(void **state) {
    struct error error = {""};
    struct key_bytes bytes;
    (void)state;
    write_text(path_of("five"), "12345");
    write_text(path_of("empty"), "");
    assert_int_equal(key_file_read(path_of("five"), 5, &bytes, &error), STATUS_OK);
    assert_int_equal(bytes.size, 5);
    key_bytes_clean_up(&bytes);
    assert_int_equal(key_file_read(path_of("five"), 4, &bytes, &error), STATUS_INVALID);
    assert_null(bytes.data);
    assert_int_equal(key_file_read(path_of("empty"), 4, &bytes, &error), STATUS_INVALID);
    assert_int_equal(key_file_read(path_of("none"), 4, &bytes, &error), STATUS_INVALID);
    assert_int_equal(key_file_read(fixture.folder, 4, &bytes, &error), STATUS_INVALID);
    assert_int_equal(key_file_read("/dev/zero", 4, &bytes, &error), STATUS_INVALID);
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    assert_int_equal(key_file_read(path_of("pipe"), 4, &bytes, &error), STATUS_INVALID);
}

static void creating_never_overwrites(void **state) {
    struct error error = {""};
    struct view text = view_text("secret");
    (void)state;
    assert_int_equal(key_file_create(path_of("new"), 0600, text, &error), STATUS_OK);
    assert_int_equal(mode_of(path_of("new")), 0600);
    assert_int_equal(
        key_file_create(path_of("new"), 0600, view_text("other"), &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "not overwritten"));
    assert_holds(path_of("new"), "secret");
    assert_int_equal(symlink(path_of("target"), path_of("link")), 0);
    assert_int_equal(key_file_create(path_of("link"), 0600, text, &error), STATUS_INVALID);
    assert_int_equal(access(path_of("target"), F_OK), -1);
    assert_int_equal(key_file_create(path_of("no/folder"), 0600, text, &error), STATUS_INVALID);
}

static void replacing_leaves_one_whole_file(void **state) {
    struct error error = {""};
    (void)state;
    size_t before = files_in_folder();
    write_text(path_of("set"), "old");
    assert_int_equal(key_file_replace(path_of("set"), 0640, view_text("newer"), &error), STATUS_OK);
    assert_holds(path_of("set"), "newer");
    assert_int_equal(mode_of(path_of("set")), 0640);
    assert_int_equal(files_in_folder(), before + 1);
    assert_int_equal(
        key_file_replace(path_of("no/set"), 0644, view_text("x"), &error), STATUS_INVALID);
}

static void a_lock_keeps_another_out(void **state) {
    struct error error = {""};
    (void)state;
    int lock = key_file_lock(path_of("set"), &error);
    assert_true(lock >= 0);
    key_file_unlock(lock);
    assert_int_equal(key_file_lock(path_of("no/set"), &error), -1);
    lock = key_file_lock("set-in-the-current-folder", &error);
    assert_true(lock >= 0);
    key_file_unlock(lock);
}

static json_t *loaded(void) {
    json_t *set = json_load_file(fixture.jwks_file, 0, NULL);
    assert_non_null(set);
    return set;
}

static void assert_count(size_t count) {
    json_t *set = loaded();
    assert_int_equal(json_array_size(json_object_get(set, "keys")), count);
    json_decref(set);
}

static void a_set_grows_key_by_key(void **state) {
    struct error error = {""};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        json_t *jwk = fixture.keys[i].pair.jwk;
        assert_int_equal(jwks_file_lacks(fixture.jwks_file, fixture.keys[i].kid, &error), 0);
        assert_int_equal(jwks_file_add(fixture.jwks_file, jwk, &error), STATUS_OK);
        assert_count(i + 1);
        assert_int_equal(mode_of(fixture.jwks_file), i < 2 ? 0644 : 0600);
        assert_int_equal(
            jwks_file_lacks(fixture.jwks_file, fixture.keys[i].kid, &error), STATUS_INVALID);
        assert_int_equal(jwks_file_add(fixture.jwks_file, jwk, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, fixture.keys[i].kid));
    }
    json_t *set = loaded();
    for (size_t i = 0; i < 3; i++) {
        assert_true(
            json_equal(json_array_get(json_object_get(set, "keys"), i), fixture.keys[i].pair.jwk));
    }
    json_decref(set);
}

static void a_broken_set_is_left_as_it_is(void **state) {
    static const char *const sets[] = {"{\"keys\":", "[]", "{\"keys\":[{\"kid\":\"x\"}]}", "{}"};
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct error error = {""};
        write_text(fixture.jwks_file, sets[i]);
        size_t before = files_in_folder();
        assert_int_equal(
            jwks_file_add(fixture.jwks_file, fixture.keys[0].pair.jwk, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, fixture.jwks_file));
        assert_holds(fixture.jwks_file, sets[i]);
        assert_int_equal(files_in_folder(), before);
    }
}

static void what_else_the_set_holds_stays(void **state) {
    struct error error = {""};
    (void)state;
    write_text(
        fixture.jwks_file,
        "{\"note\":7,\"keys\":[{\"kty\":\"OKP\",\"use\":\"enc\",\"kid\":\"x\",\"more\":[1]}]}");
    assert_int_equal(chmod(fixture.jwks_file, 0640), 0);
    assert_int_equal(jwks_file_add(fixture.jwks_file, fixture.keys[0].pair.jwk, &error), STATUS_OK);
    json_t *set = loaded();
    json_t *more = json_object_get(json_array_get(json_object_get(set, "keys"), 0), "more");
    assert_int_equal(json_integer_value(json_object_get(set, "note")), 7);
    assert_int_equal(json_integer_value(json_array_get(more, 0)), 1);
    assert_int_equal(mode_of(fixture.jwks_file), 0640);
    json_decref(set);
}

static void generated_keys_fit_their_algorithm_only(void **state) {
    static const char *const names[] = {"ES256", "RS256", "HS256"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            const struct token_algorithm *algorithm = token_algorithm_find(view_text(names[j]));
            struct view secret = key_bytes_view(&fixture.keys[i].pair.secret);
            bool fits = private_key_fits(secret, algorithm);
            assert_int_equal(fits, i == j);
        }
    }
}

static void weak_and_locked_private_keys_do_not_fit(void **state) {
    const struct token_algorithm *rs256 = token_algorithm_find(view_text("RS256"));
    const struct token_algorithm *es256 = token_algorithm_find(view_text("ES256"));
    EVP_PKEY *keys[] = {EVP_RSA_gen((size_t)1024), EVP_RSA_gen((size_t)2048), EVP_EC_gen("P-384")};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int locked = 0; locked <= 1; locked++) {
            char *text = NULL;
            BIO *bio = BIO_new(BIO_s_mem());
            assert_int_equal(
                PEM_write_bio_PKCS8PrivateKey(
                    bio,
                    keys[i],
                    locked ? EVP_aes_128_cbc() : NULL,
                    "word",
                    locked * 4,
                    NULL,
                    NULL),
                1);
            long size = BIO_get_mem_data(bio, &text);
            struct view pem = view_of(text, (size_t)size);
            assert_int_equal(private_key_fits(pem, rs256), i == 1 && !locked);
            assert_false(private_key_fits(pem, es256));
            BIO_free(bio);
        }
        EVP_PKEY_free(keys[i]);
    }
    assert_false(private_key_fits(view_text("-----BEGIN PRIVATE KEY-----\n"), es256));
    const struct token_algorithm *hs256 = token_algorithm_find(view_text("HS256"));
    assert_false(private_key_fits(view_text("thirty-one bytes are too few ..."), es256));
    assert_false(private_key_fits(view_text("thirty-one bytes are too few ."), hs256));
    assert_true(private_key_fits(view_text("thirty-two bytes are just enough"), hs256));
}

static void a_sealing_pair_is_two_files(void **state) {
    struct error error = {""};
    struct key_bytes secret;
    struct key_bytes public;
    const char *folder = path_of("seal");
    char derived[32];
    (void)state;
    assert_int_equal(seal_pair_generate(folder, "s-1", &error), STATUS_OK);
    assert_int_equal(key_file_read(path_of("seal/s-1.key"), 32, &secret, &error), STATUS_OK);
    assert_int_equal(key_file_read(path_of("seal/s-1.pub"), 32, &public, &error), STATUS_OK);
    assert_int_equal(mode_of(path_of("seal/s-1.key")), 0600);
    assert_int_equal(mode_of(path_of("seal/s-1.pub")), 0644);
    assert_int_equal(mode_of(path_of("seal")), 0700);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret.data, secret.size);
    size_t size = sizeof derived;
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, (unsigned char *)derived, &size), 1);
    assert_memory_equal(derived, public.data, 32);
    EVP_PKEY_free(key);
    key_bytes_clean_up(&secret);
    key_bytes_clean_up(&public);
    assert_int_equal(seal_pair_generate(folder, "s-1", &error), STATUS_INVALID);
    write_text(path_of("seal/s-2.pub"), "taken");
    assert_int_equal(seal_pair_generate(folder, "s-2", &error), STATUS_INVALID);
    assert_int_equal(access(path_of("seal/s-2.key"), F_OK), -1);
    assert_int_equal(errno, ENOENT);
}

static int set_up(void **state) {
    (void)state;
    fixture_folder(&fixture);
    fixture_add(&fixture, "ec", "ES256");
    fixture_add(&fixture, "rsa", "RS256");
    fixture_add(&fixture, "hs", "HS256");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_clean_up(&fixture);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_is_bounded_and_of_files_only),
        cmocka_unit_test(creating_never_overwrites),
        cmocka_unit_test(replacing_leaves_one_whole_file),
        cmocka_unit_test(a_lock_keeps_another_out),
        cmocka_unit_test(a_set_grows_key_by_key),
        cmocka_unit_test(a_broken_set_is_left_as_it_is),
        cmocka_unit_test(what_else_the_set_holds_stays),
        cmocka_unit_test(generated_keys_fit_their_algorithm_only),
        cmocka_unit_test(weak_and_locked_private_keys_do_not_fit),
        cmocka_unit_test(a_sealing_pair_is_two_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
