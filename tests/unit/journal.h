/* What an engine's doubles were asked, in order, a word a call. Whoever connects them empties it.
 */
#ifndef SLOTKEEPER_TESTS_JOURNAL_H
#define SLOTKEEPER_TESTS_JOURNAL_H

#include "unit.h"

static char journal[8192];

static inline void write_journal(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void write_journal(const char *format, ...) {
    size_t size = strlen(journal);
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(journal + size, sizeof journal - size, format, arguments);
    va_end(arguments);
    assert_true(written > 0 && (size_t)written < sizeof journal - size);
}

#define assert_journal(...) assert_string_equal(journal, __VA_ARGS__)

#endif
