/* What a guesser tries first is taken out of a password piece by piece: well-known words and the
 * login, also with marks written for letters, runs of neighbours in the alphabet or on a keyboard,
 * one character again and again. What is left must be enough by itself. */
#include "security/password.h"
#include "security/password_text.h"

#include <sodium.h>
#include <utf8proc.h>

enum {
    LEFT_POINTS_MIN = 6,
    UNIT_POINTS_MAX = 6,
    RUN_POINTS_MIN = 4,
    SAME_POINTS_MIN = 3,
    LOGIN_PART_SIZE_MIN = 4,
};

/* Code points, capital letters of ASCII made small. */
struct points {
    size_t count;
    uint32_t at[PASSWORD_POINTS_MAX];
};

static bool is_letter(uint32_t point) {
    return (point >= 'a' && point <= 'z') || point >= 0x80;
}

static bool is_digit(uint32_t point) {
    return point >= '0' && point <= '9';
}

/* False: not UTF-8, more than PASSWORD_POINTS_MAX, or a control character. */
static bool read_points(struct view text, struct points *points) {
    points->count = 0;
    while (text.size > 0) {
        utf8proc_int32_t point = -1;
        utf8proc_ssize_t size = utf8proc_iterate(text.data, (utf8proc_ssize_t)text.size, &point);
        if (size <= 0 || points->count == PASSWORD_POINTS_MAX
            || utf8proc_category(point) == UTF8PROC_CATEGORY_CC) {
            return false;
        }
        bool upper = point >= 'A' && point <= 'Z';
        points->at[points->count++] = (uint32_t)(upper ? point + ('a' - 'A') : point);
        text = view_from(text, (size_t)size);
    }
    return true;
}

/* ---- lists ---- */

/* The next line of a list that is no comment; data NULL: there is none. */
static struct view next_line(const char **list) {
    while (**list != '\0') {
        size_t size = strcspn(*list, "\n");
        struct view line = view_of(*list, size);
        *list += size + ((*list)[size] == '\n' ? 1 : 0);
        if (size > 0 && line.data[0] != '#') {
            return line;
        }
    }
    return view_of(NULL, 0);
}

/* The letters, and the digits too if `with_digits`; false: something outside ASCII. */
static bool keep_letters(
    const struct points *points,
    bool with_digits,
    uint8_t kept[PASSWORD_POINTS_MAX],
    size_t *size) {
    *size = 0;
    for (size_t i = 0; i < points->count; i++) {
        if (points->at[i] >= 0x80) {
            return false;
        }
        if (is_letter(points->at[i]) || (with_digits && is_digit(points->at[i]))) {
            kept[(*size)++] = (uint8_t)points->at[i];
        }
    }
    return true;
}

static bool is_listed(struct view text) {
    const char *list = password_texts[PASSWORD_TEXT_PASSWORDS];
    struct view line;
    while ((line = next_line(&list)).data != NULL) {
        if (view_equal(line, text)) {
            return true;
        }
    }
    return false;
}

static bool is_well_known(const struct points *points) {
    uint8_t kept[PASSWORD_POINTS_MAX];
    size_t size = 0;
    bool known = keep_letters(points, true, kept, &size) && is_listed(view_of(kept, size));
    known = known || (keep_letters(points, false, kept, &size) && is_listed(view_of(kept, size)));
    sodium_memzero(kept, sizeof kept);
    return known;
}

/* ---- one unit again and again ---- */

static bool has_period(const struct points *points, size_t period) {
    for (size_t i = period; i < points->count; i++) {
        if (points->at[i] != points->at[i - period]) {
            return false;
        }
    }
    return true;
}

static bool is_repetition(const struct points *points) {
    for (size_t period = 1; period <= UNIT_POINTS_MAX; period++) {
        if (has_period(points, period)) {
            return true;
        }
    }
    return false;
}

/* ---- pieces: each function gives how many points from `from` on are one, 0: none ---- */

static bool reads_as(uint32_t point, uint8_t letter) {
    static const char pairs[][2] = {
        {'0', 'o'},
        {'1', 'i'},
        {'1', 'l'},
        {'3', 'e'},
        {'4', 'a'},
        {'5', 's'},
        {'7', 't'},
        {'@', 'a'},
        {'$', 's'},
        {'!', 'i'},
        {'+', 't'},
        {'|', 'l'},
    };
    bool reads = point == letter;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        reads = reads || (point == (uint32_t)pairs[i][0] && letter == (uint8_t)pairs[i][1]);
    }
    return reads;
}

static size_t word_at(const struct points *points, size_t from, struct view word) {
    if (word.size > points->count - from) {
        return 0;
    }
    for (size_t i = 0; i < word.size; i++) {
        if (!reads_as(points->at[from + i], word.data[i])) {
            return 0;
        }
    }
    return word.size;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t listed_word_at(const struct points *points, size_t from) {
    const char *list = password_texts[PASSWORD_TEXT_WORDS];
    size_t longest = 0;
    struct view word;
    while ((word = next_line(&list)).data != NULL) {
        longest = larger(longest, word_at(points, from, word));
    }
    return longest;
}

static bool divides_logins(uint8_t character) {
    return character != '\0' && strchr("._@+-", character) != NULL;
}

/* The next part of a login, as "example" of ann@example.org, which is cut off; data NULL: none. */
static struct view next_part(struct view *login) {
    size_t size = 0;
    while (size < login->size && !divides_logins(login->data[size])) {
        size++;
    }
    struct view part = view_of(login->size == 0 ? NULL : login->data, size);
    *login = view_from(*login, size + 1);
    return part;
}

static size_t login_at(const struct points *points, size_t from, struct view login) {
    struct view part;
    if (login.data == NULL) {
        return 0;
    }
    size_t longest = word_at(points, from, login);
    while ((part = next_part(&login)).data != NULL) {
        if (part.size >= LOGIN_PART_SIZE_MIN) {
            longest = larger(longest, word_at(points, from, part));
        }
    }
    return longest;
}

/* After 9 comes 0, as on a keyboard. */
static bool steps(uint32_t from, uint32_t to, int step) {
    if (step == 1 && from == '9') {
        return to == '0';
    }
    if (step == -1 && from == '0') {
        return to == '9';
    }
    return (int64_t)to - (int64_t)from == step;
}

static size_t run_at(const struct points *points, size_t from) {
    size_t longest = 0;
    for (int step = -1; step <= 1; step++) {
        size_t size = 1;
        while (from + size < points->count
               && steps(points->at[from + size - 1], points->at[from + size], step)) {
            size++;
        }
        size_t size_min = step == 0 ? SAME_POINTS_MIN : RUN_POINTS_MIN;
        longest = size >= size_min ? larger(longest, size) : longest;
    }
    return longest;
}

/* How far the password follows `row` from its character number `start` on, in steps of one. */
static size_t follow_row(
    const struct points *points, size_t from, struct view row, size_t start, bool back) {
    size_t size = 0;
    while (from + size < points->count && size < (back ? start + 1 : row.size - start)
           && points->at[from + size] == row.data[back ? start - size : start + size]) {
        size++;
    }
    return size >= RUN_POINTS_MIN ? size : 0;
}

static size_t row_at(const struct points *points, size_t from) {
    static const char *const rows[] = {
        "qwertyuiop[]",
        "asdfghjkl;'",
        "zxcvbnm,./",
        "qwertzuiop",
        "yxcvbnm,.-",
        "azertyuiop",
        "qsdfghjklm",
        "wxcvbn",
        "!@#$%^&*()_+",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p",
        "1q2w3e4r5t6y7u8i9o0p",
        "q1w2e3r4t5y6u7i8o9p0",
        "qawsedrftgyhujikolp",
    };
    size_t longest = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct view row = view_text(rows[i]);
        for (size_t start = 0; start < row.size; start++) {
            longest = larger(longest, follow_row(points, from, row, start, false));
            longest = larger(longest, follow_row(points, from, row, start, true));
        }
    }
    return longest;
}

/* ---- what is left ---- */

static size_t points_left(const struct points *points, struct view login) {
    size_t letters = 0;
    size_t others = 0;
    bool has_word = false;
    size_t i = 0;
    while (i < points->count) {
        size_t word = larger(listed_word_at(points, i), login_at(points, i, login));
        size_t run = larger(run_at(points, i), row_at(points, i));
        if (word == 0 && run == 0) {
            letters += is_letter(points->at[i]) ? 1 : 0;
            others += is_letter(points->at[i]) ? 0 : 1;
            i++;
        }
        has_word = has_word || (word > 0 && word >= run);
        i += larger(word, run);
    }
    return has_word ? letters : letters + others;
}

bool password_is_good(struct view normalised, struct view login) {
    struct points points;
    bool good = read_points(normalised, &points) && points.count >= PASSWORD_POINTS_MIN
                && !is_repetition(&points) && !is_well_known(&points)
                && points_left(&points, login) >= LEFT_POINTS_MIN;
    sodium_memzero(&points, sizeof points);
    return good;
}
