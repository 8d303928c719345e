/* The bounded walk against every kind of body that lies about itself. */
#include "wire/utf8.h"
#include "wire/walker.h"
#include "wire_fixture.h"

#include <time.h>

static const struct program *compile(const char *schema) {
    struct error error = {""};
    json_t *json = json_loads(schema, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    const struct type *type = type_parse(json, fixture.arena, &error);
    assert_non_null(type);
    const struct program *program = program_compile(type, fixture.arena, &error);
    assert_non_null(program);
    json_decref(json);
    return program;
}

/* Walks a copy of exactly that size. */
static bool walks(const struct program *program, struct view body) {
    struct view copy = exact_copy(body);
    bool good = program_walk(program, copy);
    drop_copy(copy);
    return good;
}

static bool walks_bytes(const char *schema, const char *bytes, size_t size) {
    return walks(compile(schema), view_of(bytes, size));
}

#define WALKS(schema, bytes) walks_bytes((schema), (bytes), sizeof(bytes) - 1)

static void boolean_is_zero_or_one(void **state) {
    (void)state;
    assert_true(WALKS("\"boolean\"", "\x00"));
    assert_true(WALKS("\"boolean\"", "\x01"));
    assert_false(WALKS("\"boolean\"", "\x02"));
    assert_false(WALKS("\"boolean\"", "\xff"));
    assert_false(WALKS("\"boolean\"", ""));
    assert_false(WALKS("\"boolean\"", "\x01\x01"));
}

static void numbers_stay_in_their_range(void **state) {
    (void)state;
    assert_true(WALKS("\"int\"", "\x00"));
    assert_true(WALKS("\"int\"", "\xff\xff\xff\xff\x0f"));  /* -2^31 */
    assert_true(WALKS("\"int\"", "\xfe\xff\xff\xff\x0f"));  /* 2^31 - 1 */
    assert_false(WALKS("\"int\"", "\x80\x80\x80\x80\x10")); /* 2^31 */
    assert_false(WALKS("\"int\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    assert_true(WALKS("\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")); /* -2^63 */
    assert_false(WALKS("\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
    assert_false(WALKS("\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"));
    assert_false(WALKS("\"long\"", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"));
    assert_false(WALKS("\"long\"", "\x80"));
    assert_false(WALKS("\"long\"", ""));
}

static void reals_and_fixed_take_their_bytes(void **state) {
    (void)state;
    assert_true(WALKS("\"float\"", "\xff\xff\xff\xff"));
    assert_false(WALKS("\"float\"", "\xff\xff\xff"));
    assert_true(WALKS("\"double\"", "\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_false(WALKS("\"double\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_true(WALKS("{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}", "\x00\x01\x02"));
    assert_false(WALKS("{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}", "\x00\x01"));
    assert_true(WALKS("{\"type\":\"fixed\",\"name\":\"f\",\"size\":0}", ""));
}

static void lengths_are_held_against_what_remains(void **state) {
    (void)state;
    static const int64_t lengths[] = {
        -1, -4, 4, 1 << 20, 1 << 30, INT64_C(1) << 40, INT64_C(1) << 62, INT64_MAX, INT64_MIN};
    const char *const schemas[] = {"\"bytes\"", "\"string\""};
    for (size_t i = 0; i < 2; i++) {
        const struct program *program = compile(schemas[i]);
        for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
            struct body body = {.size = 0};
            add_long(&body, lengths[j]);
            add_bytes(&body, "abc", 3);
            assert_false(walks(program, view_of_body(&body)));
        }
        assert_true(walks(
            program,
            view_of(
                "\x06"
                "abc",
                4)));
        assert_true(walks(program, view_of("\x00", 1)));
        assert_false(walks(
            program,
            view_of(
                "\x04"
                "abc",
                4)));
    }
}

static void strings_are_text(void **state) {
    (void)state;
    assert_true(WALKS(
        "\"string\"",
        "\x06"
        "abc"));
    assert_false(WALKS(
        "\"string\"",
        "\x06"
        "a\0c"));
    assert_false(WALKS("\"string\"", "\x02\xff"));
    assert_true(WALKS("\"bytes\"", "\x06\xff\x00\x80"));
}

static const char *const well_formed[] = {
    "",
    "plain",
    "more than eight plain characters",
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf4\x8f\xbf\xbf",
    "eight or\xc3\xa9more, then eight",
};

static const char *const ill_formed[] = {
    "\x80",
    "\xbf",
    "\xc0\x80", /* overlong */
    "\xc1\xbf",
    "\xe0\x80\x80",
    "\xe0\x9f\xbf",
    "\xf0\x80\x80\x80",
    "\xf0\x8f\xbf\xbf",
    "\xed\xa0\x80", /* surrogates */
    "\xed\xbf\xbf",
    "\xf4\x90\x80\x80", /* beyond U+10FFFF */
    "\xf5\x80\x80\x80",
    "\xfe",
    "\xff",
    "\xc2", /* cut */
    "\xe1\x80",
    "\xf1\x80\x80",
    "\xc2"
    "a",
    "\xe1\x80"
    "a",
    "\xe1"
    "aa",
    "\xf1\x80\x80"
    "a",
    "1234567\xff",
    "12345678\xff",
    "123456789012345\x80"
    "67890",
};

static bool is_text(struct view bytes) {
    struct view copy = exact_copy(bytes);
    bool good = utf8_is_text(copy);
    drop_copy(copy);
    return good;
}

static void assert_no_text(size_t index) {
    if (is_text(view_text(ill_formed[index]))) {
        fail_msg("taken: text %zu", index);
    }
}

static void text_is_well_formed_utf8(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof well_formed / sizeof *well_formed; i++) {
        assert_true(is_text(view_text(well_formed[i])));
    }
    for (size_t i = 0; i < sizeof ill_formed / sizeof *ill_formed; i++) {
        assert_no_text(i);
    }
}

/* Anywhere, whether eight characters are looked at together or one. */
static void nul_is_no_character(void **state) {
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        char text[20];
        memset(text, 'a', sizeof text);
        text[i] = '\0';
        assert_false(is_text(view_of(text, sizeof text)));
        text[i] = '\x01';
        assert_true(is_text(view_of(text, sizeof text)));
        text[i] = '\x80';
        assert_false(is_text(view_of(text, sizeof text)));
    }
}

static void indices_stay_below_their_count(void **state) {
    (void)state;
    static const char letters[] =
        "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\",\"C\"]}";
    assert_true(WALKS(letters, "\x00"));
    assert_true(WALKS(letters, "\x04"));
    assert_false(WALKS(letters, "\x06"));
    assert_false(WALKS(letters, "\x01"));
    assert_false(WALKS(letters, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    assert_false(WALKS(letters, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    assert_false(WALKS("[\"null\",\"int\"]", ""));
    assert_true(WALKS("[\"null\",\"int\"]", "\x00"));
    assert_true(WALKS("[\"null\",\"int\"]", "\x02\x08"));
    assert_false(WALKS("[\"null\",\"int\"]", "\x02"));
    assert_false(WALKS("[\"null\",\"int\"]", "\x00\x08"));
    assert_false(WALKS("[\"null\",\"int\"]", "\x04\x08"));
    assert_false(WALKS("[\"null\",\"int\"]", "\x01"));
    assert_false(WALKS("[]", "\x00"));
}

/* The branches go on at the same place behind the union. */
static void unions_end_where_their_branches_do(void **state) {
    (void)state;
    const struct program *program =
        compile("{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"u\",\"type\":"
                "[\"string\",\"null\",{\"type\":\"array\",\"items\":\"boolean\"},\"boolean\"]},"
                "{\"name\":\"after\",\"type\":{\"type\":\"fixed\",\"name\":\"x\",\"size\":2}}]}");
    assert_true(walks(program, view_of("\x00\x02zxy", 5)));
    assert_true(walks(program, view_of("\x02xy", 3)));
    assert_true(walks(program, view_of("\x04\x02\x01\x00xy", 6)));
    assert_true(walks(program, view_of("\x06\x01xy", 4)));
    assert_false(walks(program, view_of("\x06\x01x", 3)));
    assert_false(walks(program, view_of("\x06\x01xyz", 5)));
    assert_false(walks(program, view_of("\x08xy", 3)));
}

static void blocks_are_counted(void **state) {
    (void)state;
    static const char bools[] = "{\"type\":\"array\",\"items\":\"boolean\"}";
    assert_true(WALKS(bools, "\x00"));
    assert_true(WALKS(bools, "\x04\x01\x00\x00"));
    assert_true(WALKS(bools, "\x02\x01\x02\x01\x00")); /* two blocks */
    assert_true(WALKS(bools, "\x03\x04\x01\x01\x00")); /* -2 items in 2 bytes */
    assert_true(WALKS(bools, "\x03\x04\x01\x01\x02\x00\x00"));
    assert_false(WALKS(bools, "\x03\x02\x01\x01\x00")); /* -2 items, 1 byte */
    assert_false(WALKS(bools, "\x03\x06\x01\x01\x00")); /* -2 items, 3 bytes */
    assert_false(WALKS(bools, "\x03\x03\x01\x01\x00")); /* -2 bytes */
    assert_false(WALKS(bools, "\x03\x40\x01\x01\x00"));
    assert_false(WALKS(bools, "\x04\x01\x01"));
    assert_false(WALKS(bools, "\x04\x01"));
    assert_false(WALKS(bools, "\x04\x01\x02\x00"));
    assert_false(WALKS(bools, ""));
    assert_false(WALKS(bools, "\x00\x00"));
    assert_false(WALKS(bools, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00")); /* -2^63 items */
    assert_false(WALKS(bools, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00")); /* 2^63 - 1 */
}

static void maps_have_keys_that_are_text(void **state) {
    (void)state;
    static const char map[] = "{\"type\":\"map\",\"values\":\"boolean\"}";
    assert_true(WALKS(map, "\x00"));
    assert_true(WALKS(map, "\x02\x02k\x01\x00"));
    assert_true(WALKS(map, "\x04\x02k\x01\x02l\x00\x00"));
    assert_false(WALKS(map, "\x02\x02\xff\x01\x00"));
    assert_false(WALKS(map, "\x02\x02k\x02\x00"));
    assert_false(WALKS(map, "\x02\x04k\x01\x00"));
}

/* The bound is on lists in lists, not on lists. */
static void lists_may_follow_each_other(void **state) {
    (void)state;
    char text[2048] = "{\"type\":\"record\",\"name\":\"r\",\"fields\":[";
    for (unsigned i = 0; i <= WALK_LOOPS_MAX; i++) {
        size_t size = strlen(text);
        (void)snprintf(
            text + size,
            sizeof text - size,
            "%s{\"name\":\"f%u\",\"type\":{\"type\":\"array\",\"items\":\"int\"}}",
            i == 0 ? "" : ",",
            i);
    }
    size_t end = strlen(text);
    (void)snprintf(text + end, sizeof text - end, "]}");
    struct body body = {.size = 0};
    for (unsigned i = 0; i <= WALK_LOOPS_MAX; i++) {
        add_byte(&body, 0);
    }
    assert_true(walks(compile(text), view_of_body(&body)));
}

static int64_t thread_time_us(void) {
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Items of no bytes cost nothing to claim, so they are few in all: in one block, and in many. */
static void items_without_bytes_are_bounded(void **state) {
    (void)state;
    const struct program *nulls = compile("{\"type\":\"array\",\"items\":\"null\"}");
    int64_t started_us = thread_time_us();
    for (int64_t count = 1; count < INT64_C(1) << 60; count *= 2) {
        struct body body = {.size = 0};
        add_long(&body, count);
        add_long(&body, 0);
        assert_int_equal(walks(nulls, view_of_body(&body)), count <= WALK_EMPTY_ITEMS_MAX);
    }
    struct body body = {.size = 0};
    for (unsigned i = 0; i < 3; i++) {
        add_long(&body, WALK_EMPTY_ITEMS_MAX / 2);
    }
    add_long(&body, 0);
    assert_false(walks(nulls, view_of_body(&body)));
    const struct program *nested =
        compile("{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":"
                "{\"type\":\"record\",\"name\":\"e\",\"fields\":[]}}}");
    body.size = 0;
    add_long(&body, 3);
    for (unsigned i = 0; i < 3; i++) {
        add_long(&body, WALK_EMPTY_ITEMS_MAX / 2);
        add_long(&body, 0);
    }
    add_long(&body, 0);
    assert_false(walks(nested, view_of_body(&body)));
    body.bytes[0] = 2 * 2;
    body.size = 0;
    add_long(&body, 2);
    for (unsigned i = 0; i < 2; i++) {
        add_long(&body, WALK_EMPTY_ITEMS_MAX / 2);
        add_long(&body, 0);
    }
    add_long(&body, 0);
    assert_true(walks(nested, view_of_body(&body)));
    assert_true(thread_time_us() - started_us < 1000000);
}

/* Every body of one of our largest records, cut anywhere, and with a byte too many. */
static void a_body_cut_anywhere_is_refused(void **state) {
    (void)state;
    char *text = read_test_file("vectors/avro/records.json");
    json_t *list = json_loads(text, 0, NULL);
    free(text);
    size_t index = 0;
    const json_t *vector = NULL;
    json_array_foreach(list, index, vector) {
        const struct schema *schema =
            schema_of(json_string_value(json_object_get(vector, "schema")));
        const char *hex = json_string_value(json_object_get(vector, "framed")) + 20;
        uint8_t bytes[4096];
        size_t size = strlen(hex) / 2;
        assert_true(size < sizeof bytes);
        for (size_t i = 0; i < size; i++) {
            char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
            bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        bytes[size] = 0;
        assert_true(walks(schema->program, view_of(bytes, size)));
        assert_false(walks(schema->program, view_of(bytes, size + 1)));
        for (size_t cut = 0; cut < size; cut++) {
            assert_false(walks(schema->program, view_of(bytes, cut)));
        }
    }
    json_decref(list);
}

static void a_field_is_found_though_what_follows_is_bad(void **state) {
    (void)state;
    const struct program *program = compile(
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"string\"},"
        "{\"name\":\"b\",\"type\":[\"null\",\"int\"]},{\"name\":\"c\",\"type\":\"null\"},"
        "{\"name\":\"d\",\"type\":\"boolean\"}]}");
    const char bytes[] = "\x02k\x02\x08\x07";
    struct view body = view_of(bytes, 5);
    struct view field;
    assert_false(walks(program, body));
    assert_true(program_walk_to_field(program, body, 0, &field));
    assert_true(view_equal(field, view_of("\x02k", 2)));
    assert_true(program_walk_to_field(program, body, 1, &field));
    assert_true(view_equal(field, view_of("\x02\x08", 2)));
    assert_true(program_walk_to_field(program, body, 2, &field));
    assert_int_equal(field.size, 0);
    assert_false(program_walk_to_field(program, body, 3, &field));
    assert_false(program_walk_to_field(program, view_of(bytes, 3), 1, &field));
}

/* Random bytes, and good ones with a few changed, end with an answer and read nothing outside. */
static void random_bytes_are_survived(void **state) {
    (void)state;
    uint64_t random = 88172645463325252U;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[96];
        size_t size = 0;
        for (size_t i = 0; i < sizeof bytes; i++) {
            random ^= random << 13U;
            random ^= random >> 7U;
            random ^= random << 17U;
            bytes[i] = (uint8_t)(random >> 32U & (round % 2 == 0 ? 0xffU : 0x07U));
            size = random % sizeof bytes;
        }
        const struct schema *schema =
            schemas_at(fixture.schemas, round % schemas_count(fixture.schemas));
        struct view copy = exact_copy(view_of(bytes, size));
        if (program_walk(schema->program, copy)) {
            assert_non_null(codec_to_json(fixture.codec, fixture.arena, schema, copy));
        }
        drop_copy(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boolean_is_zero_or_one),
        cmocka_unit_test(numbers_stay_in_their_range),
        cmocka_unit_test(reals_and_fixed_take_their_bytes),
        cmocka_unit_test(lengths_are_held_against_what_remains),
        cmocka_unit_test(strings_are_text),
        cmocka_unit_test(text_is_well_formed_utf8),
        cmocka_unit_test(nul_is_no_character),
        cmocka_unit_test(indices_stay_below_their_count),
        cmocka_unit_test(unions_end_where_their_branches_do),
        cmocka_unit_test(blocks_are_counted),
        cmocka_unit_test(maps_have_keys_that_are_text),
        cmocka_unit_test(lists_may_follow_each_other),
        cmocka_unit_test(items_without_bytes_are_bounded),
        cmocka_unit_test(a_body_cut_anywhere_is_refused),
        cmocka_unit_test(a_field_is_found_though_what_follows_is_bad),
        cmocka_unit_test(random_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
