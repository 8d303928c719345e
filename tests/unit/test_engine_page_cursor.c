/* Cursors: what one is good for, and that nothing else passes for one. */
#include "base/time.h"
#include "engine/page_cursor.h"
#include "engine_account_fixture.h"

#define LIFE_US (24 * HOUR_US)

static const struct page_position position = {.at = 1234567890123456, .id = {{7, [15] = 9}}};

static struct cursor_scope scope_of(unsigned caller) {
    struct cursor_scope scope = {.caller = id(caller), .now_us = NOW_US};
    digest_of(view_text("the filters"), &scope.filters);
    return scope;
}

static struct view make(void) {
    const struct cursor_scope scope = scope_of(PATIENT);
    return page_cursor_make(desk.secrets, &scope, &position, engine_arena(clinic.engine));
}

static bool reads(const struct cursor_scope *scope, struct view cursor) {
    struct page_position read = {0};
    bool good = page_cursor_read(desk.secrets, scope, cursor, &read);
    if (good) {
        assert_int_equal(read.at, position.at);
        assert_memory_equal(read.id.bytes, position.id.bytes, sizeof read.id.bytes);
    }
    return good;
}

static void it_reads_back(void **state) {
    (void)state;
    const struct cursor_scope scope = scope_of(PATIENT);
    assert_int_equal(make().size, PAGE_CURSOR_SIZE);
    assert_true(reads(&scope, make()));
}

static void any_byte_altered_is_refused(void **state) {
    (void)state;
    const struct cursor_scope scope = scope_of(PATIENT);
    const struct view cursor = make();
    for (size_t i = 0; i < cursor.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t bytes[PAGE_CURSOR_SIZE];
            memcpy(bytes, cursor.data, sizeof bytes);
            bytes[i] ^= (uint8_t)(1U << bit);
            assert_false(reads(&scope, view_of(bytes, sizeof bytes)));
        }
    }
}

static void another_size_is_refused(void **state) {
    (void)state;
    const struct cursor_scope scope = scope_of(PATIENT);
    uint8_t bytes[PAGE_CURSOR_SIZE + 1] = {0};
    memcpy(bytes, make().data, PAGE_CURSOR_SIZE);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        assert_int_equal(reads(&scope, view_of(bytes, size)), size == PAGE_CURSOR_SIZE);
    }
}

static void it_is_the_callers_and_the_filters(void **state) {
    (void)state;
    const struct cursor_scope other_caller = scope_of(DOCTOR);
    assert_false(reads(&other_caller, make()));
    struct cursor_scope other_filters = scope_of(PATIENT);
    digest_of(view_text("other filters"), &other_filters.filters);
    assert_false(reads(&other_filters, make()));
}

static void it_is_good_for_a_day(void **state) {
    (void)state;
    struct cursor_scope scope = scope_of(PATIENT);
    const struct view cursor = make();
    scope.now_us = NOW_US + LIFE_US;
    assert_true(reads(&scope, cursor));
    scope.now_us++;
    assert_false(reads(&scope, cursor));
    scope.now_us = NOW_US - HOUR_US; /* a database whose clock stepped back */
    assert_true(reads(&scope, cursor));
}

/* As after a restart, or on another worker: what counts is the secret. */
static void it_is_the_secrets(void **state) {
    (void)state;
    struct error error;
    const struct cursor_scope scope = scope_of(PATIENT);
    const struct view cursor = make();
    struct page_position read;
    struct secrets *same = secrets_load(desk_path("secret"), &error);
    assert_true(page_cursor_read(same, &scope, cursor, &read));
    write_text(desk_path("another"), "another secret, of 32 bytes or so");
    struct secrets *another = secrets_load(desk_path("another"), &error);
    assert_non_null(another);
    assert_false(page_cursor_read(another, &scope, cursor, &read));
    secrets_destroy(same);
    secrets_destroy(another);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_back),
        cmocka_unit_test(any_byte_altered_is_refused),
        cmocka_unit_test(another_size_is_refused),
        cmocka_unit_test(it_is_the_callers_and_the_filters),
        cmocka_unit_test(it_is_good_for_a_day),
        cmocka_unit_test(it_is_the_secrets),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
