/* What a password may be: good ones, weak ones by the rule that refuses them, and the lists. */
#include "security/password.h"
#include "security/password_text.h"
#include "unit.h"

#include <ctype.h>

static bool is_good(const char *password) {
    return password_is_good(view_text(password), view_text("ann.b@kentucky.org"));
}

static void assert_all(const char *const *passwords, size_t count, bool good) {
    for (size_t i = 0; i < count; i++) {
        if (is_good(passwords[i]) != good) {
            fail_msg("%s is %s", passwords[i], good ? "refused" : "taken");
        }
    }
}

/* The first twelve letters of the Cyrillic alphabet. */
#define CYRILLIC                                                                                   \
    "\xd0\xb0\xd0\xb1\xd0\xb2\xd0\xb3\xd0\xb4\xd0\xb5\xd0\xb6\xd0\xb7\xd0\xb8\xd0\xb9"             \
    "\xd0\xba\xd0\xbb"
#define TWICE(text) text text

#define ASSERT_ALL(rows, good) assert_all(rows, sizeof(rows) / sizeof(rows)[0], good)

static void honest_passwords_are_taken(void **state) {
    static const char *const good[] = {
        "correct horse battery",
        "x7Kq9vLm2TzP",
        "839201748362",
        "tKvPqzWmXrLd",
        "my dragon eats summer rain",
        "Passwort-Vergessen-Kakadu",
        "Hannover im Regen",
        "vier blaue Stiefel",
        "h4Lp!9@kQ#2wv",
        "1234 gewinnt nie",
        "\xd0\xba\xd0\xbe\xd1\x80\xd0\xbe\xd0\xb2\xd0\xb0 \xd0\xbf\xd0\xb8\xd1\x88\xd0\xb5\xd1\x82",
        "qwer tulpe morgen",
    };
    (void)state;
    ASSERT_ALL(good, true);
}

static void length_is_counted_in_code_points(void **state) {
    static const uint32_t letters = 26;
    char text[8 * PASSWORD_POINTS_MAX] = "";
    (void)state;
    assert_false(is_good("x7Kq9vLm2Tz"));
    assert_true(is_good("x7Kq9vLm2TzP"));
    size_t size = 0;
    for (uint32_t i = 0; i <= PASSWORD_POINTS_MAX; i++) {
        bool long_enough = i >= PASSWORD_POINTS_MIN;
        assert_int_equal(password_is_good(view_of(text, size), view_of(NULL, 0)), long_enough);
        /* U+1F400 and on, four bytes each, in no order */
        uint32_t point = 0x1f400 + (i * i * 7 + i * 3) % letters * 2;
        text[size++] = (char)(0xf0);
        text[size++] = (char)(0x80 | ((point >> 12U) & 0x3fU));
        text[size++] = (char)(0x80 | ((point >> 6U) & 0x3fU));
        text[size++] = (char)(0x80 | (point & 0x3fU));
    }
    assert_int_equal(size, 4 * (PASSWORD_POINTS_MAX + 1));
    assert_false(password_is_good(view_of(text, size), view_of(NULL, 0)));
}

static void control_characters_are_refused(void **state) {
    static const char *const wrong[] = {
        "x7Kq9vLm2TzP\t",
        "x7Kq9v\nLm2TzP",
        "x7Kq9vLm\1772TzP",
        "x7Kq9v\xc2\x80Lm2TzP",
        "x7Kq9v\xc2\x9fLm2TzP",
        "x7Kq9v\xffLm2TzP",
        "x7Kq9vLm2TzP\xc3",
    };
    (void)state;
    ASSERT_ALL(wrong, false);
    assert_true(is_good("x7Kq9v\xc2\xa0Lm2TzP"));
    assert_false(password_is_good(view_of("x7Kq9v\0Lm2TzP", 13), view_of(NULL, 0)));
    assert_false(password_is_good(view_of("x7Kq9vLm2TzP\0", 13), view_of(NULL, 0)));
    assert_false(password_is_good(view_of(NULL, 0), view_of(NULL, 0)));
    assert_false(password_is_good(view_of("", 0), view_of(NULL, 0)));
}

static void repetitions_are_refused(void **state) {
    static const char *const weak[] = {
        "aaaaaaaaaaaa",
        (TWICE(TWICE("\xc3\xa4\xc3\xa4\xc3\xa4"))),
        "xyxyxyxyxyxy",
        "kvqkvqkvqkvq",
        "kvqxkvqxkvqxk",
        "kvqzxkvqzxkvqzx",
        "kvqzxjkvqzxj",
        "KvQzXjkvqzxj",
        "aaaabbbbcccc",
        "            ",
        "zzzzzz!!!!!!",
    };
    static const char *const good[] = {"kvqzxjwkvqzxjw", "kvqzxjkvqzxy"};
    (void)state;
    ASSERT_ALL(weak, false);
    ASSERT_ALL(good, true);
}

static void runs_are_refused(void **state) {
    static const char *const weak[] = {
        "123456789012", "987654321098", "012345678901", "abcdefghijkl", "lkjihgfedcba",
        "ABCDEFGHIJKL", "qwertyuiopas", "poiuytrewqlk", "asdfghjklqwe", "1qaz2wsx3edc",
        "qwertzuiopyx", "azertyuiopqs", "!@#$%^&*()_+", "abcdefgh!99x", "12345678abcd",
        "qwer1234tyui", (CYRILLIC),     "p0o9i8u7y6t5", "mnbvcxzlkjhg", "1234567890kv",
        "kvqzx1234567",
    };
    static const char *const good[] = {"kvqzxj1234567", "abcdkvqzxjabc", "abckvqxyzwef"};
    (void)state;
    ASSERT_ALL(weak, false);
    ASSERT_ALL(good, true);
}

static void common_words_with_digits_and_marks_are_refused(void **state) {
    static const char *const weak[] = {
        "password1234!",
        "Password-2024",
        "P@ssw0rd!8372",
        "837261940password",
        "Summer2024!!",
        "!!!Winter2031",
        "hospital-7391",
        "doctorDOCTOR12",
        "my-password-99x",
        "5ummerWinter22",
        "trustno1trust",
        "letmein!73918",
        "admin@hospital",
        "b@seb@ll83926",
        "Monday+Friday",
        "slotkeeper839",
    };
    (void)state;
    ASSERT_ALL(weak, false);
}

static void what_is_made_of_the_login_is_refused(void **state) {
    static const char *const weak[] = {
        "ann.b@kentucky.org",
        "ANN.B@KENTUCKY.ORG",
        "ann.b@kentucky.org7",
        "xann.b@kentucky.org!",
        "kentucky839201",
        "ken7ucky-83920",
        "83920KENTUCKY!",
    };
    (void)state;
    ASSERT_ALL(weak, false);
    struct view password = view_text("kentucky839201");
    assert_true(password_is_good(password, view_text("bob")));
    assert_true(password_is_good(password, view_of(NULL, 0)));
    assert_false(password_is_good(view_text("bob8392017465"), view_text("bob")));
    assert_true(password_is_good(view_text("bob8392017465"), view_text("b.o.b")));
}

/* ---- the lists ---- */

/* The list's next line that is no comment, in `line`; false: there is none. */
static bool next_line(const char **at, char line[256]) {
    while (**at != '\0') {
        size_t size = strcspn(*at, "\n");
        assert_true(size < 256);
        assert_int_equal((*at)[size], '\n');
        memcpy(line, *at, size);
        line[size] = '\0';
        *at += size + 1;
        if (line[0] != '#') {
            return true;
        }
    }
    return false;
}

/* Small letters and digits, in order, none twice, each as long as it must be; gives their number.
 */
static size_t check_list(const char *list, size_t size_min) {
    char line[256];
    char before[256] = "";
    size_t count = 0;
    while (next_line(&list, line)) {
        assert_true(strlen(line) >= size_min);
        assert_true(strcmp(before, line) < 0);
        for (const char *at = line; *at != '\0'; at++) {
            assert_true(islower((unsigned char)*at) || isdigit((unsigned char)*at));
        }
        memcpy(before, line, sizeof before);
        count++;
    }
    return count;
}

static void the_lists_are_in_order(void **state) {
    (void)state;
    assert_true(check_list(password_texts[PASSWORD_TEXT_PASSWORDS], PASSWORD_POINTS_MIN) > 400);
    assert_true(check_list(password_texts[PASSWORD_TEXT_WORDS], 4) > 200);
    assert_null(password_texts[2]);
}

static void every_listed_password_is_refused(void **state) {
    const char *list = password_texts[PASSWORD_TEXT_PASSWORDS];
    char line[256];
    char dressed[600];
    (void)state;
    while (next_line(&list, line)) {
        assert_false(is_good(line));
        line[0] = (char)toupper((unsigned char)line[0]);
        (void)snprintf(dressed, sizeof dressed, "%.4s-%s!", line, line + 4);
        assert_false(is_good(dressed));
    }
    assert_false(is_good("Correct Horse Battery Staple"));
    assert_false(is_good("Correct-Horse-Battery-Staple-2024"));
    assert_false(is_good("You shall not pass!"));
    assert_true(is_good("Cormorant Horse Battery Staple"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_passwords_are_taken),
        cmocka_unit_test(length_is_counted_in_code_points),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(repetitions_are_refused),
        cmocka_unit_test(runs_are_refused),
        cmocka_unit_test(common_words_with_digits_and_marks_are_refused),
        cmocka_unit_test(what_is_made_of_the_login_is_refused),
        cmocka_unit_test(the_lists_are_in_order),
        cmocka_unit_test(every_listed_password_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
