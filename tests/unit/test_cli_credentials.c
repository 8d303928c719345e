/* Logins and passwords: what is taken, and what is made of it. */
/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "cli/credentials.h"

#include <argon2.h>

#include <string.h>
#include <unistd.h>

static enum status check(const char *password) {
    struct error error;
    return password_check(view_text(password), &error);
}

static void logins_become_lower_case(void **state) {
    (void)state;
    struct error error;
    char login[LOGIN_SIZE_MAX + 1];
    assert_int_equal(login_read("Ann.B_c+1@Example-X.org", login, &error), STATUS_OK);
    assert_string_equal(login, "ann.b_c+1@example-x.org");
    assert_int_equal(login_read("abc", login, &error), STATUS_OK);
}

static void other_logins_are_refused(void **state) {
    (void)state;
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
        "abc\x7f",
    };
    struct error error;
    char login[LOGIN_SIZE_MAX + 1];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(login_read(wrong[i], login, &error), STATUS_INVALID);
    }
}

static void logins_have_a_length(void **state) {
    (void)state;
    struct error error;
    char login[LOGIN_SIZE_MAX + 1];
    char text[LOGIN_SIZE_MAX + 2];
    memset(text, 'a', sizeof text);
    text[LOGIN_SIZE_MAX] = '\0';
    assert_int_equal(login_read(text, login, &error), STATUS_OK);
    text[LOGIN_SIZE_MAX] = 'a';
    text[LOGIN_SIZE_MAX + 1] = '\0';
    assert_int_equal(login_read(text, login, &error), STATUS_INVALID);
}

static void passwords_are_counted_in_code_points(void **state) {
    (void)state;
    assert_int_equal(check("12345678901"), STATUS_INVALID);
    assert_int_equal(check("123456789012"), STATUS_OK);
    /* eleven characters of four bytes, then twelve */
    char text[PASSWORD_SIZE_MAX + 5] = "";
    for (int i = 0; i < 11; i++) {
        strcat(text, "\xf0\x9f\x98\x80");
    }
    assert_int_equal(check(text), STATUS_INVALID);
    strcat(text, "\xf0\x9f\x98\x80");
    assert_int_equal(check(text), STATUS_OK);
    for (int i = 12; i < PASSWORD_POINTS_MAX; i++) {
        strcat(text, "\xf0\x9f\x98\x80");
    }
    assert_int_equal(check(text), STATUS_OK);
    strcat(text, "a");
    assert_int_equal(check(text), STATUS_INVALID);
}

static void passwords_are_text(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "1234567890\t12",
        "1234567890\n12",
        "1234567890\17712",
        "1234567890\302\20012",
        "1234567890\302\23712",
        "1234567890\37712",
        "1234567890\300\20012",
        "1234567890\355\240\20012",
        "123456789012\xc3",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(check(wrong[i]), STATUS_INVALID);
    }
    assert_int_equal(check("1234567890\302\24012"), STATUS_OK);
    assert_int_equal(check("correct horse battery"), STATUS_OK);
    struct error error;
    assert_int_equal(password_check(view_of("1234567890\00012", 13), &error), STATUS_INVALID);
}

static void a_refusal_never_quotes_the_password(void **state) {
    (void)state;
    struct error error;
    assert_int_equal(password_check(view_text("canary"), &error), STATUS_INVALID);
    assert_null(strstr(error.text, "canary"));
}

static void hashes_are_argon2id_with_salt(void **state) {
    (void)state;
    struct error error;
    char first[PASSWORD_HASH_SIZE];
    char second[PASSWORD_HASH_SIZE];
    struct view password = view_text("correct horse battery");
    assert_int_equal(password_hash(password, first, &error), STATUS_OK);
    assert_int_equal(password_hash(password, second, &error), STATUS_OK);
    assert_string_not_equal(first, second);
    assert_memory_equal(first, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
    assert_int_equal(argon2id_verify(first, password.data, password.size), ARGON2_OK);
    assert_int_not_equal(argon2id_verify(first, "correct horse batterx", 21), ARGON2_OK);
}

/* What password_read makes of `text` on standard input. */
static enum status read_from_pipe(const void *text, size_t size, struct password *password) {
    int ends[2];
    struct error error;
    int before = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, size), (ssize_t)size);
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    (void)close(ends[0]);
    enum status status = password_read(password, &error);
    (void)dup2(before, STDIN_FILENO);
    (void)close(before);
    return status;
}

static void one_line_end_is_taken_off(void **state) {
    (void)state;

    static const struct {
        const char *input;
        const char *password;
    } cases[] = {
        {"abc\n", "abc"},
        {"abc\r\n", "abc"},
        {"abc", "abc"},
        {"abc\n\n", "abc\n"},
        {"", ""},
        {"\n", ""},
        {"abc\r", "abc\r"},
        {" abc ", " abc "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct password password;
        const char *input = cases[i].input;
        assert_int_equal(read_from_pipe(input, strlen(input), &password), STATUS_OK);
        assert_true(view_is(password_view(&password), cases[i].password));
    }
}

static void input_is_bounded(void **state) {
    (void)state;
    char text[PASSWORD_SIZE_MAX + 100];
    struct password password;
    memset(text, 'a', sizeof text);
    text[PASSWORD_SIZE_MAX] = '\r';
    text[PASSWORD_SIZE_MAX + 1] = '\n';
    assert_int_equal(read_from_pipe(text, PASSWORD_SIZE_MAX + 2, &password), STATUS_OK);
    assert_int_equal(password.size, PASSWORD_SIZE_MAX);
    assert_int_equal(read_from_pipe(text, sizeof text, &password), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logins_become_lower_case),
        cmocka_unit_test(other_logins_are_refused),
        cmocka_unit_test(logins_have_a_length),
        cmocka_unit_test(passwords_are_counted_in_code_points),
        cmocka_unit_test(passwords_are_text),
        cmocka_unit_test(a_refusal_never_quotes_the_password),
        cmocka_unit_test(hashes_are_argon2id_with_salt),
        cmocka_unit_test(one_line_end_is_taken_off),
        cmocka_unit_test(input_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
