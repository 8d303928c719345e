/* Passwords as an operator gives them: how they are read, and what is said against them. */
/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "cli/credentials.h"

#include <string.h>
#include <unistd.h>

static enum status check(const char *text, struct error *error) {
    struct password password = {.size = strlen(text)};
    memcpy(password.bytes, text, password.size);
    return password_check(&password, "ann.smith", error);
}

static void a_refusal_says_why_and_never_quotes(void **state) {
    (void)state;

    static const struct {
        const char *password;
        const char *why;
    } cases[] = {
        {"canary", "12 to 128 characters"},
        {"canary\3771234567", "not UTF-8"},
        {"canary\t1234567", "control character"},
        {"canarycanary", "repeated"},
        {"canary-password", NULL},
        {"password-Ann-Smith-1", "made of the login"},
        {"ABCDEFGHIJKLMN", "row of the alphabet"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {""};
        enum status status = check(cases[i].password, &error);
        assert_int_equal(status, cases[i].why == NULL ? STATUS_OK : STATUS_INVALID);
        assert_true(cases[i].why == NULL || strstr(error.text, cases[i].why) != NULL);
        assert_null(strstr(error.text, "canary"));
    }
}

static void a_checked_password_is_in_nfc(void **state) {
    (void)state;
    struct error error;
    struct password password = {.bytes = "cafe\314\201 on the corner", .size = 20};
    assert_int_equal(password_check(&password, "ann", &error), STATUS_OK);
    assert_true(view_is(password_view(&password), "caf\303\251 on the corner"));
}

static void wiping_leaves_nothing(void **state) {
    (void)state;
    struct password password;
    static const struct password nothing;
    memset(&password, 'a', sizeof password);
    password_wipe(&password);
    assert_memory_equal(&password, &nothing, sizeof password);
}

/* Puts `text` on standard input; gives what puts back what was there. */
static int feed(const void *text, size_t size) {
    int ends[2];
    int before = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, size), (ssize_t)size);
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    (void)close(ends[0]);
    return before;
}

static void put_back(int before) {
    (void)dup2(before, STDIN_FILENO);
    (void)close(before);
}

/* What password_read makes of `text` on standard input. */
static enum status read_from_pipe(const void *text, size_t size, struct password *password) {
    struct error error;
    int before = feed(text, size);
    enum status status = password_read(password, &error);
    put_back(before);
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

static const struct password_question questions[] = {
    {"Present: ", "the present password", false},
    {"New: ", "the new password", true},
};

/* The same of passwords_read; `rest` is what it leaves, as a text of its own. */
static enum status read_lines(
    size_t count,
    struct view input,
    struct password passwords[2],
    char rest[64],
    struct error *error) {
    int before = feed(input.data, input.size);
    memset(passwords, 0, 2 * sizeof *passwords);
    enum status status = passwords_read(questions, count, passwords, error);
    ssize_t size = read(STDIN_FILENO, rest, 63);
    rest[size > 0 ? size : 0] = '\0';
    put_back(before);
    return status;
}

static void a_line_is_read_for_each(void **state) {
    (void)state;
    struct password passwords[2];
    struct error error;
    char rest[64];
    assert_int_equal(read_lines(2, view_text("abc\r\n d \nx"), passwords, rest, &error), STATUS_OK);
    assert_true(view_is(password_view(&passwords[0]), "abc"));
    assert_true(view_is(password_view(&passwords[1]), " d "));
    assert_string_equal(rest, "x");
    assert_int_equal(read_lines(1, view_text("null\nx"), passwords, rest, &error), STATUS_OK);
    assert_true(view_is(password_view(&passwords[0]), "null"));
    assert_string_equal(rest, "x");
    assert_int_equal(read_lines(1, view_text("no end"), passwords, rest, &error), STATUS_OK);
    assert_true(view_is(password_view(&passwords[0]), "no end"));
}

static void a_line_that_is_none_is_refused(void **state) {
    (void)state;

    static const struct {
        size_t count;
        const char *input;
        size_t size;
        const char *why;
    } cases[] = {
        {1, "", 0, "ends before the present password, line 1 of 1"},
        {2, "abc\n", 4, "ends before the new password, line 2 of 2"},
        {2, "abc", 3, "ends before the new password"},
        {1, "\n", 1, "the present password is empty"},
        {2, "abc\n\n", 5, "the new password is empty"},
        {1, "canary\0x\n", 9, "holds a NUL"},
        {1, "canary\377\n", 8, "not UTF-8"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct password passwords[2];
        struct error error = {""};
        char rest[64];
        struct view input = view_of(cases[i].input, cases[i].size);
        assert_int_equal(
            read_lines(cases[i].count, input, passwords, rest, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, cases[i].why));
        assert_null(strstr(error.text, "canary"));
    }
}

static void a_line_is_bounded(void **state) {
    (void)state;
    char text[PASSWORD_SIZE_MAX + 100];
    struct password passwords[2];
    struct error error;
    char rest[64];
    memset(text, 'a', sizeof text);
    text[PASSWORD_SIZE_MAX] = '\n';
    assert_int_equal(
        read_lines(1, view_of(text, PASSWORD_SIZE_MAX + 1), passwords, rest, &error), STATUS_OK);
    assert_int_equal(passwords[0].size, PASSWORD_SIZE_MAX);
    text[PASSWORD_SIZE_MAX] = 'a';
    assert_int_equal(
        read_lines(1, view_of(text, sizeof text), passwords, rest, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "too long"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_says_why_and_never_quotes),
        cmocka_unit_test(a_checked_password_is_in_nfc),
        cmocka_unit_test(wiping_leaves_nothing),
        cmocka_unit_test(one_line_end_is_taken_off),
        cmocka_unit_test(input_is_bounded),
        cmocka_unit_test(a_line_is_read_for_each),
        cmocka_unit_test(a_line_that_is_none_is_refused),
        cmocka_unit_test(a_line_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
