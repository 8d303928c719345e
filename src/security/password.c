/* Logins and passwords as they come in: small letters, and one form of Unicode. */
#include "security/password.h"

#include <sodium.h>
#include <utf8proc.h>

static bool is_login_character(uint8_t character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')
           || (character != '\0' && strchr("._@+-", character) != NULL);
}

bool login_normalise(struct view text, char login[LOGIN_SIZE_MAX + 1]) {
    bool good = text.data != NULL && text.size >= LOGIN_SIZE_MIN && text.size <= LOGIN_SIZE_MAX;
    login[0] = '\0';
    for (size_t i = 0; good && i < text.size; i++) {
        bool upper = text.data[i] >= 'A' && text.data[i] <= 'Z';
        uint8_t character = (uint8_t)(upper ? text.data[i] + ('a' - 'A') : text.data[i]);
        login[i] = (char)character;
        login[i + 1] = '\0';
        good = is_login_character(character);
    }
    return good;
}

/* What NFC of PASSWORD_SIZE_MAX bytes comes from: at most as many code points decomposed, and no
 * more bytes than those have. */
enum { POINTS_MAX = 4 * PASSWORD_SIZE_MAX, INPUT_SIZE_MAX = 4 * POINTS_MAX };

/* The number of bytes written over the code points as UTF-8, or negative. */
static utf8proc_ssize_t compose(struct view text, utf8proc_int32_t points[POINTS_MAX + 1]) {
    utf8proc_ssize_t count = utf8proc_decompose(
        text.data,
        (utf8proc_ssize_t)text.size,
        points,
        POINTS_MAX,
        (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (count < 0 || count > POINTS_MAX) {
        return -1;
    }
    return utf8proc_reencode(
        points, count, (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
}

bool password_normalise(struct view text, uint8_t out[PASSWORD_SIZE_MAX], size_t *size) {
    utf8proc_int32_t points[POINTS_MAX + 1];
    *size = 0;
    if (text.data == NULL || text.size > INPUT_SIZE_MAX) {
        return false;
    }
    utf8proc_ssize_t written = compose(text, points);
    bool fits = written >= 0 && written <= PASSWORD_SIZE_MAX;
    if (fits) {
        memcpy(out, points, (size_t)written);
        *size = (size_t)written;
    }
    sodium_memzero(points, sizeof points);
    return fits;
}
