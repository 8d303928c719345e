/* base64url with the test vectors of RFC 4648 section 10 (less their padding), and all that a
 * strict reader must refuse. */
#include "token_fixture.h"

static const struct {
    const char *bytes;
    const char *text;
} pairs[] = {
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "-_-_"},
};

static bool decodes(const char *text, size_t size) {
    uint8_t bytes[64];
    size_t bytes_size;
    return base64url_decode(view_of(text, size), bytes, sizeof bytes, &bytes_size);
}

static void known_pairs_convert_both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        uint8_t bytes[16];
        char text[16];
        size_t size = 99;
        assert_true(base64url_decode(view_text(pairs[i].text), bytes, sizeof bytes, &size));
        assert_int_equal(size, strlen(pairs[i].bytes));
        assert_memory_equal(bytes, pairs[i].bytes, size);
        base64url_encode(view_text(pairs[i].bytes), text, sizeof text);
        assert_string_equal(text, pairs[i].text);
        assert_int_equal(BASE64URL_TEXT_SIZE(size), strlen(pairs[i].text) + 1);
    }
}

static void only_the_64_characters_are_taken(void **state) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (void)state;
    for (int value = 0; value < 256; value++) {
        for (size_t position = 0; position < 4; position++) {
            char text[4] = {'A', 'A', 'A', 'A'};
            text[position] = (char)value;
            bool known = value != 0 && strchr(alphabet, value) != NULL;
            assert_int_equal(decodes(text, sizeof text), known);
        }
    }
}

static void padding_and_impossible_lengths_are_refused(void **state) {
    static const char *const texts[] = {"Zg==", "Zg=", "Zm8=", "Zm9v=", "Z", "Zm9vY", "=", "===="};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(decodes(texts[i], strlen(texts[i])));
    }
}

/* Two texts for one value would be two tokens for one signature. */
static void unused_bits_must_be_zero(void **state) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (void)state;
    for (size_t value = 0; value < 64; value++) {
        const char two[2] = {'A', alphabet[value]};
        const char three[3] = {'A', 'A', alphabet[value]};
        assert_int_equal(decodes(two, sizeof two), value % 16 == 0);
        assert_int_equal(decodes(three, sizeof three), value % 4 == 0);
    }
}

static void what_does_not_fit_is_refused(void **state) {
    uint8_t bytes[3] = {0, 0, 0x77};
    size_t size;
    (void)state;
    assert_true(base64url_decode(view_text("Zm8"), bytes, 2, &size));
    assert_false(base64url_decode(view_text("Zm9v"), bytes, 2, &size));
    assert_int_equal(bytes[2], 0x77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pairs_convert_both_ways),
        cmocka_unit_test(only_the_64_characters_are_taken),
        cmocka_unit_test(padding_and_impossible_lengths_are_refused),
        cmocka_unit_test(unused_bits_must_be_zero),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
