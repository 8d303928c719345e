/* A page's cursor. The first byte: 0: the rest as it is, which nobody can have made; else: the rest
 * under a genuine MAC. */
#include "base/time.h"
#include "engine/page_cursor.h"
#include "fuzz.h"

enum { UNSIGNED_SIZE = PAGE_CURSOR_SIZE - 32, ID_AT = 17 };

#define NOW_US INT64_C(1800000000000000)

static struct secrets *secrets;
static struct arena *arena;
static const struct cursor_scope scope = {.caller = {{1}}, .filters = {{2}}, .now_us = NOW_US};
static const struct cursor_scope others = {.caller = {{3}}, .filters = {{2}}, .now_us = NOW_US};

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    char path[FUZZ_PATH_SIZE];
    struct error error;
    fuzz_file_with(path, "0123456789abcdef0123456789abcdef");
    secrets = secrets_load(path, &error);
    arena = arena_new(FUZZ_ARENA_MAX);
    assert(secrets != NULL && arena != NULL);
    return 0;
}

static void sign(uint8_t bytes[PAGE_CURSOR_SIZE]) {
    struct digest mac;
    const struct view parts[] = {
        view_of(scope.caller.bytes, sizeof scope.caller.bytes),
        view_of(scope.filters.bytes, sizeof scope.filters.bytes),
        view_of(bytes, UNSIGNED_SIZE),
    };
    secrets_mac(secrets, SECRET_CURSOR, parts, sizeof parts / sizeof parts[0], &mac);
    memcpy(bytes + UNSIGNED_SIZE, mac.bytes, sizeof mac.bytes);
}

/* What is good for its caller, and what it is then made again as. */
static void check_good(struct view cursor, const struct page_position *position) {
    struct page_position again;
    assert(cursor.data[0] == 1);
    assert(memcmp(cursor.data + ID_AT, position->id.bytes, sizeof position->id.bytes) == 0);
    assert(!page_cursor_read(secrets, &others, cursor, &again));
    struct view made = page_cursor_make(secrets, &scope, position, arena);
    assert(page_cursor_read(secrets, &scope, made, &again));
    assert(again.at == position->at && uuid_equal(again.id, position->id));
}

static void try_signed(struct view input) {
    uint8_t bytes[PAGE_CURSOR_SIZE] = {0};
    struct page_position position;
    size_t size = input.size < UNSIGNED_SIZE ? input.size : UNSIGNED_SIZE;
    memcpy(bytes, input.data, size);
    sign(bytes);
    struct view cursor = fuzz_exact(view_of(bytes, sizeof bytes));
    if (page_cursor_read(secrets, &scope, cursor, &position)) {
        check_good(cursor, &position);
    }
    fuzz_drop(cursor);
    bytes[input.size % sizeof bytes] ^= 1;
    assert(!page_cursor_read(secrets, &scope, view_of(bytes, sizeof bytes), &position));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    struct page_position position;
    arena_reset(arena);
    if (fuzz_take_byte(&input) == 0) {
        assert(!page_cursor_read(secrets, &scope, input, &position));
    } else {
        try_signed(input);
    }
    return 0;
}
