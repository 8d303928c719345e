/* Passwords that are words with digits and marks around: the text is walked from its start, and for
 * every byte it is noted with which words it can be reached. */
#include "security/password_parts.h"

#include <assert.h>
#include <sodium.h>

enum {
    LOGIN_WORDS_MAX = LOGIN_SIZE_MAX,
    WORD_LETTERS_MIN = 3,
    WORD_CHARACTERS_MIN = 6,
    DISGUISED_SIZE_MIN = 5, /* a shorter word with digits for letters is found in any number */
};

/* How a byte was reached: with none, one or two common words, each without and with the login. A
 * set of them is a byte. */
enum {
    WITH_NOTHING = 1U << 0U,
    WITH_COMMON_MASK = 0x1bU, /* all of those to which another common word may be added */
    WITHOUT_LOGIN_MASK = 0x07U,
    WITH_LOGIN_MASK = 0x38U,
    WITH_LOGIN_SHIFT = 3,
};

struct walk {
    struct view password;
    struct view login_words[LOGIN_WORDS_MAX];
    size_t login_word_count;
    uint8_t reached[PASSWORD_SIZE_MAX + 1];
};

static uint8_t to_lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool is_letter(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

/* All of ASCII that is neither letter nor digit, blanks among it. */
static bool is_mark(uint8_t byte) {
    return byte < 0x80U && !is_letter(byte) && !is_digit(byte);
}

static bool is_no_mark(uint8_t byte) {
    return !is_mark(byte);
}

/* Whether people write `byte` for the lower-case letter. */
static bool disguises(uint8_t byte, uint8_t letter) {
    static const char pairs[] = "0o1i1l!i3e4a@a5s$s7t+t8b9g";
    for (size_t i = 0; i + 1 < sizeof pairs; i += 2) {
        if ((uint8_t)pairs[i] == byte && (uint8_t)pairs[i + 1] == letter) {
            return true;
        }
    }
    return false;
}

static bool stands_for(uint8_t byte, uint8_t letter, struct view word) {
    return to_lower(byte) == letter || (word.size >= DISGUISED_SIZE_MIN && disguises(byte, letter));
}

/* Where the word that begins at `at` ends; 0: it does not begin there. Marks inside it are passed
 * over, on both sides. */
static size_t match(struct view password, size_t at, struct view word) {
    bool begun = false;
    for (size_t i = 0; i < word.size; i++) {
        uint8_t letter = to_lower(word.data[i]);
        if (is_mark(letter)) {
            continue;
        }
        while (begun && at < password.size && is_mark(password.data[at])
               && !stands_for(password.data[at], letter, word)) {
            at++;
        }
        if (at == password.size || !stands_for(password.data[at], letter, word)) {
            return 0;
        }
        begun = true;
        at++;
    }
    return begun ? at : 0;
}

static void step_by_common_words(struct walk *walk, size_t at, struct view text) {
    uint8_t with = (uint8_t)((walk->reached[at] & WITH_COMMON_MASK) << 1U);
    while (with != 0 && text.size > 0) {
        const uint8_t *line_end = memchr(text.data, '\n', text.size);
        size_t size = line_end == NULL ? text.size : (size_t)(line_end - text.data);
        if (size > 0 && text.data[0] != '#') {
            size_t end = match(walk->password, at, view_of(text.data, size));
            walk->reached[end] |= end > 0 ? with : 0;
        }
        text = view_from(text, size + 1);
    }
}

static void step_by_login(struct walk *walk, size_t at) {
    uint8_t from = walk->reached[at];
    uint8_t with = (uint8_t)((from & WITHOUT_LOGIN_MASK) << WITH_LOGIN_SHIFT)
                   | (uint8_t)(from & WITH_LOGIN_MASK);
    for (size_t i = 0; i < walk->login_word_count; i++) {
        size_t end = match(walk->password, at, walk->login_words[i]);
        walk->reached[end] |= end > 0 ? with : 0;
    }
}

static void step(struct walk *walk, size_t at) {
    uint8_t byte = walk->password.data[at];
    if (is_mark(byte) || is_digit(byte)) {
        walk->reached[at + 1] |= walk->reached[at];
    }
    for (size_t i = 0; common_password_texts[i] != NULL; i++) {
        step_by_common_words(walk, at, view_text(common_password_texts[i]));
    }
    step_by_login(walk, at);
}

/* A word of the login is one that names its owner: three letters, or six of letters and digits. */
static void add_login_word(struct walk *walk, struct view word) {
    size_t letters = 0;
    size_t characters = 0;
    for (size_t i = 0; i < word.size; i++) {
        letters += is_letter(word.data[i]) ? 1 : 0;
        characters += is_no_mark(word.data[i]) ? 1 : 0;
    }
    if ((letters >= WORD_LETTERS_MIN || characters >= WORD_CHARACTERS_MIN)
        && walk->login_word_count < LOGIN_WORDS_MAX) {
        walk->login_words[walk->login_word_count++] = word;
    }
}

/* Every longest run of such bytes. */
static void add_runs(struct walk *walk, struct view login, bool (*is_inside)(uint8_t byte)) {
    size_t begin = 0;
    for (size_t i = 0; i <= login.size; i++) {
        if (i == login.size || !is_inside(login.data[i])) {
            add_login_word(walk, view_of(login.data + begin, i - begin));
            begin = i + 1;
        }
    }
}

static void add_login(struct walk *walk, struct view login) {
    const uint8_t *at = login.size == 0 ? NULL : memchr(login.data, '@', login.size);
    if (login.data == NULL) {
        return;
    }
    add_login_word(walk, login);
    if (at != NULL) {
        add_login_word(walk, view_of(login.data, (size_t)(at - login.data)));
    }
    add_runs(walk, login, is_no_mark);
    add_runs(walk, login, is_letter);
}

bool password_is_made_of_words(struct view password, struct view login) {
    assert(password.size <= PASSWORD_SIZE_MAX);
    struct walk walk = {.password = password};
    add_login(&walk, login);
    walk.reached[0] = WITH_NOTHING;
    for (size_t at = 0; at < password.size; at++) {
        if (walk.reached[at] != 0) {
            step(&walk, at);
        }
    }
    bool made = (walk.reached[password.size] & ~WITH_NOTHING) != 0;
    sodium_memzero(&walk, sizeof walk);
    return made;
}
