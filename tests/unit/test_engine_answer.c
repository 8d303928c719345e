/* The durable encodings of what publication needs: what a worker wrote, any later one reads; and
 * whatever else stands there is read within its bounds. */
#include "answer_fixture.h"

enum { NOISE_ROUNDS = 20000, NOISE_SIZE_MAX = 96 };

/* xorshift: the same noise every time. */
static uint32_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13U;
    *seed ^= *seed >> 7U;
    *seed ^= *seed << 17U;
    return (uint32_t)(*seed >> 32U);
}

static bool lies_within(struct view part, struct view whole) {
    return part.data == NULL
           || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

/* Route. -------------------------------------------------------------------------------------- */

static struct route full_route(void) {
    static const uint8_t correlation_id[] = {0, 1, 0xfe, 0xff};
    return (struct route){
        .key = view_text("the key"),
        .correlation_id = view_of(correlation_id, sizeof correlation_id),
        .traceparent = view_text("00-0123"),
        .tracestate = view_text("vendor=1"),
        .reply_topic = view_text("scheduling.replies.a"),
        .reply_partition = 7,
        .framing = FRAMING_HEADER_ID,
        .duplicate = true,
        .traceparent_valid = true,
        .reply_topic_refused = true};
}

static void assert_same_route(const struct route *expected, const struct route *found) {
    assert_same_view(expected->key, found->key);
    assert_same_view(expected->correlation_id, found->correlation_id);
    assert_same_view(expected->traceparent, found->traceparent);
    assert_same_view(expected->tracestate, found->tracestate);
    assert_same_view(expected->reply_topic, found->reply_topic);
    assert_int_equal(found->reply_partition, expected->reply_partition);
    assert_int_equal(found->framing, expected->framing);
    assert_int_equal(found->duplicate, expected->duplicate);
    assert_int_equal(found->traceparent_valid, expected->traceparent_valid);
    assert_int_equal(found->reply_topic_refused, expected->reply_topic_refused);
}

static void assert_route_comes_back(const struct route *route) {
    struct route found;
    assert_true(route_decode(route_encode(arena, route), &found));
    assert_same_route(route, &found);
}

static void a_route_comes_back(void **state) {
    (void)state;
    const struct route full = full_route();
    const struct route bare = {.reply_partition = -1};
    assert_route_comes_back(&full);
    assert_route_comes_back(&bare);
}

static void each_field_of_a_route_stands_alone(void **state) {
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        for (unsigned framing = FRAMING_SINGLE_OBJECT; framing <= FRAMING_HEADER_GUID; framing++) {
            const struct route route = {
                .reply_partition = -1,
                .framing = (enum framing_kind)framing,
                .duplicate = (flags & 1U) != 0,
                .traceparent_valid = (flags & 2U) != 0,
                .reply_topic_refused = (flags & 4U) != 0};
            assert_route_comes_back(&route);
        }
    }
    for (unsigned i = 0; i < 5; i++) {
        struct route route = {.reply_partition = -1};
        struct view *fields[] = {
            &route.key,
            &route.correlation_id,
            &route.traceparent,
            &route.tracestate,
            &route.reply_topic};
        *fields[i] = view_text("here");
        assert_route_comes_back(&route);
    }
}

static void empty_is_not_absent(void **state) {
    (void)state;
    const struct view empty = view_text("");
    const struct route route = {
        .key = empty,
        .correlation_id = empty,
        .traceparent = empty,
        .tracestate = empty,
        .reply_topic = empty};
    assert_route_comes_back(&route);
}

static void reply_partitions_keep_their_number(void **state) {
    (void)state;
    static const int32_t numbers[] = {0, 1, 255, 256, 0x01020304, INT32_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct route route = {.reply_partition = numbers[i]};
        assert_route_comes_back(&route);
    }
    struct route found;
    const struct route lowest = {.reply_partition = INT32_MIN};
    assert_true(route_decode(route_encode(arena, &lowest), &found));
    assert_int_equal(found.reply_partition, -1);
}

/* Written by an earlier release, these must be read for ever. */
static void a_route_has_these_bytes(void **state) {
    (void)state;
    const struct route route = {
        .key = view_text("ky"),
        .correlation_id = view_text("c"),
        .traceparent = view_text("p"),
        .tracestate = view_text("s"),
        .reply_topic = view_text("t"),
        .reply_partition = 0x01020304,
        .framing = FRAMING_CONFLUENT,
        .duplicate = true,
        .reply_topic_refused = true};
    assert_hex(
        route_encode(arena, &route),
        "01 00000002 6b79 02 00000001 63 03 00000001 70 04 00000001 73 05 00000001 74"
        " 06 00000004 01020304 07 00000001 01 08 00000001 05");
}

static void a_route_that_is_cut_is_no_route(void **state) {
    (void)state;
    bool ends[512] = {false};
    const struct route route = full_route();
    struct view bytes = route_encode(arena, &route);
    find_ends(bytes, ends);
    for (size_t size = 0; size <= bytes.size; size++) {
        struct route found;
        uint8_t *copy = exact_copy(view_of(bytes.data, size));
        assert_int_equal(route_decode(view_of(copy, size), &found), ends[size]);
        free(copy);
    }
}

static void later_fields_of_a_route_are_skipped(void **state) {
    (void)state;
    static const uint8_t tags[] = {0, 9, 15, 16, 17, 18, 19, 128, 255};
    static const uint8_t bulk[300] = {7, 7, 7};
    struct text text = {.size = 0};
    for (size_t i = 0; i < sizeof tags; i++) {
        add_field(&text, tags[i], view_of(bulk, i % 2 == 0 ? 0 : sizeof bulk));
    }
    add_field(&text, 1, view_text("key"));
    add_field(&text, 200, view_of(bulk, sizeof bulk));
    add_field(&text, 5, view_text("topic"));
    add_field(&text, 201, view_of(bulk, 1));
    struct route found;
    const struct route expected = {
        .key = view_text("key"), .reply_topic = view_text("topic"), .reply_partition = -1};
    assert_true(route_decode(text_view(&text), &found));
    assert_same_route(&expected, &found);
}

static bool reads(uint8_t tag, struct view bytes) {
    struct text text = {.size = 0};
    struct route found;
    add_field(&text, tag, bytes);
    return route_decode(text_view(&text), &found);
}

static void a_route_field_of_another_size_or_range_is_refused(void **state) {
    (void)state;
    assert_true(reads(6, BYTES(0x7f, 0xff, 0xff, 0xff)));
    assert_false(reads(6, BYTES(0x80, 0, 0, 0)));
    assert_false(reads(6, BYTES(0xff, 0xff, 0xff, 0xff)));
    assert_false(reads(6, BYTES(0, 0, 1)));
    assert_false(reads(6, BYTES(0, 0, 0, 0, 1)));
    assert_false(reads(6, view_text("")));
    assert_true(reads(7, BYTES(3)));
    assert_false(reads(7, BYTES(4)));
    assert_false(reads(7, BYTES(0xff)));
    assert_false(reads(7, BYTES(0, 0)));
    assert_false(reads(7, view_text("")));
    assert_true(reads(8, BYTES(0xff))); /* a later release's flags */
    assert_false(reads(8, BYTES(0, 0)));
    assert_false(reads(8, view_text("")));
}

/* A bad field is not forgotten over the good ones behind it. */
static void one_bad_field_spoils_a_route(void **state) {
    (void)state;
    struct text text = {.size = 0};
    struct route found;
    add_field(&text, 7, BYTES(9));
    add_field(&text, 7, BYTES(1));
    add_field(&text, 1, view_text("key"));
    assert_false(route_decode(text_view(&text), &found));
}

static void a_length_beyond_the_end_is_refused(void **state) {
    (void)state;
    static const uint32_t lengths[] = {
        4, 5, 255, 0x7fffffff, 0x80000000U, 0xfffffffbU, 0xffffffffU};
    struct route found;
    struct dead_letter letter;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct text text = {.size = 0};
        text.bytes[text.size++] = 1;
        add_length(&text, lengths[i]);
        text.size += 3;
        uint8_t *copy = exact_copy(text_view(&text));
        assert_false(route_decode(view_of(copy, text.size), &found));
        copy[0] = 16;
        assert_false(dead_letter_decode(arena, view_of(copy, text.size), &letter));
        free(copy);
    }
}

/* Events. ------------------------------------------------------------------------------------- */

static void event_bodies_come_back(void **state) {
    (void)state;
    struct answer_event events[2] = {{.chain_id = {{0}}}};
    struct answer answer = {.events = events, .event_count = 2};
    struct answer found = {.event_count = 77};
    answer.events[0].body = BYTES(0, 0, 0, 9);
    answer.events[1].body = view_text("");
    assert_true(event_bodies_decode(arena, event_bodies_encode(arena, &answer), &found));
    assert_int_equal(found.event_count, 2);
    assert_same_view(answer.events[0].body, found.events[0].body);
    assert_same_view(answer.events[1].body, found.events[1].body);
    answer.event_count = 1;
    assert_true(event_bodies_decode(arena, event_bodies_encode(arena, &answer), &found));
    assert_int_equal(found.event_count, 1);
}

static void no_events_are_null(void **state) {
    (void)state;
    const struct answer answer = {.event_count = 0};
    struct answer found = {.event_count = 77};
    assert_null(event_bodies_encode(arena, &answer).data);
    assert_int_equal(event_bodies_encode(arena, &answer).size, 0);
    assert_true(event_bodies_decode(arena, view_of(NULL, 0), &found));
    assert_int_equal(found.event_count, 0);
}

static void event_bodies_have_these_bytes(void **state) {
    (void)state;
    struct answer_event events[2] = {{.chain_id = {{0}}}};
    struct answer answer = {.events = events, .event_count = 2};
    answer.events[0].body = view_text("ab");
    answer.events[1].body = view_text("c");
    assert_hex(event_bodies_encode(arena, &answer), "00000002 6162 00000001 63");
}

static void there_may_be_any_number_of_events(void **state) {
    (void)state;
    struct answer found;
    assert_true(event_bodies_decode(arena, BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), &found));
    assert_int_equal(found.event_count, 3);
}

static void event_bodies_that_are_cut_are_refused(void **state) {
    (void)state;
    struct answer_event events[2] = {{.chain_id = {{0}}}};
    struct answer answer = {.events = events, .event_count = 2};
    answer.events[0].body = view_text("first");
    answer.events[1].body = view_text("second");
    struct view bytes = event_bodies_encode(arena, &answer);
    for (size_t size = 0; size <= bytes.size; size++) {
        struct answer found;
        bool whole = size == 0 || size == 9 || size == bytes.size;
        uint8_t *copy = exact_copy(view_of(bytes.data, size));
        assert_int_equal(event_bodies_decode(arena, view_of(copy, size), &found), whole);
        free(copy);
    }
}

static void an_overlong_event_body_is_refused(void **state) {
    (void)state;
    struct answer found;
    assert_false(event_bodies_decode(arena, BYTES(0, 0, 0, 2, 'a'), &found));
    assert_false(event_bodies_decode(arena, BYTES(0xff, 0xff, 0xff, 0xff, 'a'), &found));
    assert_false(event_bodies_decode(arena, BYTES(0xff, 0xff, 0xff, 0xfc, 'a'), &found));
}

/* Noise. -------------------------------------------------------------------------------------- */

static struct arena *scratch;

static void assert_within(struct view bytes) {
    struct route route;
    struct dead_letter letter;
    struct answer answer;
    if (route_decode(bytes, &route)) {
        assert_true(lies_within(route.key, bytes) && lies_within(route.reply_topic, bytes));
        assert_true(lies_within(route.correlation_id, bytes));
        assert_true(lies_within(route.traceparent, bytes) && lies_within(route.tracestate, bytes));
        assert_true(route.reply_partition >= -1 && route.framing <= FRAMING_HEADER_GUID);
    }
    if (dead_letter_decode(scratch, bytes, &letter)) {
        assert_true(lies_within(letter.value, bytes));
        assert_true(letter.header_count <= RECORD_HEADERS_MAX);
        for (size_t i = 0; i < letter.header_count; i++) {
            assert_true(lies_within(letter.headers[i].name, bytes));
            assert_true(lies_within(letter.headers[i].value, bytes));
        }
    }
    if (event_bodies_decode(scratch, bytes, &answer)) {
        assert_true(answer.event_count <= bytes.size / 4);
        for (size_t i = 0; i < answer.event_count; i++) {
            assert_true(lies_within(answer.events[i].body, bytes));
        }
    }
}

/* Small numbers are many, so that tags and lengths are often nearly right. */
static void noise_is_read_within_its_bounds(void **state) {
    (void)state;
    uint64_t seed = 0x5107;
    for (int round = 0; round < NOISE_ROUNDS; round++) {
        size_t size = next_random(&seed) % NOISE_SIZE_MAX;
        uint8_t *bytes = malloc(size + 1);
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++) {
            uint32_t random = next_random(&seed);
            bytes[i] =
                (uint8_t)((random & 0x300U) == 0 ? random : random % 3 * (random >> 10U) % 20);
        }
        uint8_t *exact = exact_copy(view_of(bytes, size));
        assert_within(view_of(exact, size));
        free(exact);
        free(bytes);
        arena_reset(scratch);
    }
}

static void a_route_with_one_byte_changed_is_read_within_its_bounds(void **state) {
    (void)state;
    const struct route route = full_route();
    struct view bytes = route_encode(arena, &route);
    uint8_t *copy = exact_copy(bytes);
    for (size_t i = 0; i < bytes.size * 256; i++) {
        copy[i / 256] = (uint8_t)(i % 256);
        assert_within(view_of(copy, bytes.size));
        copy[i / 256] = bytes.data[i / 256];
        arena_reset(scratch);
    }
    free(copy);
}

int main(void) {
    scratch = arena_new((size_t)1 << 20U);
    assert_non_null(scratch);
    const struct CMUnitTest tests[] = {
        ANSWER_TEST(a_route_comes_back),
        ANSWER_TEST(each_field_of_a_route_stands_alone),
        ANSWER_TEST(empty_is_not_absent),
        ANSWER_TEST(reply_partitions_keep_their_number),
        ANSWER_TEST(a_route_has_these_bytes),
        ANSWER_TEST(a_route_that_is_cut_is_no_route),
        ANSWER_TEST(later_fields_of_a_route_are_skipped),
        ANSWER_TEST(a_route_field_of_another_size_or_range_is_refused),
        ANSWER_TEST(one_bad_field_spoils_a_route),
        ANSWER_TEST(a_length_beyond_the_end_is_refused),
        ANSWER_TEST(event_bodies_come_back),
        ANSWER_TEST(no_events_are_null),
        ANSWER_TEST(event_bodies_have_these_bytes),
        ANSWER_TEST(there_may_be_any_number_of_events),
        ANSWER_TEST(event_bodies_that_are_cut_are_refused),
        ANSWER_TEST(an_overlong_event_body_is_refused),
        ANSWER_TEST(noise_is_read_within_its_bounds),
        ANSWER_TEST(a_route_with_one_byte_changed_is_read_within_its_bounds),
    };

    int failed = cmocka_run_group_tests_name("engine answer", tests, arena_set_up, arena_tear_down);
    arena_destroy(scratch);
    return failed;
}
