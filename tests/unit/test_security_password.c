/* Logins and passwords: what is taken, in which form, and what is refused as too easy. */
#include "security/password.h"
#include "unit.h"

#define EMOJI "\360\237\230\200"

enum { COUNT_OF_LIST_MIN = 500, RANDOM_PASSWORDS = 2000 };

static const struct view no_login = {NULL, 0};

static bool is_login(const void *bytes, size_t size) {
    char login[LOGIN_SIZE_MAX + 1];
    return login_normalise(view_of(bytes, size), login);
}

static bool is_good(const char *password, const char *login) {
    return password_is_good(view_text(password), login == NULL ? no_login : view_text(login));
}

static void logins_become_lower_case(void **state) {
    (void)state;
    char login[LOGIN_SIZE_MAX + 1];
    assert_true(login_normalise(view_text("Ann.B_c+1@Example-X.orgZ"), login));
    assert_string_equal(login, "ann.b_c+1@example-x.orgz");
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
        "a\377bc",
        "ABC\xc1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(is_login(wrong[i], strlen(wrong[i])));
    }
    assert_false(is_login("abc\0", 4));
    assert_false(is_login("ab\0cd", 5));
    assert_false(is_login(NULL, 0));
}

static void logins_have_a_length(void **state) {
    (void)state;
    static char text[10000];
    memset(text, 'a', sizeof text);
    assert_false(is_login(text, LOGIN_SIZE_MIN - 1));
    assert_true(is_login(text, LOGIN_SIZE_MIN));
    assert_true(is_login(text, LOGIN_SIZE_MAX));
    assert_false(is_login(text, LOGIN_SIZE_MAX + 1));
    assert_false(is_login(text, sizeof text));
}

static void passwords_are_in_nfc(void **state) {
    (void)state;

    static const struct {
        const char *given;
        const char *normalised;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"cafe\314\201", "caf\303\251"},
        {"caf\303\251", "caf\303\251"},
        {"a\314\202\314\243", "\341\272\255"},                    /* marks in another order */
        {"\342\204\253\342\204\252", "\303\205K"},                /* Angstrom and Kelvin signs */
        {"\341\204\222\341\205\241\341\206\253", "\355\225\234"}, /* Hangul */
        {"\340\245\230", "\340\244\225\340\244\274"},             /* never composed */
        {"\357\254\201x\302\262", "\357\254\201x\302\262"}, /* a ligature, a square: not NFKC */
        {"\342\253\234", "\342\253\235\314\270"},           /* never composed either */
        {EMOJI, EMOJI},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t password[PASSWORD_SIZE_MAX];
        size_t size = 99;
        assert_true(password_normalise(view_text(cases[i].given), password, &size));
        assert_true(view_is(view_of(password, size), cases[i].normalised));
    }
}

static void passwords_are_utf8(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "secret\377",
        "secret\300\200",
        "secret\355\240\200",
        "secret\364\220\200\200",
        "secret\303",
        "secret\200",
        "\340\200\257secret",
        "secret\360\237\230",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        static const uint8_t wiped[PASSWORD_SIZE_MAX];
        uint8_t password[PASSWORD_SIZE_MAX];
        size_t size = 0;
        memset(password, 'x', sizeof password);
        assert_false(password_normalise(view_text(wrong[i]), password, &size));
        assert_memory_equal(password, wiped, sizeof wiped);
    }
}

/* Whether `count` times the text is short enough, and how many bytes it has in the end. */
static bool fits(const char *text, size_t count, size_t *size) {
    static uint8_t bytes[10000];
    uint8_t password[PASSWORD_SIZE_MAX];
    size_t length = strlen(text);
    assert_true(count * length <= sizeof bytes);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + i * length, text, length);
    }
    return password_normalise(view_of(bytes, count * length), password, size);
}

static void the_normalised_size_counts(void **state) {
    (void)state;
    size_t size = 0;
    assert_true(fits("a", PASSWORD_SIZE_MAX, &size));
    assert_int_equal(size, PASSWORD_SIZE_MAX);
    assert_false(fits("a", PASSWORD_SIZE_MAX + 1, &size));
    assert_false(fits("a", 2 * PASSWORD_SIZE_MAX, &size));
    assert_false(fits("a", 10000, &size));
    assert_false(fits("\316\220", 5000, &size));
    /* six bytes, and three code points, that become two bytes */
    assert_true(fits("\316\271\314\210\314\201", PASSWORD_SIZE_MAX / 2, &size));
    assert_int_equal(size, PASSWORD_SIZE_MAX);
    assert_false(fits("\316\271\314\210\314\201", PASSWORD_SIZE_MAX / 2 + 1, &size));
    assert_true(fits("\342\204\252", PASSWORD_SIZE_MAX, &size));
    /* three bytes that become nine */
    assert_true(fits("\355\225\234", PASSWORD_SIZE_MAX / 3, &size));
    assert_false(password_normalise(no_login, (uint8_t[PASSWORD_SIZE_MAX]){0}, &size));
}

static void passwords_are_counted_in_code_points(void **state) {
    (void)state;
    static const char *const points[] = {"\303\244", EMOJI, "k", "\346\274\242", "Z", "7"};
    char text[PASSWORD_SIZE_MAX + 5] = "";
    uint32_t random = 3;
    for (size_t count = 1; count <= PASSWORD_POINTS_MAX + 1; count++) {
        random = random * 1103515245U + 12345U;
        strcat(text, points[(random >> 16U) % 6]);
        bool enough = count >= PASSWORD_POINTS_MIN && count <= PASSWORD_POINTS_MAX;
        assert_int_equal(is_good(text, NULL), enough);
    }
    assert_false(password_is_good(no_login, no_login));
}

static void control_characters_are_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "zuqilopra\tmen",
        "zuqilopra\nmen",
        "zuqilopra\177men",
        "zuqilopra\302\200men",
        "zuqilopra\302\237men",
        "\033zuqilopramen",
        "zuqilopramen\r",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_string_equal(
            password_flaw(view_text(wrong[i]), no_login), "the password has a control character");
    }
    assert_false(password_is_good(view_of("zuqilopra\0men", 13), no_login));
    assert_true(is_good("zuqilopra\302\240men", NULL));
    assert_false(is_good("zuqilopra\377men", NULL));
}

static void what_is_guessed_first_is_refused(void **state) {
    (void)state;

    static const struct {
        const char *password;
        const char *flaw;
    } cases[] = {
        {"aaaaaaaaaaaa", "repeated"},
        {"abababababab", "repeated"},
        {"aaaabbbbccccdddd", "repeated"},
        {"xkcqvexkcqve", "repeated"},
        {"velvetrain velvetrain velvetrain", "repeated"},
        {"abcdefghijkl", "row"},
        {"ZYXWVUTSRQPO", "row"},
        {"123456789012", "row"},
        {"qwertyuiop12", "row"},
        {"poiuytrewqas", "row"},
        {"1qaz2wsx3edc", "row"},
        {"zaq1xsw2cde3vfr4", "row"},
        {"asdf qwer 1234", "row"},
        {"QWERTZUIOPAS", "row"},
        {"azertyuiopqs", "row"},
        {"!@#$%^&*()_+", "row"},
        {"\316\261\316\262\316\263\316\264\316\265\316\266\316\267\316\270\316\271\316\272xy",
         "row"},
        {"Password1234", "common"},
        {"P@ssw0rd!2024", "common"},
        {"pa$$w0rd-pa$$w0rd", "common"},
        {"19password84!!", "common"},
        {"letmein-letmein-77", "common"},
        {"Sunshine Football 1", "common"},
        {"I.L.O.V.E.Y.O.U.9999", "common"},
        {"correct horse battery staple", "common"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *flaw = password_flaw(view_text(cases[i].password), no_login);
        assert_non_null(flaw);
        assert_non_null(strstr(flaw, cases[i].flaw));
    }
}

static void made_of_the_login_is_refused(void **state) {
    (void)state;

    static const struct {
        const char *login;
        const char *password;
        bool good;
    } cases[] = {
        {"zuqilopra", "zuqilopra1999!", false},
        {"zuqilopra", "1999-Zuqi.Lopra", false},
        {"zuqilopra", "ZuqilopraZuqilopra", false},
        {"zuqilopra", "zuqilopra password", false},
        {"zuqilopra", "zuqilopramentekas", true},
        {"zuq.lopra@mentekas.org", "LopraZuq+2024", false},
        {"zuq.lopra@mentekas.org", "zuq.lopra@mentekas.org", false},
        {"zuq.lopra@mentekas.org", "mentekas mentekas", false},
        {"z.u-q_l", "(z.u-q_l) 20242024", false},
        {"5551732468", "555 173 24 68 !", false},
        {"ann", "9182 ann 7364", false},
        {"ann", "annual velvet rain", true},
        {"zuqilopra", "mentekas velvet", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(is_good(cases[i].password, cases[i].login), cases[i].good);
        assert_true(
            cases[i].good || strlen(cases[i].login) < 4
            || is_good("velvet crayon toaster", cases[i].login));
    }
}

static void other_passwords_are_good(void **state) {
    (void)state;
    static const char *const good[] = {
        "velvet crayon toaster puddle",
        "dragon monkey velvet 12",
        "xK9#mQ2$vL7!",
        "837261940385",
        "the nurse saw three monkeys",
        "Passwordless is the way",
        "ca7485560597 7357",
        "dragon monkey sunshine pirate",
        "d\303\251j\303\240 vu \303\240 l'\303\251cole",
        "abcdefgh velvet",
        "monkey \346\274\242\345\255\227 8888",
        "xkcqvebxkcqveb",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(password_flaw(view_text(good[i]), view_text("ann.smith@example.org")));
    }
}

/* What a password manager makes is never taken for a row or a word. */
static void random_passwords_are_good(void **state) {
    (void)state;
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t random = 88172645463325252ULL;
    for (size_t i = 0; i < RANDOM_PASSWORDS; i++) {
        char text[PASSWORD_POINTS_MIN + 1] = "";
        for (size_t j = 0; j < PASSWORD_POINTS_MIN; j++) {
            random ^= random << 13U;
            random ^= random >> 7U;
            random ^= random << 17U;
            text[j] = characters[random % 64];
        }
        assert_true(is_good(text, "ann.smith@example.org"));
    }
}

static void assert_refused_with_decoration(const char *word, size_t size) {
    char text[PASSWORD_SIZE_MAX];
    (void)snprintf(text, sizeof text, "%.*s", (int)size, word);
    assert_false(is_good(text, NULL));
    (void)snprintf(text, sizeof text, "7 %.*s 1!", (int)size, word);
    for (char *at = text; *at != '\0'; at++) {
        *at = (char)(*at >= 'a' && *at <= 'z' ? *at - ('a' - 'A') : *at);
    }
    assert_false(is_good(text, NULL));
}

static void everything_on_the_list_is_refused(void **state) {
    (void)state;
    char line[PASSWORD_SIZE_MAX];
    size_t count = 0;
    FILE *list = fopen(SOURCE_DIR "/src/security/common_passwords.txt", "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list) != NULL) {
        size_t size = strcspn(line, "\n");
        if (line[0] != '#' && size >= PASSWORD_POINTS_MIN) {
            assert_refused_with_decoration(line, size);
            count++;
        }
    }
    (void)fclose(list);
    assert_true(count >= COUNT_OF_LIST_MIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logins_become_lower_case),
        cmocka_unit_test(other_logins_are_refused),
        cmocka_unit_test(logins_have_a_length),
        cmocka_unit_test(passwords_are_in_nfc),
        cmocka_unit_test(passwords_are_utf8),
        cmocka_unit_test(the_normalised_size_counts),
        cmocka_unit_test(passwords_are_counted_in_code_points),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(what_is_guessed_first_is_refused),
        cmocka_unit_test(made_of_the_login_is_refused),
        cmocka_unit_test(other_passwords_are_good),
        cmocka_unit_test(random_passwords_are_good),
        cmocka_unit_test(everything_on_the_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
