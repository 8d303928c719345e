/* Where an answer goes and what it echoes, and what of a record is put into its dead letter. */
#include "decide_fixture.h"

/* Dead letters. ------------------------------------------------------------------------------- */

static void a_letter_keeps_its_headers_but_for_tokens(void **state) {
    (void)state;
    struct request *request = garbage();
    given_header(request, "authorization", view_text("Bearer abc"));
    given_header(request, "x-odd", view_of("\0\xff", 2));
    given_header(request, "authorization", view_of(NULL, 0));
    given_header(request, "nothing", view_of(NULL, 0));
    given_header(request, "authorization ", view_text("kept"));
    const struct header *headers = decide()->dead_letter.headers;
    assert_int_equal(attempt.answers[0].dead_letter.header_count, 5);
    assert_view("authorization", headers[0].name);
    assert_view(
        "sha256:c355dce96c1612880d11940ffdd9014d386c253e0c3652a6cd06a7226f7bd2b6",
        headers[0].value);
    assert_view("x-odd", headers[1].name);
    assert_true(view_equal(view_of("\0\xff", 2), headers[1].value));
    assert_view(
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        headers[2].value);
    assert_null(headers[3].value.data);
    assert_view("kept", headers[4].value);
    assert_view("Bearer abc", request->record.headers[0].value);
}

/* Route. -------------------------------------------------------------------------------------- */

static struct route route_to(const char *topic, const uint8_t *partition) {
    struct request *request = garbage();
    if (topic != NULL) {
        given_header(request, "kafka_replyTopic", view_text(topic));
    }
    if (partition != NULL) {
        given_header(request, "kafka_replyPartition", view_of(partition, 4));
    }
    return decide()[clinic.count - 1].route;
}

static void assert_taken(const char *topic, const char *taken) {
    struct route route = route_to(topic, (const uint8_t[]){0, 0, 1, 2});
    assert_view(taken, route.reply_topic);
    assert_int_equal(route.reply_partition, 258);
    assert_false(route.reply_topic_refused);
}

static void assert_not_taken(const char *topic) {
    struct route route = route_to(topic, (const uint8_t[]){0, 0, 1, 2});
    assert_null(route.reply_topic.data);
    assert_int_equal(route.reply_topic.size, 0);
    assert_int_equal(route.reply_partition, -1);
    assert_true(route.reply_topic_refused);
}

static void reply_topics_inside_the_prefix_are_taken(void **state) {
    (void)state;
    assert_taken(REPLY_PREFIX "a", REPLY_PREFIX "a");
    assert_taken("\"" REPLY_PREFIX "quoted\"", REPLY_PREFIX "quoted");
    assert_taken(REPLY_PREFIX "AZaz09._-", REPLY_PREFIX "AZaz09._-");
    assert_taken(REPLY_PREFIX "..", REPLY_PREFIX "..");
}

static void reply_topics_outside_the_prefix_are_refused(void **state) {
    (void)state;
    assert_not_taken(REPLY_PREFIX);
    assert_not_taken("scheduling.replies");
    assert_not_taken("scheduling.audit");
    assert_not_taken("scheduling.repliesX");
    assert_not_taken("Scheduling.replies.a");
    assert_not_taken(" " REPLY_PREFIX "a");
    assert_not_taken("");
    assert_not_taken("\"");
    assert_not_taken("\"\"");
}

static void reply_topics_that_kafka_would_not_take_are_refused(void **state) {
    (void)state;
    assert_not_taken(REPLY_PREFIX "a b");
    assert_not_taken(REPLY_PREFIX "a/b");
    assert_not_taken(REPLY_PREFIX "a\n");
    assert_not_taken(REPLY_PREFIX "\xc3\xa4");
    assert_not_taken("\"" REPLY_PREFIX "half");
    for (const char *odd = "@[`{/:,"; *odd != '\0'; odd++) { /* the neighbours of what is allowed */
        char topic[64];
        (void)snprintf(topic, sizeof topic, REPLY_PREFIX "%c", *odd);
        assert_not_taken(topic);
    }
}

static void a_reply_topic_has_at_most_249_characters(void **state) {
    (void)state;
    char topic[251];
    memset(topic, 'a', sizeof topic);
    memcpy(topic, REPLY_PREFIX, sizeof REPLY_PREFIX - 1);
    topic[250] = '\0';
    assert_not_taken(topic);
    topic[249] = '\0';
    assert_taken(topic, topic);
}

static void a_nul_in_a_reply_topic_is_no_end(void **state) {
    (void)state;
    static const char topic[] = REPLY_PREFIX "a\0b";
    given_header(garbage(), "kafka_replyTopic", view_of(topic, sizeof topic - 1));
    assert_null(decide()->route.reply_topic.data);
    assert_true(attempt.answers[0].route.reply_topic_refused);
}

static void no_reply_topic_is_no_refusal(void **state) {
    (void)state;
    struct route route = route_to(NULL, (const uint8_t[]){0, 0, 0, 1});
    assert_null(route.reply_topic.data);
    assert_int_equal(route.reply_partition, -1);
    assert_false(route.reply_topic_refused);
    route = route_to(REPLY_PREFIX "a", NULL);
    assert_int_equal(route.reply_partition, -1);
}

static void what_is_echoed_is_taken_as_it_is(void **state) {
    (void)state;
    static const char parent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    struct request *request = garbage();
    given_header(request, "kafka_correlationId", view_of("\0\x01", 2));
    given_header(request, "traceparent", view_text(parent));
    given_header(request, "tracestate", view_text("vendor=1"));
    given_header(garbage(), "traceparent", view_text("odd"));
    const struct answer *answers = decide();
    assert_true(view_equal(view_of("\0\x01", 2), answers[0].route.correlation_id));
    assert_view(parent, answers[0].route.traceparent);
    assert_view("vendor=1", answers[0].route.tracestate);
    assert_true(answers[0].route.traceparent_valid);
    assert_view("odd", answers[1].route.traceparent);
    assert_false(answers[1].route.traceparent_valid);
    assert_null(answers[1].route.correlation_id.data);
}

static void headers_too_large_echo_nothing(void **state) {
    (void)state;
    static uint8_t bulk[RECORD_HEADER_BYTES_MAX];
    struct request *request = book(PATIENT, 1);
    given_header(request, "kafka_correlationId", view_text("1"));
    given_header(request, "kafka_replyTopic", view_text(REPLY_PREFIX "a"));
    given_header(request, "bulk", view_of(bulk, sizeof bulk));
    const struct answer *answer = decide();
    assert_code(MALFORMED, answer->code);
    assert_null(answer->route.correlation_id.data);
    assert_null(answer->route.reply_topic.data);
    assert_false(answer->route.reply_topic_refused);
    assert_letter(answer, request);
}

/* What other topics need not take goes to nobody but the dead letter. */
static void a_key_too_long_is_not_echoed(void **state) {
    (void)state;
    static uint8_t bulk[ROUTE_KEY_BYTES_MAX + 1];
    garbage()->record.key = view_of(bulk, ROUTE_KEY_BYTES_MAX);
    garbage()->record.key = view_of(bulk, ROUTE_KEY_BYTES_MAX + 1);
    garbage()->record.key = view_of(NULL, 0);
    const struct answer *answers = decide();
    assert_ptr_equal(answers[0].route.key.data, bulk);
    assert_int_equal(answers[0].route.key.size, ROUTE_KEY_BYTES_MAX);
    assert_null(answers[1].route.key.data);
    assert_int_equal(answers[1].route.key.size, 0);
    assert_ptr_equal(answers[1].dead_letter.key.data, bulk);
    assert_int_equal(answers[1].dead_letter.key.size, ROUTE_KEY_BYTES_MAX + 1);
    assert_null(answers[2].route.key.data);
    assert_null(answers[2].dead_letter.key.data);
}

/* A reply is framed as its request. */
static void the_framing_is_answered_in_kind(void **state) {
    (void)state;
    static const uint8_t confluent[] = {0, 0, 0, 0, 7, 1};
    (void)garbage();
    (void)given_record(0, view_of(confluent, sizeof confluent));
    const struct answer *answers = decide();
    assert_int_equal(answers[0].route.framing, FRAMING_SINGLE_OBJECT);
    assert_int_equal(answers[1].route.framing, FRAMING_CONFLUENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(a_letter_keeps_its_headers_but_for_tokens),
        ENGINE_TEST(reply_topics_inside_the_prefix_are_taken),
        ENGINE_TEST(reply_topics_outside_the_prefix_are_refused),
        ENGINE_TEST(reply_topics_that_kafka_would_not_take_are_refused),
        ENGINE_TEST(a_reply_topic_has_at_most_249_characters),
        ENGINE_TEST(a_nul_in_a_reply_topic_is_no_end),
        ENGINE_TEST(no_reply_topic_is_no_refusal),
        ENGINE_TEST(what_is_echoed_is_taken_as_it_is),
        ENGINE_TEST(headers_too_large_echo_nothing),
        ENGINE_TEST(a_key_too_long_is_not_echoed),
        ENGINE_TEST(the_framing_is_answered_in_kind),
    };

    return cmocka_run_group_tests_name("engine route", tests, open_clinic, close_clinic);
}
