/* Passwords as they are typed or piped. */
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

/* Runs with `text` on standard input. */
static void with_input(const void *text, size_t size, int *before) {
    int ends[2];
    *before = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, size), (ssize_t)size);
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    (void)close(ends[0]);
}

static void restore_input(int before) {
    (void)dup2(before, STDIN_FILENO);
    (void)close(before);
}

/* What password_read makes of `text` on standard input. */
static enum status read_from_pipe(const void *text, size_t size, struct password *password) {
    int before;
    struct error error;
    with_input(text, size, &before);
    enum status status = password_read(password, &error);
    restore_input(before);
    return status;
}

static enum status read_new(const char *text, struct password *password, struct error *error) {
    int before;
    with_input(text, strlen(text), &before);
    enum status status = password_read_new(password, "ann.b@example.org", error);
    restore_input(before);
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

static void a_new_password_comes_in_one_form(void **state) {
    struct password password;
    struct error error;
    (void)state;
    assert_int_equal(read_new("Mu\xcc\x88ller im Regen\n", &password, &error), STATUS_OK);
    assert_true(view_is(password_view(&password), "M\xc3\xbcller im Regen"));
    password_wipe(&password);
    assert_int_equal(password.size, 0);
}

static void a_refusal_never_quotes_the_password(void **state) {
    static const char *const wrong[] = {
        "canary\n",
        "canarycanary\n",
        "canary\xff and more of it\n",
        "canary123456\tx\n",
        "canary ann.b@example.org\n",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct password password;
        struct error error = {""};
        bool weak = strstr(wrong[i], "ann.b") == NULL;
        assert_int_equal(read_new(wrong[i], &password, &error), weak ? STATUS_INVALID : STATUS_OK);
        assert_null(strstr(error.text, "canary"));
        assert_int_equal(password.size == 0, weak);
    }
    struct password password;
    struct error error = {""};
    assert_int_equal(read_new("x!ann.b@example.org\n", &password, &error), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_end_is_taken_off),
        cmocka_unit_test(input_is_bounded),
        cmocka_unit_test(a_new_password_comes_in_one_form),
        cmocka_unit_test(a_refusal_never_quotes_the_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
