/* The arena: alignment, zeroes, its limit, and that a reset's memory serves the next batch. */
#include "base/arena.h"
#include "unit.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

static bool is_zeroed(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void takes_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    struct arena *arena = arena_new(MIB);
    for (int round = 0; round < 2; round++) {
        uint8_t *before = NULL;
        for (size_t size = 1; size < 300; size++) {
            uint8_t *taken = arena_take(arena, size);
            assert_int_equal((uintptr_t)taken % 16, 0);
            assert_true(is_zeroed(taken, size));
            memset(taken, 0xff, size);
            assert_true(before == NULL || taken >= before + size - 1 || taken < before);
            before = taken;
        }
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void wiping_overwrites_just_those_bytes(void **state) {
    (void)state;
    struct arena *arena = arena_new(MIB);
    memset(arena_take(arena, 200 * KIB), 1, 200 * KIB);
    const char *before = arena_text(arena, view_text("before"));
    struct view secret = arena_copy(arena, view_text("a secret"));
    memset(arena_take(arena, 200 * KIB), 1, 200 * KIB); /* another block */
    struct view elsewhere = arena_copy(arena, view_text("another"));
    arena_wipe(arena, secret);
    assert_true(is_zeroed(secret.data, secret.size));
    assert_string_equal(before, "before");
    assert_true(view_is(elsewhere, "another"));
    arena_wipe(arena, elsewhere);
    assert_true(is_zeroed(elsewhere.data, elsewhere.size));
    arena_destroy(arena);
}

static void copies_hold_the_bytes_and_a_nul(void **state) {
    (void)state;
    struct arena *arena = arena_new(MIB);
    uint8_t bytes[3] = {'a', 0, 'b'};
    struct view copy = arena_copy(arena, view_of(bytes, sizeof bytes));
    bytes[0] = 'x';
    assert_int_equal(copy.size, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    assert_null(arena_copy(arena, view_of(NULL, 0)).data);
    struct view empty = arena_copy(arena, view_text(""));
    assert_non_null(empty.data);
    assert_int_equal(empty.size, 0);
    assert_string_equal(arena_text(arena, view_of("word", 3)), "wor");
    assert_string_equal(arena_text(arena, view_of(NULL, 0)), "");
    arena_destroy(arena);
}

static void used_counts_from_the_reset(void **state) {
    (void)state;
    struct arena *arena = arena_new(MIB);
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_take(arena, 17));
    assert_int_equal(arena_used(arena), 32);
    assert_non_null(arena_take(arena, 300 * KIB));
    assert_int_equal(arena_used(arena), 32 + 300 * KIB);
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    arena_destroy(arena);
}

static void all_of_the_limit_can_be_used(void **state) {
    (void)state;
    struct arena *arena = arena_new(300 * KIB); /* no whole number of blocks */
    for (int i = 0; i < 300; i++) {
        assert_non_null(arena_take(arena, KIB));
    }
    arena_destroy(arena);
    arena = arena_new(64 * KIB); /* less than a block */
    assert_non_null(arena_take(arena, 64 * KIB));
    arena_destroy(arena);
}

static void use(const void *taken) {
    (void)taken;
}

static void take_past_a_small_limit(void) {
    struct arena *arena = arena_new(64 * KIB);
    use(arena_take(arena, 64 * KIB + 1));
}

static void take_piece_by_piece_past_the_limit(void) {
    struct arena *arena = arena_new(MIB);
    for (int i = 0; i <= 1024; i++) {
        use(arena_take(arena, KIB));
    }
}

static void take_the_largest_size(void) {
    struct arena *arena = arena_new(SIZE_MAX / 2);
    use(arena_take(arena, SIZE_MAX - 3));
}

static void take_an_array_that_overflows(void) {
    struct arena *arena = arena_new(MIB);
    use(ARENA_ARRAY(arena, uint64_t, SIZE_MAX / 8 + 2));
}

static void running_past_the_limit_ends_the_process(void **state) {
    (void)state;
    assert_true(aborts(take_past_a_small_limit));
    assert_true(aborts(take_piece_by_piece_past_the_limit));
    assert_true(aborts(take_the_largest_size));
    assert_true(aborts(take_an_array_that_overflows));
}

/* Batches of the same total, with large and small pieces in another order and of other sizes each
 * time: none may fail, because each fits on its own. */
static void batches_in_any_order_fit_for_ever(void **state) {
    (void)state;
    struct arena *arena = arena_new(4 * MIB);
    for (size_t batch = 0; batch < 200; batch++) {
        size_t large = 300 * KIB + batch * KIB;
        if (batch % 2 == 0) {
            assert_non_null(arena_take(arena, large));
        }
        for (int i = 0; i < 1000; i++) {
            assert_non_null(arena_take(arena, KIB));
        }
        if (batch % 2 == 1) {
            assert_non_null(arena_take(arena, large));
        }
        arena_reset(arena);
    }
    arena_destroy(arena);
}

/* What is large must not pass by the room in the blocks before it. */
static void large_pieces_do_not_waste_room(void **state) {
    (void)state;
    struct arena *arena = arena_new(KIB * 5 * 256);
    for (int i = 0; i < 4; i++) {
        assert_non_null(arena_take(arena, KIB));
        assert_non_null(arena_take(arena, 256 * KIB));
    }
    arena_destroy(arena);
}

/* The blocks of a batch of small pieces must not stand in the way of one large piece. */
static void blocks_of_other_batches_make_room(void **state) {
    (void)state;
    struct arena *arena = arena_new(4 * MIB);
    for (int batch = 0; batch < 3; batch++) {
        for (int i = 0; i < 4096; i++) {
            assert_non_null(arena_take(arena, KIB));
        }
        arena_reset(arena);
        if (batch != 0) {
            assert_non_null(arena_take(arena, KIB));
        }
        assert_non_null(arena_take(arena, 3 * MIB));
        assert_non_null(arena_take(arena, KIB));
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void destroy_takes_null(void **state) {
    (void)state;
    arena_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_are_zeroed_aligned_and_apart),
        cmocka_unit_test(wiping_overwrites_just_those_bytes),
        cmocka_unit_test(copies_hold_the_bytes_and_a_nul),
        cmocka_unit_test(used_counts_from_the_reset),
        cmocka_unit_test(all_of_the_limit_can_be_used),
        cmocka_unit_test(running_past_the_limit_ends_the_process),
        cmocka_unit_test(batches_in_any_order_fit_for_ever),
        cmocka_unit_test(large_pieces_do_not_waste_room),
        cmocka_unit_test(blocks_of_other_batches_make_room),
        cmocka_unit_test(destroy_takes_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
