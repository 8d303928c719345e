/* Logins, the one form of a password, and its hash. */
#include "security/password.h"
#include "unit.h"

#include <argon2.h>

#define SMALL ((struct hash_parameters){64, 1, 1})

static bool login_is(const char *text, const char *expected) {
    char login[LOGIN_SIZE_MAX + 1];
    return login_normalise(view_text(text), login) && strcmp(login, expected) == 0;
}

static bool is_login(struct view text) {
    char login[LOGIN_SIZE_MAX + 1];
    return login_normalise(text, login);
}

static bool normalises_to(struct view text, const char *expected) {
    uint8_t out[PASSWORD_SIZE_MAX];
    size_t size = 7;
    return password_normalise(text, out, &size) && view_is(view_of(out, size), expected);
}

static bool is_refused(struct view text) {
    uint8_t out[PASSWORD_SIZE_MAX];
    size_t size = 7;
    return !password_normalise(text, out, &size) && size == 0;
}

/* ---- logins ---- */

static void logins_become_lower_case(void **state) {
    (void)state;
    assert_true(login_is("Ann.B_c+1@Example-X.org", "ann.b_c+1@example-x.org"));
    assert_true(login_is("abc", "abc"));
    assert_true(login_is("AZ09", "az09"));
}

static void any_other_bytes_are_no_login(void **state) {
    static const char *const wrong[] = {
        "",
        "ab",
        "a b",
        "abc\n",
        "abc/",
        "abc'",
        "a:bc",
        "\303\244bc",
        "abc`",
        "abc{",
        "abc[",
        "abc@\x7f",
        "\xff\xfe\xfd",
        "ab\xef\xbd\x83",
        "abc ",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(is_login(view_text(wrong[i])));
    }
    assert_false(is_login(view_of("abc\0", 4)));
    assert_false(is_login(view_of("\0abc", 4)));
    assert_false(is_login(view_of("abc\0def", 7)));
    assert_false(is_login(view_of(NULL, 0)));
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t text[] = {'a', 'b', (uint8_t)byte};
        bool good = byte != 0 && (byte < 128)
                    && strchr(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789._@+-",
                           (int)byte)
                           != NULL;
        assert_int_equal(is_login(view_of(text, sizeof text)), good);
    }
}

static void logins_have_a_length(void **state) {
    static char text[10000];
    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(is_login(view_of(text, LOGIN_SIZE_MIN)));
    assert_true(is_login(view_of(text, LOGIN_SIZE_MAX)));
    assert_false(is_login(view_of(text, LOGIN_SIZE_MIN - 1)));
    assert_false(is_login(view_of(text, LOGIN_SIZE_MAX + 1)));
    assert_false(is_login(view_of(text, sizeof text)));
}

/* ---- one form of Unicode ---- */

static void passwords_are_the_same_on_every_keyboard(void **state) {
    (void)state;
    assert_true(normalises_to(view_text("plain ASCII"), "plain ASCII"));
    assert_true(normalises_to(view_text("mu\xcc\x88ller"), "m\xc3\xbcller")); /* u + diaeresis */
    assert_true(normalises_to(view_text("m\xc3\xbcller"), "m\xc3\xbcller"));
    assert_true(normalises_to(view_text("\xe2\x84\xab"), "\xc3\x85")); /* the angstrom sign */
    /* two marks in the other order; hangul; a composed letter that NFC excludes */
    assert_true(normalises_to(view_text("q\xcc\x87\xcc\xa3"), "q\xcc\xa3\xcc\x87"));
    assert_true(normalises_to(view_text("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), "\xed\x95\x9c"));
    assert_true(normalises_to(view_text("\xe0\xa5\x98"), "\xe0\xa4\x95\xe0\xa4\xbc"));
    /* not NFKC: a ligature stays, and so does what is not assigned */
    assert_true(normalises_to(view_text("\xef\xac\x81"), "\xef\xac\x81"));
    assert_true(normalises_to(view_text("\xf3\xa0\xbf\xbf"), "\xf3\xa0\xbf\xbf"));
    assert_true(normalises_to(view_of("", 0), ""));
}

static void what_is_not_utf8_is_refused(void **state) {
    static const char *const wrong[] = {
        "\xff",
        "\xc3",
        "a\xc0\x80",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\x80",
        "\xe2\x82",
        "\xf8\x88\x80\x80\x80",
        "abc\xe9 latin",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_true(is_refused(view_text(wrong[i])));
    }
    assert_true(is_refused(view_of(NULL, 0)));
}

static void the_form_has_512_bytes_at_most(void **state) {
    static char text[20000];
    (void)state;
    memset(text, 'a', sizeof text);
    uint8_t out[PASSWORD_SIZE_MAX];
    size_t size = 0;
    assert_true(password_normalise(view_of(text, PASSWORD_SIZE_MAX), out, &size));
    assert_int_equal(size, PASSWORD_SIZE_MAX);
    assert_true(is_refused(view_of(text, PASSWORD_SIZE_MAX + 1)));
    assert_true(is_refused(view_of(text, 8192)));
    assert_true(is_refused(view_of(text, sizeof text)));
    /* 256 letters of two bytes each, from 768 bytes decomposed */
    for (size_t i = 0; i < 768; i += 3) {
        memcpy(text + i, "u\xcc\x88", 3);
    }
    assert_true(password_normalise(view_of(text, 768), out, &size));
    assert_int_equal(size, 512);
    for (size_t i = 0; i < sizeof text / 2 * 2; i += 2) {
        memcpy(text + i, "\xcc\x88", 2); /* marks alone */
    }
    assert_true(is_refused(view_of(text, 4000)));
    assert_true(is_refused(view_of(text, 8192)));
}

/* ---- hashes ---- */

static void hash(struct hash_parameters parameters, char encoded[PASSWORD_HASH_SIZE]) {
    struct error error = {""};
    assert_int_equal(
        password_hash(&parameters, view_text("correct horse battery"), encoded, &error), STATUS_OK);
}

static void hashes_are_argon2id_with_salt(void **state) {
    char first[PASSWORD_HASH_SIZE];
    char second[PASSWORD_HASH_SIZE];
    (void)state;
    hash(HASH_PARAMETERS_DEFAULT, first);
    hash(HASH_PARAMETERS_DEFAULT, second);
    assert_string_not_equal(first, second);
    assert_memory_equal(first, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
    assert_int_equal(argon2id_verify(first, "correct horse battery", 21), ARGON2_OK);
    assert_int_not_equal(argon2id_verify(first, "correct horse batterx", 21), ARGON2_OK);
}

static void hashes_verify(void **state) {
    static const struct hash_parameters rows[] = {
        {8, 1, 1}, {64, 3, 2}, {100, 1, 4}, {19456, 2, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char encoded[PASSWORD_HASH_SIZE];
        hash(rows[i], encoded);
        assert_true(password_verify(encoded, view_text("correct horse battery")));
        assert_false(password_verify(encoded, view_text("correct horse batter")));
        assert_false(password_verify(encoded, view_text("Correct horse battery")));
        assert_false(password_verify(encoded, view_of("correct horse battery\0", 22)));
        assert_false(password_verify(encoded, view_of("", 0)));
        assert_true(password_hash_is_current(encoded, &rows[i]));
        for (size_t j = 0; j < sizeof rows / sizeof rows[0]; j++) {
            assert_int_equal(password_hash_is_current(encoded, &rows[j]), i == j);
        }
    }
}

/* From libargon2's own reference program, with other sizes of salt and hash than ours. */
static void hashes_of_others_verify_and_are_not_current(void **state) {
    char encoded[256];
    (void)state;
    assert_int_equal(
        argon2id_hash_encoded(
            1, 64, 1, "correct horse battery", 21, "somesalt", 8, 24, encoded, sizeof encoded),
        ARGON2_OK);
    assert_true(password_verify(encoded, view_text("correct horse battery")));
    assert_false(password_hash_is_current(encoded, &SMALL));
}

#define SALT "AAAAAAAAAAAAAAAAAAAAAA"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void what_asks_for_too_much_is_not_hashed(void **state) {
    static const char *const wrong[] = {
        "$argon2id$v=19$m=65537,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=4294967295,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=11,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=999999,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=1,p=5$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=0,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=1,p=0$" SALT "$" HASH,
        "$argon2id$v=19$m=7,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=15,t=1,p=2$" SALT "$" HASH,
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error error = {""};
        bool right = true;
        assert_false(password_verify(wrong[i], view_text("x")));
        assert_int_equal(
            password_compare(wrong[i], view_text("x"), &right, &error), STATUS_INVALID);
        assert_false(right);
        assert_null(strstr(error.text, "AAAA"));
    }
}

static void what_is_no_argon2id_is_no_hash(void **state) {
    static const char *const wrong[] = {
        "",
        "$",
        "x",
        "$argon2i$v=19$m=64,t=1,p=1$" SALT "$" HASH,
        "$argon2d$v=19$m=64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=16$m=64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$m=64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=064,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=+64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m= 64,t=1,p=1$" SALT "$" HASH,
        "$argon2id$v=19$t=1,m=64,p=1$" SALT "$" HASH,
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT,
        "$argon2id$v=19$m=64,t=1,p=1$$" HASH,
        "$argon2id$v=19$m=64,t=1,p=1$AAAA$" HASH,
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAA", /* 15 bytes */
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH HASH HASH,      /* 96 bytes */
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH "=",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH "\n",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH "$x",
        "$argon2id$v=19$m=64,t=1,p=1$" SALT "$\xff\xff\xff\xff" HASH,
        "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error error = {""};
        bool right = true;
        if (password_compare(wrong[i], view_text("x"), &right, &error) != STATUS_INVALID || right) {
            fail_msg("%s", wrong[i]);
        }
        assert_false(password_hash_is_current(wrong[i], &SMALL));
    }
}

static void every_byte_of_a_hash_counts(void **state) {
    char encoded[PASSWORD_HASH_SIZE];
    (void)state;
    hash(SMALL, encoded);
    char *at = strrchr(encoded, '$') + 1;
    for (; at[1] != '\0'; at++) { /* the last has bits of no meaning, which must be zero */
        char before = *at;
        *at = before == 'A' ? 'B' : 'A';
        assert_false(password_verify(encoded, view_text("correct horse battery")));
        *at = before;
    }
    assert_true(password_verify(encoded, view_text("correct horse battery")));
}

/* A hash that was cut must not be easier to meet. */
static void a_cut_hash_is_another_hash(void **state) {
    char encoded[PASSWORD_HASH_SIZE];
    (void)state;
    hash(SMALL, encoded);
    for (size_t cut = 1; cut < 44; cut++) {
        encoded[strlen(encoded) - 1] = '\0';
        assert_false(password_verify(encoded, view_text("correct horse battery")));
    }
}

static void unsound_parameters_are_refused(void **state) {
    static const struct hash_parameters rows[] = {
        {7, 1, 1}, {65537, 1, 1}, {64, 0, 1}, {64, 11, 1}, {64, 1, 0}, {64, 1, 5}, {31, 1, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char encoded[PASSWORD_HASH_SIZE];
        struct error error = {""};
        assert_false(hash_parameters_sound(&rows[i]));
        assert_int_equal(password_hash(&rows[i], view_text("x"), encoded, &error), STATUS_INVALID);
    }
    assert_true(hash_parameters_sound(&HASH_PARAMETERS_DEFAULT));
    assert_true(hash_parameters_sound(&(struct hash_parameters){65536, 10, 4}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logins_become_lower_case),
        cmocka_unit_test(any_other_bytes_are_no_login),
        cmocka_unit_test(logins_have_a_length),
        cmocka_unit_test(passwords_are_the_same_on_every_keyboard),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(the_form_has_512_bytes_at_most),
        cmocka_unit_test(hashes_are_argon2id_with_salt),
        cmocka_unit_test(hashes_verify),
        cmocka_unit_test(hashes_of_others_verify_and_are_not_current),
        cmocka_unit_test(what_asks_for_too_much_is_not_hashed),
        cmocka_unit_test(what_is_no_argon2id_is_no_hash),
        cmocka_unit_test(every_byte_of_a_hash_counts),
        cmocka_unit_test(a_cut_hash_is_another_hash),
        cmocka_unit_test(unsound_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
