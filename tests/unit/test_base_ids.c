/* UUIDs, digests and the table from one to the other's pointer. */
#include "base/digest.h"
#include "base/uuid.h"
#include "base/uuid_map.h"
#include "unit.h"

static const size_t arena_size = 1 << 20;

static const char lower[] = "0123abcd-4567-89ef-fedc-ba9876543210";

static struct uuid parsed(const char *text) {
    struct uuid uuid;
    assert_true(uuid_parse(view_text(text), &uuid));
    return uuid;
}

static void uuid_reads_both_cases_and_writes_lower(void **state) {
    (void)state;
    struct uuid uuid = parsed("0123ABCD-4567-89Ef-feDC-BA9876543210");
    static const uint8_t expected[16] = {
        0x01,
        0x23,
        0xab,
        0xcd,
        0x45,
        0x67,
        0x89,
        0xef,
        0xfe,
        0xdc,
        0xba,
        0x98,
        0x76,
        0x54,
        0x32,
        0x10};
    assert_memory_equal(uuid.bytes, expected, 16);
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(uuid, text);
    assert_string_equal(text, lower);
    assert_true(uuid_equal(uuid, parsed(lower)));
    assert_int_equal(uuid_compare(uuid, parsed(lower)), 0);
}

/* Each position, with each byte: only what belongs there is taken. */
static void uuid_refuses_any_wrong_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < UUID_TEXT_SIZE; i++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[UUID_TEXT_SIZE];
            memcpy(text, lower, sizeof text);
            text[i] = (char)byte;
            bool is_hex = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f')
                          || (byte >= 'A' && byte <= 'F');
            bool expected = lower[i] == '-' ? byte == '-' : is_hex;
            struct uuid uuid;
            assert_int_equal(uuid_parse(view_of(text, sizeof text), &uuid), expected);
        }
    }
}

static void uuid_refuses_other_lengths(void **state) {
    (void)state;
    struct uuid uuid;
    assert_false(uuid_parse(view_of(NULL, 0), &uuid));
    assert_false(uuid_parse(view_of(lower, 35), &uuid));
    assert_false(uuid_parse(view_of(lower, 37), &uuid));
    assert_false(uuid_parse(view_text("{0123abcd-4567-89ef-fedc-ba98765432}"), &uuid));
    assert_false(uuid_parse(view_text("0123abcd4567-89ef-fedc-ba9876543210-"), &uuid));
}

static void uuid_orders_like_its_text(void **state) {
    (void)state;
    struct uuid low = parsed("00000000-0000-0000-0000-0000000000ff");
    struct uuid high = parsed("80000000-0000-0000-0000-000000000000");
    assert_true(uuid_compare(low, high) < 0);
    assert_true(uuid_compare(high, low) > 0);
    assert_false(uuid_equal(low, high));
}

static void minted_uuids_say_their_version(void **state) {
    (void)state;
    struct uuid seen[64];
    for (size_t i = 0; i < 64; i++) {
        seen[i] = uuid_random();
        assert_int_equal(seen[i].bytes[6] >> 4, 4);
        assert_int_equal(seen[i].bytes[8] >> 6, 2);
        for (size_t j = 0; j < i; j++) {
            assert_false(uuid_equal(seen[i], seen[j]));
        }
    }
    struct digest digest;
    memset(digest.bytes, 0xff, sizeof digest.bytes);
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(uuid_of_digest(&digest), text);
    assert_string_equal(text, "ffffffff-ffff-8fff-bfff-ffffffffffff");
    memset(digest.bytes, 0, sizeof digest.bytes);
    uuid_format(uuid_of_digest(&digest), text);
    assert_string_equal(text, "00000000-0000-8000-8000-000000000000");
}

/* FIPS 180-4's examples. */
static void digest_is_sha256(void **state) {
    (void)state;
    struct digest digest;
    char text[DIGEST_TEXT_SIZE + 1];
    digest_of(view_text("abc"), &digest);
    digest_format(&digest, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_of(view_of(NULL, 0), &digest);
    digest_format(&digest, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void digest_piece_by_piece_is_the_same(void **state) {
    (void)state;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    struct digest whole;
    digest_of(view_of(bytes, sizeof bytes), &whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut += 13) {
        struct digester digester;
        digester_begin(&digester);
        digester_add(&digester, view_of(bytes, cut));
        digester_add(&digester, view_of(bytes + cut, sizeof bytes - cut));
        struct digest digest;
        digester_end(&digester, &digest);
        assert_true(digest_equal(&digest, &whole));
    }
}

static struct digest digest_of_two(const char *a, const char *b) {
    struct digester digester;
    digester_begin(&digester);
    digester_add_sized(&digester, view_text(a));
    if (b == NULL) {
        digester_add_null(&digester);
    } else {
        digester_add_sized(&digester, view_text(b));
    }
    struct digest digest;
    digester_end(&digester, &digest);
    return digest;
}

static void sized_pieces_cannot_run_together(void **state) {
    (void)state;
    struct digest ab_c = digest_of_two("ab", "c");
    struct digest a_bc = digest_of_two("a", "bc");
    struct digest ab_empty = digest_of_two("ab", "");
    struct digest ab_null = digest_of_two("ab", NULL);
    assert_false(digest_equal(&ab_c, &a_bc));
    assert_false(digest_equal(&ab_empty, &ab_null));
    struct digest plain;
    digest_of(view_of("\0\0\0\2ab\0\0\0\1c", 11), &plain);
    assert_true(digest_equal(&ab_c, &plain));
    digest_of(view_of("\0\0\0\2ab\xff\xff\xff\xff", 10), &plain);
    assert_true(digest_equal(&ab_null, &plain));
}

static void map_finds_what_was_put(void **state) {
    (void)state;

    enum { COUNT = 1000 };
    struct arena *arena = arena_new(arena_size);
    struct uuid_map map;
    uuid_map_init(&map, arena, COUNT);
    static int values[COUNT];
    struct uuid keys[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        keys[i] = (struct uuid){{(uint8_t)i, (uint8_t)(i >> 8)}}; /* neighbours, not random */
        assert_null(uuid_map_get(&map, keys[i]));
        uuid_map_put(&map, keys[i], &values[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(uuid_map_get(&map, keys[i]), &values[i]);
    }
    assert_null(uuid_map_get(&map, uuid_random()));
    assert_int_equal(map.count, COUNT);
    arena_destroy(arena);
}

static void map_of_none_is_empty(void **state) {
    (void)state;
    struct arena *arena = arena_new(arena_size);
    struct uuid_map map;
    uuid_map_init(&map, arena, 0);
    assert_null(uuid_map_get(&map, uuid_random()));
    arena_destroy(arena);
}

static void put_one_too_many(void) {
    struct arena *arena = arena_new(arena_size);
    struct uuid_map map;
    int value;
    uuid_map_init(&map, arena, 4);
    for (int i = 0; i < 5; i++) {
        uuid_map_put(&map, uuid_random(), &value);
    }
}

static void put_twice(void) {
    struct arena *arena = arena_new(arena_size);
    struct uuid_map map;
    int value;
    uuid_map_init(&map, arena, 4);
    uuid_map_put(&map, (struct uuid){{1}}, &value);
    uuid_map_put(&map, (struct uuid){{1}}, &value);
}

static void map_asserts_its_rules(void **state) {
    (void)state;
    assert_true(aborts(put_one_too_many));
    assert_true(aborts(put_twice));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid_reads_both_cases_and_writes_lower),
        cmocka_unit_test(uuid_refuses_any_wrong_byte),
        cmocka_unit_test(uuid_refuses_other_lengths),
        cmocka_unit_test(uuid_orders_like_its_text),
        cmocka_unit_test(minted_uuids_say_their_version),
        cmocka_unit_test(digest_is_sha256),
        cmocka_unit_test(digest_piece_by_piece_is_the_same),
        cmocka_unit_test(sized_pieces_cannot_run_together),
        cmocka_unit_test(map_finds_what_was_put),
        cmocka_unit_test(map_of_none_is_empty),
        cmocka_unit_test(map_asserts_its_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
