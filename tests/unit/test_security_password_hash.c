/* Hashes of passwords: what they hold, what they may cost, and which are not even tried. */
#include "argon2_hook.h"
#include "security/password.h"

/* Small, so that many hashes take no time. */
static const struct hash_parameters cheap = {64, 1, 1};

static void hashes_are_argon2id_with_salt(void **state) {
    (void)state;
    static const struct hash_parameters usual = {HASH_MEMORY_KIB, HASH_PASSES, HASH_LANES};
    struct error error;
    char first[PASSWORD_HASH_SIZE];
    char second[PASSWORD_HASH_SIZE];
    struct view password = view_text("velvet crayon toaster");
    assert_int_equal(password_hash(&usual, password, first, &error), STATUS_OK);
    assert_int_equal(password_hash(&usual, password, second, &error), STATUS_OK);
    assert_string_not_equal(first, second);
    assert_memory_equal(first, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
    assert_int_equal(strlen(first), 31 + 22 + 1 + 43);
    assert_int_equal(argon2id_verify(first, password.data, password.size), ARGON2_OK);
    assert_true(password_verify(first, password));
    assert_false(password_verify(first, view_text("velvet crayon toastes")));
    assert_false(password_verify(first, view_text("velvet crayon toaster ")));
    assert_false(password_verify(first, view_of(NULL, 0)));
}

/* Four lanes that libargon2 fills in four threads, and we one by one. */
static void hashes_of_others_are_verified(void **state) {
    (void)state;
    char encoded[PASSWORD_HASH_SIZE];
    static const struct hash_parameters wide = {64, 3, 4};
    int failure = argon2id_hash_encoded(
        3, 64, 4, "velvet crayon", 13, "saltsaltsaltsalt", 16, 32, encoded, sizeof encoded);
    assert_int_equal(failure, ARGON2_OK);
    assert_true(password_verify(encoded, view_text("velvet crayon")));
    assert_false(password_verify(encoded, view_text("velvet crayom")));
    assert_true(password_hash_is_current(encoded, &wide));
}

static void costs_have_limits(void **state) {
    (void)state;
    static const struct hash_parameters wrong[] = {
        {0, 1, 1},
        {7, 1, 1},
        {15, 1, 2},
        {HASH_MEMORY_KIB_MAX + 1, 1, 1},
        {64, 0, 1},
        {64, HASH_PASSES_MAX + 1, 1},
        {64, 1, 0},
        {64, 1, HASH_LANES_MAX + 1},
    };
    struct error error = {""};
    char encoded[PASSWORD_HASH_SIZE];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        enum status status = password_hash(&wrong[i], view_text("canary"), encoded, &error);
        assert_int_equal(status, STATUS_INVALID);
        assert_string_equal(encoded, "");
        assert_null(strstr(error.text, "canary"));
    }
    static const struct hash_parameters highest = {HASH_MEMORY_KIB_MAX, 1, HASH_LANES_MAX};
    assert_int_equal(password_hash(&highest, view_text("canary"), encoded, &error), STATUS_OK);
    assert_true(password_verify(encoded, view_text("canary")));
}

static void a_hash_is_current_or_not(void **state) {
    (void)state;
    static const struct hash_parameters others[] = {{65, 1, 1}, {63, 1, 1}, {64, 2, 1}, {64, 1, 2}};
    struct error error;
    char encoded[PASSWORD_HASH_SIZE];
    assert_int_equal(password_hash(&cheap, view_text("velvet"), encoded, &error), STATUS_OK);
    assert_true(password_hash_is_current(encoded, &cheap));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(password_hash_is_current(encoded, &others[i]));
    }
    assert_false(password_hash_is_current("", &cheap));
    int failure =
        argon2id_hash_encoded(1, 64, 1, "velvet", 6, "saltsalt", 8, 32, encoded, sizeof encoded);
    assert_int_equal(failure, ARGON2_OK);
    assert_true(password_verify(encoded, view_text("velvet")));
    assert_false(password_hash_is_current(encoded, &cheap));
}

#define SALT "c2FsdHNhbHRzYWx0c2FsdA"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* None of these reaches libargon2, which would take the memory that the text asks for. */
static void other_encodings_are_refused_before_hashing(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "velvet",
        "$argon2id$v=19$m=65537,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=4294967295,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=4294967360,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=11,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=4294967297,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=1,p=5$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=0,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=1,p=0$" SALT "$" HASH,
        "$argon2id$v=19$m=7,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=064,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=-64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m= 64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$t=1,m=64,p=1$" SALT "$" HASH,
        "$argon2id$v=16$m=64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$m=64,t=1,p=1$" SALT "$" HASH,
        "$argon2i$v=19$m=64,t=1,p=1$" SALT "$" HASH,
        "$argon2d$v=19$m=64,t=1,p=1$" SALT "$" HASH,
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH "=",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH "$",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH "\n",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT,
        "$argon2id$v=19$m=64,t=1,p=1$$" HASH,
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$" HASH,
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$AAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$-_" HASH,
        "$argon2id$v=19$m=64,t=1,p=1,keyid=a$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH HASH HASH,
    };
    hook_reset();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(password_verify(wrong[i], view_text("velvet")));
        assert_false(password_hash_is_current(wrong[i], &cheap));
    }
    assert_int_equal(hook.count, 0);
    assert_false(
        password_verify("$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH, view_text("velvet")));
    assert_int_equal(hook.count, 1);
}

static void the_memory_comes_back_wiped(void **state) {
    (void)state;
    struct error error;
    char encoded[PASSWORD_HASH_SIZE];
    hook_reset();
    assert_int_equal(password_hash(&cheap, view_text("velvet"), encoded, &error), STATUS_OK);
    assert_true(password_verify(encoded, view_text("velvet")));
    assert_int_equal(hook.memory_taken, 2);
    assert_int_equal(hook.memory_dirty, 0);
}

static void without_memory_one_may_try_again(void **state) {
    (void)state;
    struct error error = {""};
    char encoded[PASSWORD_HASH_SIZE];
    hook_reset();
    hook.memory_is_out = true;
    assert_int_equal(password_hash(&cheap, view_text("canary"), encoded, &error), STATUS_RETRY);
    assert_string_equal(encoded, "");
    assert_null(strstr(error.text, "canary"));
    hook.memory_is_out = false;
    assert_int_equal(password_hash(&cheap, view_text("canary"), encoded, &error), STATUS_OK);
    hook.memory_is_out = true;
    assert_false(password_verify(encoded, view_text("canary")));
    hook.memory_is_out = false;
    assert_true(password_verify(encoded, view_text("canary")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_argon2id_with_salt),
        cmocka_unit_test(hashes_of_others_are_verified),
        cmocka_unit_test(costs_have_limits),
        cmocka_unit_test(a_hash_is_current_or_not),
        cmocka_unit_test(other_encodings_are_refused_before_hashing),
        cmocka_unit_test(the_memory_comes_back_wiped),
        cmocka_unit_test(without_memory_one_may_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
