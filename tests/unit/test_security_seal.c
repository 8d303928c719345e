/* Sealed boxes: what opens, what does not, and that a wrong one yields nothing. */
#include "seal_fixture.h"

#include <sodium.h>

enum { BOX_SMALL = SEAL_BLOCK_SIZE + SEAL_OVERHEAD, BOX_LARGE = SEAL_CONTENT_MAX + SEAL_OVERHEAD };

static struct seal_fixture fixture; /* a and b, announced in this order */
static struct seal_keys *keys;

struct opened {
    enum seal_result result;
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size;
};

static struct opened open_box(const char *kid, struct view box) {
    struct opened opened;
    memset(&opened, 0xee, sizeof opened);
    opened.result = seal_keys_open(keys, view_text(kid), box, opened.content, &opened.size);
    return opened;
}

static void assert_wiped(const struct opened *opened) {
    assert_int_equal(opened->size, 0);
    assert_true(sodium_is_zero(opened->content, sizeof opened->content));
}

static void assert_broken(const char *kid, struct view box) {
    struct opened opened = open_box(kid, box);
    assert_int_equal(opened.result, SEAL_BROKEN);
    assert_wiped(&opened);
}

static size_t request_of(const char *kid, size_t content_size, uint8_t box[BOX_LARGE]) {
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    memset(content, 'x', sizeof content);
    assert_true(seal_request(
        seal_fixture_public(&fixture, kid), view_of(content, content_size), box, &size));
    return size;
}

/* A box around `plain` as it is, padded or not. */
static size_t box_around(const char *kid, struct view plain, uint8_t *box) {
    assert_true(
        seal_for(seal_fixture_public(&fixture, kid), plain, box, plain.size + SEAL_OVERHEAD));
    return plain.size + SEAL_OVERHEAD;
}

/* ---- */

static void requests_come_back_in_two_sizes(void **state) {
    static const size_t sizes[] = {0, 1, 1022, 1023, 1024, 1025, 2046, 2047};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t box[BOX_LARGE];
        size_t box_size = request_of("a", sizes[i], box);
        assert_int_equal(box_size, sizes[i] < 1024 ? BOX_SMALL : BOX_LARGE);
        struct opened opened = open_box("a", view_of(box, box_size));
        assert_int_equal(opened.result, SEAL_OPENED);
        assert_int_equal(opened.size, sizes[i]);
        for (size_t j = 0; j < opened.size; j++) {
            assert_int_equal(opened.content[j], 'x');
        }
    }
}

/* Two passwords of 128 characters of four bytes, and what goes with them. */
static void the_longest_honest_request_fits(void **state) {
    uint8_t box[BOX_LARGE];
    (void)state;
    assert_int_equal(request_of("a", 2 * 512 + 400, box), BOX_LARGE);
}

static void what_is_too_long_is_not_sealed(void **state) {
    static const uint8_t content[SEAL_CONTENT_MAX + 1];
    uint8_t box[BOX_LARGE];
    size_t size = 7;
    (void)state;
    const uint8_t *key = seal_fixture_public(&fixture, "a");
    assert_false(seal_request(key, view_of(content, SEAL_CONTENT_MAX), box, &size));
    assert_false(seal_request(key, view_of(content, sizeof content), box, &size));
}

static void another_size_is_refused(void **state) {
    static const size_t sizes[] = {0, 1, 15, 16, 17, 512, 1008, 1023, 1025, 2047, 2049, 3072, 8192};
    static const uint8_t plain[8192] = {0x80};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t box[sizeof plain + SEAL_OVERHEAD];
        size_t size = box_around("a", view_of(plain, sizes[i]), box);
        assert_broken("a", view_of(box, size));
    }
    assert_broken("a", view_of(plain, 0));
    assert_broken("a", view_of(NULL, 0));
    assert_broken("a", view_of(plain, SEAL_OVERHEAD - 1));
}

static void a_cut_or_changed_box_is_refused(void **state) {
    uint8_t box[BOX_LARGE];
    (void)state;
    size_t size = request_of("a", 100, box);
    assert_broken("a", view_of(box, size - 1));
    assert_broken("a", view_of(box + 1, size - 1));
    for (size_t i = 0; i < size; i += 31) {
        box[i] ^= 1;
        assert_broken("a", view_of(box, size));
        box[i] ^= 1;
    }
    assert_int_equal(open_box("a", view_of(box, size)).result, SEAL_OPENED);
}

static void a_box_opens_with_its_key_only(void **state) {
    uint8_t box[BOX_LARGE];
    (void)state;
    size_t size = request_of("a", 100, box);
    assert_broken("b", view_of(box, size));
}

static void padding_must_be_right(void **state) {
    uint8_t plain[SEAL_CONTENT_MAX] = {0};
    uint8_t box[BOX_LARGE];
    (void)state;
    assert_broken("a", view_of(box, box_around("a", view_of(plain, 1024), box))); /* none */
    plain[10] = 0x80;
    plain[1023] = 1;
    assert_broken("a", view_of(box, box_around("a", view_of(plain, 1024), box)));
    plain[1023] = 0;
    size_t size = box_around("a", view_of(plain, 1024), box);
    assert_int_equal(open_box("a", view_of(box, size)).size, 10);
    /* more of it than one block: there would be two boxes for one content */
    assert_broken("a", view_of(box, box_around("a", view_of(plain, 2048), box)));
}

static void key_ids_are_names_and_never_paths(void **state) {
    static const char *const wrong[] = {
        "",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "a.key",
        "a ",
        " a",
        "a\n",
        "A",
        "\xc3\xa4",
        "unknown",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    uint8_t box[BOX_LARGE];
    (void)state;
    size_t size = request_of("a", 100, box);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct opened opened = open_box(wrong[i], view_of(box, size));
        assert_int_equal(opened.result, SEAL_KEY_UNKNOWN);
        assert_wiped(&opened);
    }
    uint8_t content[SEAL_CONTENT_MAX];
    assert_int_equal(
        seal_keys_open(keys, view_of("a\0b", 3), view_of(box, size), content, &size),
        SEAL_KEY_UNKNOWN);
    assert_int_equal(
        seal_keys_open(keys, view_of(NULL, 0), view_of(box, size), content, &size),
        SEAL_KEY_UNKNOWN);
}

/* ---- sealing for callers ---- */

static void answers_are_for_one_reader(void **state) {
    uint8_t public_key[SEAL_KEY_SIZE];
    uint8_t secret_key[SEAL_KEY_SIZE];
    uint8_t other_public[SEAL_KEY_SIZE];
    uint8_t other_secret[SEAL_KEY_SIZE];
    uint8_t box[5 + SEAL_OVERHEAD];
    uint8_t content[5];
    (void)state;
    (void)crypto_box_keypair(public_key, secret_key);
    (void)crypto_box_keypair(other_public, other_secret);
    assert_true(seal_reply_key_usable(public_key));
    assert_true(seal_for(public_key, view_text("token"), box, sizeof box));
    assert_true(seal_answer_open(public_key, secret_key, view_of(box, sizeof box), content));
    assert_memory_equal(content, "token", 5);
    assert_false(seal_answer_open(other_public, other_secret, view_of(box, sizeof box), content));
    assert_false(seal_answer_open(public_key, secret_key, view_of(box, sizeof box - 1), content));
    assert_false(seal_answer_open(public_key, secret_key, view_of(box, 47), content));
    assert_false(seal_answer_open(public_key, secret_key, view_of(NULL, 0), content));
    box[40] ^= 1;
    assert_false(seal_answer_open(public_key, secret_key, view_of(box, sizeof box), content));
}

/* Points of order 1, 2, 4 and 8 of the curve and of its twist, as RFC 7748 has them in use: with
 * them everybody knows the shared secret. */
static void low_order_reply_keys_are_unusable(void **state) {
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t key[SEAL_KEY_SIZE];
        uint8_t box[BOX_LARGE];
        size_t size = 7;
        assert_int_equal(sodium_hex2bin(key, sizeof key, points[i], 64, NULL, NULL, NULL), 0);
        assert_false(seal_reply_key_usable(key));
        assert_false(seal_for(key, view_text("token"), box, 5 + SEAL_OVERHEAD));
        assert_false(seal_request(key, view_text("token"), box, &size));
        assert_int_equal(size, 0);
        key[31] |= 0x80; /* the top bit is ignored, so these are the same points */
        assert_false(seal_reply_key_usable(key));
    }
}

static void seal_into_a_wrong_size(void) {
    uint8_t box[BOX_LARGE];
    bool sealed = seal_for(seal_fixture_public(&fixture, "a"), view_text("token"), box, 5);
    (void)sealed;
}

static void a_wrong_box_size_is_our_own_defect(void **state) {
    (void)state;
    assert_true(aborts(seal_into_a_wrong_size));
}

static int set_up(void **state) {
    struct error error = {""};
    (void)state;
    seal_fixture_init(&fixture);
    seal_fixture_add(&fixture, "a");
    seal_fixture_add(&fixture, "b");
    keys = seal_keys_new(fixture.folder, &error);
    return keys == NULL;
}

static int tear_down(void **state) {
    (void)state;
    seal_keys_destroy(keys);
    return seal_fixture_clean_up(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_come_back_in_two_sizes),
        cmocka_unit_test(the_longest_honest_request_fits),
        cmocka_unit_test(what_is_too_long_is_not_sealed),
        cmocka_unit_test(another_size_is_refused),
        cmocka_unit_test(a_cut_or_changed_box_is_refused),
        cmocka_unit_test(a_box_opens_with_its_key_only),
        cmocka_unit_test(padding_must_be_right),
        cmocka_unit_test(key_ids_are_names_and_never_paths),
        cmocka_unit_test(answers_are_for_one_reader),
        cmocka_unit_test(low_order_reply_keys_are_unusable),
        cmocka_unit_test(a_wrong_box_size_is_our_own_defect),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
