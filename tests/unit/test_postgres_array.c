/* Binary parameters, against bytes written by hand from PostgreSQL's documentation of array_recv:
 * number of dimensions, flag for nulls, element type, then length and lower bound of the one
 * dimension, then each element behind its length (-1: null), all big-endian. */
#include "postgres/array.h"
#include "unit.h"

static struct arena *arena;

static int arena_set_up(void **state) {
    (void)state;
    arena = arena_new((size_t)16 << 20U);
    return arena == NULL ? -1 : 0;
}

static int arena_tear_down(void **state) {
    (void)state;
    arena_destroy(arena);
    return 0;
}

static int arena_empty(void **state) {
    (void)state;
    arena_reset(arena);
    return 0;
}

#define ARRAY_TEST(function) cmocka_unit_test_setup(function, arena_empty)

/* Bytes as hexadecimal digits, with blanks between them. */
static size_t from_hex(const char *text, uint8_t *bytes) {
    size_t size = 0;
    for (; *text != '\0'; text += *text == ' ' ? 1 : 2) {
        if (*text != ' ') {
            const char digits[] = {text[0], text[1], '\0'};
            bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
        }
    }
    return size;
}

static void assert_hex(const void *found, size_t found_size, const char *expected) {
    uint8_t bytes[256];
    assert_true(strlen(expected) < sizeof bytes);
    size_t size = from_hex(expected, bytes);
    assert_int_equal(found_size, size);
    assert_memory_equal(found, bytes, size);
}

#define assert_array(array, expected) assert_hex((array)->bytes, (array)->size, expected)

static const struct uuid ab = {{0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

static void an_empty_array_has_its_type(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_UUID, 0);
    assert_array(&array, "00000001 00000000 00000b86 00000000 00000001"); /* oid 2950 */
    array_begin(&array, arena, ELEMENT_TIMESTAMPTZ, 10);
    assert_array(&array, "00000001 00000000 000004a0 00000000 00000001"); /* oid 1184 */
}

static void booleans(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_BOOL, 2);
    array_add_bool(&array, true);
    array_add_bool(&array, false);
    assert_array(&array, "00000001 00000000 00000010 00000002 00000001 00000001 01 00000001 00");
}

static void small_numbers(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_INT2, 4);
    array_add_int2(&array, 0x0102);
    array_add_int2(&array, -2);
    array_add_int2(&array, INT16_MIN);
    array_add_int2(&array, INT16_MAX);
    assert_array(
        &array,
        "00000001 00000000 00000015 00000004 00000001 "
        " 00000002 0102 00000002 fffe 00000002 8000 00000002 7fff");
}

static void numbers(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_INT4, 3);
    array_add_int4(&array, 0x01020304);
    array_add_int4(&array, -2);
    array_add_int4(&array, INT32_MIN);
    assert_array(
        &array,
        "00000001 00000000 00000017 00000003 00000001"
        " 00000004 01020304 00000004 fffffffe 00000004 80000000");
}

static void large_numbers(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_INT8, 3);
    array_add_int8(&array, INT64_C(0x0102030405060708));
    array_add_int8(&array, -2);
    array_add_int8(&array, INT64_MIN);
    assert_array(
        &array,
        "00000001 00000000 00000014 00000003 00000001"
        " 00000008 0102030405060708 00000008 fffffffffffffffe 00000008 8000000000000000");
}

/* Microseconds from 2000-01-01 on; what is before it is negative. */
static void times(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_TIMESTAMPTZ, 4);
    array_add_time(&array, INT64_C(946684800000000));     /* 2000-01-01T00:00:00Z */
    array_add_time(&array, INT64_C(946684799999999));     /* a microsecond before */
    array_add_time(&array, 0);                            /* 1970: -946684800000000 */
    array_add_time(&array, INT64_C(946684800000000) + 1); /* and one after */
    assert_array(
        &array,
        "00000001 00000000 000004a0 00000004 00000001"
        " 00000008 0000000000000000 00000008 ffffffffffffffff"
        " 00000008 fffca2fec4c82000 00000008 0000000000000001");
}

static void ids(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_UUID, 1);
    array_add_uuid(&array, ab);
    assert_array(
        &array,
        "00000001 00000000 00000b86 00000001 00000001 00000010 ab0102030405060708090a0b0c0d0e0f");
}

static void texts_may_be_empty_or_null(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_TEXT, 4);
    array_add_bytes(&array, view_text("abc"));
    array_add_bytes(&array, view_text(""));
    array_add_bytes(&array, view_of(NULL, 0));
    array_add_bytes(&array, view_text("d"));
    assert_array(
        &array,
        "00000001 00000001 00000019 00000004 00000001"
        " 00000003 616263 00000000 ffffffff 00000001 64");
}

static void bytes_are_taken_as_they_are(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_BYTEA, 1);
    array_add_bytes(&array, view_of("\0\xff\\", 3));
    assert_array(&array, "00000001 00000000 00000011 00000001 00000001 00000003 00ff5c");
}

static void nulls_are_counted(void **state) {
    (void)state;
    struct array array;
    array_begin(&array, arena, ELEMENT_INT4, 3);
    array_add_null(&array);
    array_add_int4(&array, 5);
    array_add_null(&array);
    assert_int_equal(array.count, 3);
    assert_array(
        &array, "00000001 00000001 00000017 00000003 00000001 ffffffff 00000004 00000005 ffffffff");
}

/* Whatever was expected, what comes fits; and what the array grew out of is not written to. */
static void an_array_grows(void **state) {
    (void)state;
    static const size_t expected[] = {0, 1, 299, 300, 1000};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct array array;
        array_begin(&array, arena, ELEMENT_INT4, expected[i]);
        struct view neighbour = arena_copy(arena, view_text("neighbour"));
        for (int32_t number = 0; number < 300; number++) {
            array_add_int4(&array, number);
        }
        assert_int_equal(array.size, 20 + 300 * 8);
        assert_true(array.size <= array.capacity);
        assert_int_equal(array.bytes[14] * 256 + array.bytes[15], 300);
        for (int number = 0; number < 300; number++) {
            const uint8_t *element = array.bytes + 20 + (size_t)8 * (size_t)number;
            assert_memory_equal(element, "\0\0\0\4\0\0", 6);
            assert_int_equal(element[6] * 256 + element[7], number);
        }
        assert_true(view_equal(neighbour, view_text("neighbour")));
    }
}

static void elements_larger_than_expected_fit(void **state) {
    (void)state;
    static uint8_t bulk[100000];
    struct array array;
    memset(bulk, 0x5a, sizeof bulk);
    array_begin(&array, arena, ELEMENT_BYTEA, 2);
    struct view neighbour = arena_copy(arena, view_text("neighbour"));
    array_add_bytes(&array, view_text("a"));
    array_add_bytes(&array, view_of(bulk, sizeof bulk));
    array_add_bytes(&array, view_text("z"));
    assert_int_equal(array.size, 20 + 5 + 4 + sizeof bulk + 5);
    assert_memory_equal(array.bytes + 20, "\0\0\0\1a\0\1\x86\xa0", 9);
    assert_memory_equal(array.bytes + 29, bulk, sizeof bulk);
    assert_memory_equal(array.bytes + 29 + sizeof bulk, "\0\0\0\1z", 5);
    assert_true(view_equal(neighbour, view_text("neighbour")));
}

/* One element of `type`. */
static void add_any(struct array *array, enum element_type type) {
    switch (type) {
    case ELEMENT_BOOL:
        array_add_bool(array, true);
        break;
    case ELEMENT_INT2:
        array_add_int2(array, 1);
        break;
    case ELEMENT_INT4:
        array_add_int4(array, 1);
        break;
    case ELEMENT_INT8:
        array_add_int8(array, 1);
        break;
    case ELEMENT_TIMESTAMPTZ:
        array_add_time(array, 1);
        break;
    case ELEMENT_UUID:
    case ELEMENT_TEXT:
    case ELEMENT_BYTEA:
        array_add_uuid(array, ab);
        break;
    }
}

/* Where all elements are of one size, that is what is reserved. */
static void an_array_of_the_size_expected_does_not_grow(void **state) {
    (void)state;

    static const enum element_type types[] = {
        ELEMENT_BOOL, ELEMENT_INT2, ELEMENT_INT4, ELEMENT_INT8, ELEMENT_TIMESTAMPTZ, ELEMENT_UUID};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct array array;
        array_begin(&array, arena, types[i], 100);
        const uint8_t *bytes = array.bytes;
        for (int n = 0; n < 100; n++) {
            add_any(&array, types[i]);
        }
        assert_ptr_equal(array.bytes, bytes);
        assert_int_equal(array.size, array.capacity);
    }
}

/* Parameters. --------------------------------------------------------------------------------- */

static void assert_parameter(const struct parameters *parameters, int i, const char *expected) {
    assert_true(i < parameters->count && parameters->lengths[i] >= 0);
    assert_hex(parameters->values[i], (size_t)parameters->lengths[i], expected);
}

static void parameters_are_binary(void **state) {
    (void)state;
    struct parameters parameters = {.count = 0};
    parameters_add_int4(&parameters, arena, -2);
    parameters_add_int8(&parameters, arena, INT64_C(0x0102030405060708));
    parameters_add_time(&parameters, arena, INT64_C(946684799999999));
    parameters_add_uuid(&parameters, arena, ab);
    parameters_add_text(&parameters, view_text("a text"));
    assert_int_equal(parameters.count, 5);
    assert_parameter(&parameters, 0, "fffffffe");
    assert_parameter(&parameters, 1, "0102030405060708");
    assert_parameter(&parameters, 2, "ffffffffffffffff");
    assert_parameter(&parameters, 3, "ab0102030405060708090a0b0c0d0e0f");
    assert_parameter(&parameters, 4, "612074657874");
}

/* libpq takes a NULL value for null. */
static void a_text_that_is_absent_is_null(void **state) {
    (void)state;
    struct parameters parameters = {.count = 0};
    parameters_add_text(&parameters, view_of(NULL, 0));
    parameters_add_text(&parameters, view_text(""));
    assert_null(parameters.values[0]);
    assert_non_null(parameters.values[1]);
    assert_int_equal(parameters.lengths[1], 0);
}

static void arrays_are_parameters(void **state) {
    (void)state;
    struct parameters parameters = {.count = 0};
    struct array array;
    array_begin(&array, arena, ELEMENT_BOOL, 1);
    array_add_bool(&array, true);
    parameters_add_array(&parameters, &array);
    parameters_add_uuids(&parameters, arena, (const struct uuid[]){ab, {{0}}}, 2);
    parameters_add_uuids(&parameters, arena, NULL, 0);
    assert_int_equal(parameters.count, 3);
    assert_parameter(&parameters, 0, "00000001 00000000 00000010 00000001 00000001 00000001 01");
    assert_parameter(
        &parameters,
        1,
        "00000001 00000000 00000b86 00000002 00000001 00000010 ab0102030405060708090a0b0c0d0e0f"
        " 00000010 00000000000000000000000000000000");
    assert_parameter(&parameters, 2, "00000001 00000000 00000b86 00000000 00000001");
}

static void one_parameter_too_many(void) {
    struct parameters parameters = {.count = PARAMETERS_MAX};
    parameters_add_text(&parameters, view_text("no room"));
}

static void a_statement_has_a_bounded_number_of_parameters(void **state) {
    (void)state;
    struct parameters parameters = {.count = PARAMETERS_MAX - 1};
    parameters_add_text(&parameters, view_text("the last"));
    assert_int_equal(parameters.count, PARAMETERS_MAX);
    assert_true(aborts(one_parameter_too_many));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARRAY_TEST(an_empty_array_has_its_type),
        ARRAY_TEST(booleans),
        ARRAY_TEST(small_numbers),
        ARRAY_TEST(numbers),
        ARRAY_TEST(large_numbers),
        ARRAY_TEST(times),
        ARRAY_TEST(ids),
        ARRAY_TEST(texts_may_be_empty_or_null),
        ARRAY_TEST(bytes_are_taken_as_they_are),
        ARRAY_TEST(nulls_are_counted),
        ARRAY_TEST(an_array_grows),
        ARRAY_TEST(elements_larger_than_expected_fit),
        ARRAY_TEST(an_array_of_the_size_expected_does_not_grow),
        ARRAY_TEST(parameters_are_binary),
        ARRAY_TEST(a_text_that_is_absent_is_null),
        ARRAY_TEST(arrays_are_parameters),
        ARRAY_TEST(a_statement_has_a_bounded_number_of_parameters),
    };

    return cmocka_run_group_tests_name("postgres array", tests, arena_set_up, arena_tear_down);
}
