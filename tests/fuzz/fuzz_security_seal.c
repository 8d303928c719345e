/* Sealed boxes, opened with a fixed key. The first byte: 0: a key's id up to a line's end, and a
 * box that nobody can have sealed; else: the rest is sealed, opened, and opened once more when a
 * bit of it has changed. */
#include "fuzz_seal.h"

static struct seal_keys *keys;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    keys = fuzz_seal_keys();
    return 0;
}

static void check_refused(enum seal_result expected, struct view key_id, struct view box) {
    static const uint8_t zeros[SEAL_CONTENT_MAX];
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 1;
    enum seal_result result = seal_keys_open(keys, key_id, box, content, &size);
    assert(result == expected && size == 0 && memcmp(content, zeros, sizeof zeros) == 0);
}

static void try_raw(struct view input) {
    struct view key_id = fuzz_take_until(&input, '\n');
    check_refused(view_is(key_id, "seal") ? SEAL_BROKEN : SEAL_KEY_UNKNOWN, key_id, input);
}

static void check_opened(struct view box, struct view input) {
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    enum seal_result result = seal_keys_open(keys, view_text("seal"), box, content, &size);
    assert(result == SEAL_OPENED && view_equal(view_of(content, size), input));
}

static void try_sealed(uint8_t where, struct view input) {
    uint8_t box[SEAL_CONTENT_MAX + SEAL_OVERHEAD];
    size_t size = 0;
    if (!seal_request(fuzz_public_key, input, box, &size)) {
        assert(input.size > SEAL_CONTENT_MAX - 1);
        return;
    }
    check_opened(view_of(box, size), input);
    box[where * size / 256] ^= 1;
    check_refused(SEAL_BROKEN, view_text("seal"), view_of(box, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    uint8_t first = fuzz_take_byte(&input);
    if (first == 0) {
        try_raw(input);
    } else {
        try_sealed(first, input);
    }
    return 0;
}
