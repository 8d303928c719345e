/* In which order the records of a transaction are handed over, and what becomes of their headers.
 * That headers are destroyed once is for the address sanitizer to see. */
#include "base/arena.h"
#include "kafka/outbox.h"
#include "unit.h"

enum { CAPACITY = 8, ARENA_SIZE = 1 << 20 };

static struct arena *arena;
static struct outbox outbox;

/* What was handed over: "topic:key topic:key". */
static char taken[256];
static size_t taken_count;
static size_t refused_at; /* which record is not taken, counted from 1; 0: none */

static int make_outbox(void **state) {
    (void)state;
    arena = arena_new(ARENA_SIZE);
    outbox_begin(&outbox, arena, CAPACITY);
    taken[0] = '\0';
    taken_count = 0;
    refused_at = 0;
    return arena == NULL ? -1 : 0;
}

static int drop_outbox(void **state) {
    (void)state;
    arena_destroy(arena);
    return 0;
}

#define OUTBOX_TEST(function) cmocka_unit_test_setup_teardown(function, make_outbox, drop_outbox)

/* Each topic's name lies somewhere of its own, as a batch's reply topics do. */
static void given(const char *topic, const char *key) {
    const struct message message = {
        .topic = arena_text(arena, view_text(topic)),
        .key = view_text(key),
        .headers = rd_kafka_headers_new(1)};
    outbox_put(&outbox, &message);
}

static enum status take(void *self, const struct message *message) {
    assert_ptr_equal(self, &outbox);
    assert_non_null(message->headers);
    rd_kafka_headers_destroy(message->headers);
    if (++taken_count == refused_at) {
        return STATUS_RETRY;
    }
    size_t length = strlen(taken);
    (void)snprintf(
        taken + length,
        sizeof taken - length,
        "%s%s:%.*s",
        length == 0 ? "" : " ",
        message->topic,
        (int)message->key.size,
        (const char *)message->key.data);
    return STATUS_OK;
}

static enum status hand_over(void) {
    return outbox_hand_over(&outbox, take, &outbox);
}

static void each_topic_is_named_before_any_is_named_again(void **state) {
    (void)state;
    given("noisy", "1");
    given("noisy", "2");
    given("quiet", "3");
    given("audit", "3");
    given("noisy", "4");
    given("audit", "5");
    given("quiet", "5");
    assert_int_equal(hand_over(), STATUS_OK);
    assert_string_equal(taken, "noisy:1 quiet:3 audit:3 noisy:2 noisy:4 audit:5 quiet:5");
}

static void one_topic_stays_in_order(void **state) {
    (void)state;
    given("a", "1");
    given("a", "2");
    given("a", "3");
    assert_int_equal(hand_over(), STATUS_OK);
    assert_string_equal(taken, "a:1 a:2 a:3");
}

static void it_is_empty_afterwards(void **state) {
    (void)state;
    given("a", "1");
    assert_int_equal(hand_over(), STATUS_OK);
    assert_int_equal(hand_over(), STATUS_OK);
    given("b", "2");
    given("a", "3");
    assert_int_equal(hand_over(), STATUS_OK);
    assert_string_equal(taken, "a:1 b:2 a:3");
}

static void after_a_refusal_nothing_more_is_handed_over(void **state) {
    (void)state;
    for (refused_at = 1; refused_at <= 4; refused_at++) {
        taken_count = 0;
        given("a", "1");
        given("a", "2");
        given("b", "3");
        given("b", "4");
        assert_int_equal(hand_over(), STATUS_RETRY);
        assert_int_equal(taken_count, refused_at);
    }
}

static void what_is_dropped_is_not_handed_over(void **state) {
    (void)state;
    given("a", "1");
    given("a", "2");
    outbox_drop(&outbox);
    assert_int_equal(hand_over(), STATUS_OK);
    assert_int_equal(taken_count, 0);
}

static void none_needs_no_room(void **state) {
    (void)state;
    outbox_begin(&outbox, arena, 0);
    assert_int_equal(hand_over(), STATUS_OK);
    assert_int_equal(taken_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST(each_topic_is_named_before_any_is_named_again),
        OUTBOX_TEST(one_topic_stays_in_order),
        OUTBOX_TEST(it_is_empty_afterwards),
        OUTBOX_TEST(after_a_refusal_nothing_more_is_handed_over),
        OUTBOX_TEST(what_is_dropped_is_not_handed_over),
        OUTBOX_TEST(none_needs_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
