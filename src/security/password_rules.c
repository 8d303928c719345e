/* What may be set as a password. The rules look for what is guessed first; they do not ask for
 * classes of characters, which only makes people write Password1! */
#include "security/password_parts.h"

#include <assert.h>
#include <sodium.h>
#include <utf8proc.h>

enum {
    DISTINCT_MIN = 5,    /* different characters */
    SURPRISES_MIN = 6,   /* characters that the ones before do not suggest */
    UNIT_POINTS_MAX = 6, /* what repeats such a unit is no password; of longer ones, two are */
};

struct points {
    size_t count;
    int32_t at[PASSWORD_POINTS_MAX];
};

/* ASCII letters in lower case. False: not UTF-8, or too many. */
static bool points_read(struct view text, struct points *points) {
    points->count = 0;
    while (text.size > 0) {
        int32_t point = -1;
        utf8proc_ssize_t size = utf8proc_iterate(text.data, (utf8proc_ssize_t)text.size, &point);
        if (size <= 0 || points->count == PASSWORD_POINTS_MAX) {
            return false;
        }
        points->at[points->count++] = point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
        text = view_from(text, (size_t)size);
    }
    return true;
}

static bool has_control_character(const struct points *points) {
    for (size_t i = 0; i < points->count; i++) {
        if (utf8proc_category(points->at[i]) == UTF8PROC_CATEGORY_CC) {
            return true;
        }
    }
    return false;
}

static size_t count_distinct(const struct points *points) {
    size_t count = 0;
    for (size_t i = 0; i < points->count; i++) {
        size_t before = 0;
        while (before < i && points->at[before] != points->at[i]) {
            before++;
        }
        count += before == i ? 1 : 0;
    }
    return count;
}

static bool has_period(const struct points *points, size_t period) {
    for (size_t i = period; i < points->count; i++) {
        if (points->at[i] != points->at[i - period]) {
            return false;
        }
    }
    return true;
}

static bool is_a_unit_repeated(const struct points *points) {
    size_t longest = (points->count - 1) / 2;
    longest = longest < UNIT_POINTS_MAX ? UNIT_POINTS_MAX : longest;
    for (size_t period = 1; period <= longest; period++) {
        if (has_period(points, period)) {
            return true;
        }
    }
    return false;
}

/* Keys side by side, on the keyboards of English, German and French, and the slanting columns. */
static const char *const keyboard_lines[] = {
    "1234567890", "qwertyuiop[]", "asdfghjkl;'",  "zxcvbnm,./", "qwertzuiop", "yxcvbnm",
    "azertyuiop", "qsdfghjklm",   "wxcvbn",       "1qaz",       "2wsx",       "3edc",
    "4rfv",       "5tgb",         "6yhn",         "7ujm",       "8ik",        "9ol",
    "0p",         "!@#$%^&*()_+", "1234567890-=",
};

static bool is_on_line(const char *line, int32_t first, int32_t second, int32_t third) {
    const char *middle = second > ' ' && second <= '~' ? strchr(line, (char)second) : NULL;
    if (middle == NULL || middle == line) {
        return false;
    }
    return (middle[-1] == first && middle[1] == third)
           || (middle[-1] == third && middle[1] == first);
}

/* Whether the third goes on in the way from the first to the second. */
static bool is_a_row(int32_t first, int32_t second, int32_t third) {
    int32_t step = third - second;
    if (step >= -1 && step <= 1 && step == second - first) {
        return true;
    }
    for (size_t i = 0; i < sizeof keyboard_lines / sizeof keyboard_lines[0]; i++) {
        if (is_on_line(keyboard_lines[i], first, second, third)) {
            return true;
        }
    }
    return false;
}

/* A row surprises with its first character only. */
static size_t count_surprises(const struct points *points) {
    size_t count = points->count;
    bool in_row = false;
    for (size_t i = 2; i < points->count; i++) {
        bool before = in_row;
        in_row = is_a_row(points->at[i - 2], points->at[i - 1], points->at[i]);
        count -= (in_row ? 1U : 0U) + (in_row && !before ? 1U : 0U);
    }
    return count;
}

static const char *flaw_of_points(struct view password, struct points *points) {
    if (!points_read(password, points) || points->count < PASSWORD_POINTS_MIN) {
        return "a password is 12 to 128 characters of UTF-8";
    }
    if (has_control_character(points)) {
        return "the password has a control character";
    }
    if (count_distinct(points) < DISTINCT_MIN || is_a_unit_repeated(points)) {
        return "the password is a few characters repeated";
    }
    if (count_surprises(points) < SURPRISES_MIN) {
        return "the password is a row of the alphabet or of the keyboard";
    }
    return NULL;
}

static_assert(PASSWORD_POINTS_MIN == 12 && PASSWORD_POINTS_MAX == 128, "the sentence says so");

const char *password_flaw(struct view password, struct view login) {
    struct points points;
    const char *flaw = flaw_of_points(password, &points);
    sodium_memzero(&points, sizeof points);
    if (flaw == NULL && password_is_made_of_words(password, login)) {
        flaw = "the password is a common one, or made of the login";
    }
    return flaw;
}

bool password_is_good(struct view password, struct view login) {
    return password_flaw(password, login) == NULL;
}
