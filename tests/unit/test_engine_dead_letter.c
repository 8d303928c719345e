/* The durable encoding of a dead letter: the record as it came, whatever its headers. */
#include "answer_fixture.h"

static void assert_letter_comes_back(const struct dead_letter *letter) {
    struct dead_letter found;
    assert_true(dead_letter_decode(arena, dead_letter_encode(arena, letter), &found));
    assert_true(found.needed);
    assert_same_view(letter->key, found.key);
    assert_same_view(letter->value, found.value);
    assert_int_equal(found.header_count, letter->header_count);
    for (size_t i = 0; i < letter->header_count; i++) {
        assert_same_view(letter->headers[i].name, found.headers[i].name);
        assert_same_view(letter->headers[i].value, found.headers[i].value);
    }
}

static void a_dead_letter_comes_back(void **state) {
    (void)state;
    const struct header headers[] = {
        {view_text("a"), view_text("one")},
        {view_text("nothing"), {NULL, 0}},
        {view_text("empty"), view_text("")},
        {view_text(""), view_text("no name")},
        {view_text("a"), view_text("again")},
        {view_text("last, nothing"), {NULL, 0}},
    };
    struct dead_letter letter = {
        .needed = true, .value = BYTES(0, 0xff, 16), .headers = headers, .header_count = 6};
    assert_letter_comes_back(&letter);
    letter.key = view_text("a key");
    assert_letter_comes_back(&letter);
    letter.key = view_text("");
    letter.value = view_text("");
    assert_letter_comes_back(&letter);
    letter.value = view_of(NULL, 0);
    assert_letter_comes_back(&letter);
    letter.header_count = 0;
    assert_letter_comes_back(&letter);
}

static void a_dead_letter_has_these_bytes(void **state) {
    (void)state;
    const struct header headers[] = {
        {view_text("n"), view_text("x")},
        {view_text("m"), {NULL, 0}},
    };
    const struct dead_letter letter = {
        .needed = true,
        .key = view_text("k"),
        .value = view_text("vv"),
        .headers = headers,
        .header_count = 2};
    assert_hex(
        dead_letter_encode(arena, &letter),
        "13 00000001 6b 10 00000002 7676 11 00000001 6e 12 00000001 78 11 00000001 6d");
}

static void a_dead_letter_keeps_the_most_headers(void **state) {
    (void)state;
    static uint8_t bulk[64 * 1024];
    struct header headers[RECORD_HEADERS_MAX];
    for (size_t i = 0; i < RECORD_HEADERS_MAX; i++) {
        bulk[i] = (uint8_t)i;
        headers[i] = (struct header){view_of(bulk + i, 1), view_of(bulk, i)};
    }
    const struct dead_letter letter = {
        .needed = true,
        .key = view_of(bulk, sizeof bulk),
        .value = view_of(bulk, sizeof bulk),
        .headers = headers,
        .header_count = RECORD_HEADERS_MAX};
    assert_letter_comes_back(&letter);
}

static void more_headers_than_a_record_has_are_no_letter(void **state) {
    (void)state;
    struct text text = {.size = 0};
    struct dead_letter found;
    for (size_t i = 0; i < RECORD_HEADERS_MAX; i++) {
        add_field(&text, 17, view_text("n"));
    }
    assert_true(dead_letter_decode(arena, text_view(&text), &found));
    add_field(&text, 17, view_text("n"));
    assert_false(dead_letter_decode(arena, text_view(&text), &found));
}

static void a_header_value_needs_its_name(void **state) {
    (void)state;
    struct text text = {.size = 0};
    struct dead_letter found;
    add_field(&text, 16, view_text("value"));
    add_field(&text, 18, view_text("whose?"));
    assert_false(dead_letter_decode(arena, text_view(&text), &found));
}

static void a_dead_letter_that_is_cut_is_none(void **state) {
    (void)state;
    bool ends[512] = {false};
    const struct header headers[] = {
        {view_text("name"), view_text("value")},
        {view_text("other"), {NULL, 0}},
    };
    const struct dead_letter letter = {
        .needed = true,
        .key = view_text("key"),
        .value = view_text("bytes"),
        .headers = headers,
        .header_count = 2};
    struct view bytes = dead_letter_encode(arena, &letter);
    find_ends(bytes, ends);
    for (size_t size = 0; size <= bytes.size; size++) {
        struct dead_letter found;
        uint8_t *copy = exact_copy(view_of(bytes.data, size));
        assert_int_equal(dead_letter_decode(arena, view_of(copy, size), &found), ends[size]);
        free(copy);
    }
}

static void later_fields_of_a_dead_letter_are_skipped(void **state) {
    (void)state;
    struct text text = {.size = 0};
    struct dead_letter found;
    add_field(&text, 99, view_text("later"));
    add_field(&text, 17, view_text("name"));
    add_field(&text, 1, view_text("a route's"));
    add_field(&text, 18, view_text("value"));
    add_field(&text, 16, view_text("bytes"));
    add_field(&text, 21, view_text(""));
    assert_true(dead_letter_decode(arena, text_view(&text), &found));
    assert_int_equal(found.header_count, 1);
    assert_same_view(view_text("name"), found.headers[0].name);
    assert_same_view(view_text("value"), found.headers[0].value);
    assert_same_view(view_text("bytes"), found.value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ANSWER_TEST(a_dead_letter_comes_back),
        ANSWER_TEST(a_dead_letter_has_these_bytes),
        ANSWER_TEST(a_dead_letter_keeps_the_most_headers),
        ANSWER_TEST(more_headers_than_a_record_has_are_no_letter),
        ANSWER_TEST(a_header_value_needs_its_name),
        ANSWER_TEST(a_dead_letter_that_is_cut_is_none),
        ANSWER_TEST(later_fields_of_a_dead_letter_are_skipped),
    };

    return cmocka_run_group_tests_name("engine dead letter", tests, arena_set_up, arena_tear_down);
}
