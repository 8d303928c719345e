/* Logins in lower case, passwords in Unicode NFC. */
#include "security/password.h"

#include <sodium.h>
#include <utf8proc.h>

/* A character has at most one and a half times as many code points decomposed as it has bytes
 * composed (U+0390: three, and two), so that every password has room here that is short enough in
 * the end. And no text shrinks to less than a quarter (U+1FBE with U+0308 and U+0301: seven bytes
 * become two). */
enum {
    DECOMPOSED_POINTS_MAX = 2 * PASSWORD_SIZE_MAX,
    TEXT_SIZE_MAX = 4 * PASSWORD_SIZE_MAX,
};

static bool is_login_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')
           || (character != '\0' && strchr("._@+-", character) != NULL);
}

bool login_normalise(struct view text, char login[LOGIN_SIZE_MAX + 1]) {
    if (text.data == NULL || text.size < LOGIN_SIZE_MIN || text.size > LOGIN_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool upper = byte >= 'A' && byte <= 'Z';
        login[i] = (char)(upper ? byte + ('a' - 'A') : byte);
        if (!is_login_character(login[i])) {
            return false;
        }
    }
    login[text.size] = '\0';
    return true;
}

/* Composes `count` code points in place and writes them over themselves as UTF-8; its size, or
 * negative. The array has room for one point more. */
static utf8proc_ssize_t compose(utf8proc_int32_t *points, utf8proc_ssize_t count) {
    if (count < 0 || count > DECOMPOSED_POINTS_MAX) {
        return -1;
    }
    return utf8proc_reencode(points, count, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

bool password_normalise(struct view text, uint8_t password[PASSWORD_SIZE_MAX], size_t *size) {
    utf8proc_int32_t points[DECOMPOSED_POINTS_MAX + 1];
    if (text.data == NULL || text.size > TEXT_SIZE_MAX) {
        sodium_memzero(password, PASSWORD_SIZE_MAX);
        return false;
    }
    utf8proc_ssize_t count = utf8proc_decompose(
        text.data,
        (utf8proc_ssize_t)text.size,
        points,
        DECOMPOSED_POINTS_MAX,
        UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    utf8proc_ssize_t composed = compose(points, count);
    bool good = composed >= 0 && composed <= PASSWORD_SIZE_MAX;
    if (good) {
        *size = (size_t)composed;
        memcpy(password, points, *size);
    } else {
        sodium_memzero(password, PASSWORD_SIZE_MAX);
    }
    sodium_memzero(points, sizeof points);
    return good;
}
