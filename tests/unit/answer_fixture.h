/* An arena, bytes by hand and comparisons for the tests of the durable encodings. */
#ifndef SLOTKEEPER_TESTS_ANSWER_FIXTURE_H
#define SLOTKEEPER_TESTS_ANSWER_FIXTURE_H

#include "engine/answer.h"
#include "unit.h"

static struct arena *arena;

static inline int arena_set_up(void **state) {
    (void)state;
    arena = arena_new((size_t)64 << 20U);
    return arena == NULL ? -1 : 0;
}

static inline int arena_tear_down(void **state) {
    (void)state;
    arena_destroy(arena);
    return 0;
}

static inline int arena_empty(void **state) {
    (void)state;
    arena_reset(arena);
    return 0;
}

#define ANSWER_TEST(function) cmocka_unit_test_setup(function, arena_empty)

#define assert_same_view(expected, found)                                                          \
    do {                                                                                           \
        const struct view expected_view = (expected);                                              \
        const struct view found_view = (found);                                                    \
        assert_int_equal(found_view.data == NULL, expected_view.data == NULL);                     \
        assert_true(view_equal(expected_view, found_view));                                        \
    } while (0)

/* A copy of its own size, so that AddressSanitizer sees what is read behind its end; `decode` is
 * told nothing else. */
static inline uint8_t *exact_copy(struct view bytes) {
    uint8_t *copy = malloc(bytes.size == 0 ? 1 : bytes.size);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.size);
    return copy;
}

#define BYTES(...) view_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Bytes that grow at their end. */
struct text {
    uint8_t bytes[4096];
    size_t size;
};

static inline void add_length(struct text *text, uint32_t size) {
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        text->bytes[text->size++] = (uint8_t)(size >> (shift - 8));
    }
}

static inline void add_field(struct text *text, uint8_t tag, struct view bytes) {
    assert_true(text->size + 5 + bytes.size <= sizeof text->bytes);
    text->bytes[text->size++] = tag;
    add_length(text, (uint32_t)bytes.size);
    if (bytes.size > 0) {
        memcpy(text->bytes + text->size, bytes.data, bytes.size);
    }
    text->size += bytes.size;
}

static inline struct view text_view(const struct text *text) {
    return view_of(text->bytes, text->size);
}

/* Compares with bytes in hexadecimal digits, blanks between them. */
static inline void assert_hex(struct view found, const char *expected) {
    uint8_t bytes[256];
    size_t size = 0;
    assert_true(strlen(expected) < sizeof bytes);
    for (const char *at = expected; *at != '\0'; at += *at == ' ' ? 1 : 2) {
        if (*at != ' ') {
            const char digits[] = {at[0], at[1], '\0'};
            bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
        }
    }
    assert_int_equal(found.size, size);
    assert_memory_equal(found.data, bytes, size);
}

/* Where a list of fields may end: `ends[size]` is true there. */
static inline void find_ends(struct view bytes, bool *ends) {
    ends[0] = true;
    for (size_t at = 0; at < bytes.size;) {
        at += (size_t)5 + bytes.data[at + 4]; /* fields of a test are shorter than 256 */
        ends[at] = true;
    }
}

#endif
