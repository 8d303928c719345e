/* Views: bytes that somebody else owns. Never NUL-terminated, never freed through the view. */
#ifndef SLOTKEEPER_BASE_VIEW_H
#define SLOTKEEPER_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const uint8_t *data; /* NULL: absent, as opposed to empty */
    size_t size;
};

static inline struct view view_of(const void *data, size_t size) {
    return (struct view){data, size};
}

/* The characters of a C string, without its NUL. */
static inline struct view view_text(const char *text) {
    return (struct view){(const uint8_t *)text, strlen(text)};
}

static inline bool view_equal(struct view a, struct view b) {
    return a.size == b.size
           && (a.size == 0
               || (a.data != NULL && b.data != NULL && memcmp(a.data, b.data, a.size) == 0));
}

static inline bool view_is(struct view a, const char *text) {
    return view_equal(a, view_text(text));
}

static inline bool view_starts_with(struct view a, struct view prefix) {
    return a.size >= prefix.size
           && (prefix.size == 0 || memcmp(a.data, prefix.data, prefix.size) == 0);
}

static inline struct view view_from(struct view a, size_t offset) {
    return offset >= a.size ? (struct view){a.data, 0}
                            : (struct view){a.data + offset, a.size - offset};
}

#endif
