/* Headers of what goes out, read back through librdkafka, in the order and the bytes that the
 * contract names. */
#include "kafka/message.h"
#include "unit.h"

#define SOURCE "/slotkeeper"
#define TRACE  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

/* 2030-01-15T09:00:00.000001Z */
#define TIME_US INT64_C(1894698000000001)

static const struct uuid outcome_id = {
    {0x0a, 0xbc, 0xde, 0xf0, 1, 2, 0x83, 4, 0x85, 6, 7, 8, 9, 10, 11, 0xff}};
#define OUTCOME_ID_TEXT "0abcdef0-0102-8304-8506-0708090a0bff"

static rd_kafka_headers_t *headers;

static int drop_headers(void **state) {
    (void)state;
    rd_kafka_headers_destroy(headers);
    return 0;
}

#define MESSAGE_TEST(function) cmocka_unit_test_teardown(function, drop_headers)

static void assert_header(size_t i, const char *name, struct view value) {
    const char *found_name = NULL;
    const void *found = NULL;
    size_t size = 0;
    assert_int_equal(
        rd_kafka_header_get_all(headers, i, &found_name, &found, &size),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_string_equal(found_name, name);
    assert_int_equal(found == NULL, value.data == NULL);
    assert_int_equal(size, value.size);
    assert_true(view_equal(view_of(found, size), value));
}

static void assert_text(size_t i, const char *name, const char *value) {
    assert_header(i, name, view_text(value));
}

static void assert_count(size_t count) {
    assert_int_equal(rd_kafka_header_cnt(headers), count);
}

/* The six of CloudEvents' binary mode, from position `i` on. */
static void assert_cloud_event(size_t i, const char *type, const char *time) {
    assert_text(i, "ce_specversion", "1.0");
    assert_text(i + 1, "ce_id", OUTCOME_ID_TEXT);
    assert_text(i + 2, "ce_type", type);
    assert_text(i + 3, "ce_source", SOURCE);
    assert_text(i + 4, "ce_time", time);
    assert_text(i + 5, "content-type", "application/avro");
}

static struct answer answer_of(enum code code) {
    return (struct answer){.outcome_id = outcome_id, .outcome_time_us = TIME_US, .code = code};
}

/* Outcomes. ----------------------------------------------------------------------------------- */

static void an_accepted_outcome_has_no_code(void **state) {
    (void)state;
    const struct answer answer = answer_of(CODE_ACCEPTED);
    headers = message_outcome_headers(&answer, SOURCE, false);
    assert_count(7);
    assert_text(0, "slotkeeper-status", "ACCEPTED");
    assert_cloud_event(1, "slotkeeper.event.Outcome", "2030-01-15T09:00:00.000001Z");
}

static void a_refusal_says_why(void **state) {
    (void)state;
    const struct answer answer = answer_of(CODE_SLOT_TAKEN);
    headers = message_outcome_headers(&answer, SOURCE, false);
    assert_count(8);
    assert_text(0, "slotkeeper-status", "REFUSED");
    assert_text(1, "slotkeeper-code", "SLOT_TAKEN");
}

static void an_invalid_record_is_told_so(void **state) {
    (void)state;
    const struct answer answer = answer_of(CODE_MALFORMED);
    headers = message_outcome_headers(&answer, SOURCE, false);
    assert_text(0, "slotkeeper-status", "INVALID");
    assert_text(1, "slotkeeper-code", "MALFORMED");
}

static void an_outcome_with_everything(void **state) {
    (void)state;
    static const uint8_t correlation_id[] = {0, 1, 0xff, 0};
    struct answer answer = answer_of(CODE_SLOT_TAKEN);
    answer.route = (struct route){
        .correlation_id = view_of(correlation_id, sizeof correlation_id),
        .traceparent = view_text("not one"), /* echoed as it is */
        .tracestate = view_text("vendor=1"),
        .duplicate = true};
    headers = message_outcome_headers(&answer, SOURCE, true);
    assert_count(13);
    assert_header(0, "kafka_correlationId", answer.route.correlation_id);
    assert_text(1, "slotkeeper-status", "REFUSED");
    assert_text(2, "slotkeeper-code", "SLOT_TAKEN");
    assert_text(3, "slotkeeper-duplicate", "true");
    assert_text(4, "slotkeeper-reply-refused", "true");
    assert_text(5, "traceparent", "not one");
    assert_text(6, "tracestate", "vendor=1");
    assert_cloud_event(7, "slotkeeper.event.Outcome", "2030-01-15T09:00:00.000001Z");
}

static void a_correlation_id_may_be_empty_and_large(void **state) {
    (void)state;
    static uint8_t bulk[RECORD_CORRELATION_BYTES_MAX];
    struct answer answer = answer_of(CODE_ACCEPTED);
    answer.route.correlation_id = view_text("");
    headers = message_outcome_headers(&answer, SOURCE, false);
    assert_header(0, "kafka_correlationId", view_text(""));
    rd_kafka_headers_destroy(headers);
    memset(bulk, 0xee, sizeof bulk);
    answer.route.correlation_id = view_of(bulk, sizeof bulk);
    headers = message_outcome_headers(&answer, SOURCE, false);
    assert_header(0, "kafka_correlationId", answer.route.correlation_id);
}

/* Nobody's header is one that the service would have to have set. */
static void a_flag_that_is_not_set_is_not_there(void **state) {
    (void)state;
    struct answer answer = answer_of(CODE_ACCEPTED);
    answer.route.reply_topic_refused = true; /* publication says so, after it has looked */
    headers = message_outcome_headers(&answer, SOURCE, false);
    const void *value = NULL;
    size_t size = 0;
    assert_int_equal(
        rd_kafka_header_get_last(headers, "slotkeeper-reply-refused", &value, &size),
        RD_KAFKA_RESP_ERR__NOENT);
    assert_int_equal(
        rd_kafka_header_get_last(headers, "slotkeeper-duplicate", &value, &size),
        RD_KAFKA_RESP_ERR__NOENT);
}

/* Events. ------------------------------------------------------------------------------------- */

static struct answer_event an_event(void) {
    return (struct answer_event){.event_id = outcome_id, .occurred_at_us = 0};
}

static void an_event_carries_a_trace_that_parses(void **state) {
    (void)state;
    const struct answer_event event = an_event();
    struct answer answer = answer_of(CODE_ACCEPTED);
    answer.route.traceparent = view_text(TRACE);
    answer.route.tracestate = view_text("never on events");
    answer.route.correlation_id = view_text("never on events");
    answer.route.traceparent_valid = true;
    headers = message_event_headers(&answer, &event, SOURCE);
    assert_count(7);
    assert_text(0, "traceparent", TRACE);
    assert_cloud_event(1, "slotkeeper.event.AuditEvent", "1970-01-01T00:00:00.000000Z");
}

static void an_event_carries_no_other_trace(void **state) {
    (void)state;
    const struct answer_event event = an_event();
    struct answer answer = answer_of(CODE_ACCEPTED);
    answer.route.traceparent = view_text("personal data, for all we know");
    headers = message_event_headers(&answer, &event, SOURCE);
    assert_count(6);
    assert_cloud_event(0, "slotkeeper.event.AuditEvent", "1970-01-01T00:00:00.000000Z");
}

static void an_event_may_answer_no_request(void **state) {
    (void)state;
    const struct answer_event event = an_event();
    headers = message_event_headers(NULL, &event, SOURCE);
    assert_count(6);
    assert_cloud_event(0, "slotkeeper.event.AuditEvent", "1970-01-01T00:00:00.000000Z");
}

/* Dead letters. ------------------------------------------------------------------------------- */

static void assert_letter(size_t i, const char *class, const char *message) {
    assert_text(i, "kafka_dlt-original-topic", "the-topic");
    assert_header(i + 1, "kafka_dlt-original-partition", view_of("\0\0\1\2", 4));
    assert_header(i + 2, "kafka_dlt-original-offset", view_of("\1\2\3\4\5\6\7\10", 8));
    assert_header(i + 3, "kafka_dlt-original-timestamp", view_of("\0\0\1\xb9\x24\xcd\x1e\x80", 8));
    assert_text(i + 4, "kafka_dlt-original-consumer-group", "the-group");
    assert_text(i + 5, "kafka_dlt-exception-fqcn", class);
    assert_text(i + 6, "kafka_dlt-exception-message", message);
}

static struct answer letter_of(enum code code, const struct header *originals, size_t count) {
    struct answer answer = answer_of(code);
    answer.partition = 258;
    answer.offset = INT64_C(0x0102030405060708);
    answer.append_time_us = TIME_US; /* milliseconds are what Kafka counts */
    answer.dead_letter =
        (struct dead_letter){.needed = true, .headers = originals, .header_count = count};
    return answer;
}

static void a_letter_says_where_it_is_from(void **state) {
    (void)state;
    const struct answer answer = letter_of(CODE_MALFORMED, NULL, 0);
    headers = message_dead_letter_headers(&answer, "the-topic", "the-group");
    assert_count(7);
    assert_letter(0, "slotkeeper.MALFORMED", "The record's bytes or headers cannot be read.");
}

static void each_code_has_its_class(void **state) {
    (void)state;
    const struct answer answer = letter_of(CODE_UNKNOWN_SCHEMA, NULL, 0);
    headers = message_dead_letter_headers(&answer, "the-topic", "the-group");
    assert_letter(
        0, "slotkeeper.UNKNOWN_SCHEMA", "The record names a schema that this topic does not take.");
    for (unsigned code = CODE_ACCEPTED + 1; code < CODE_COUNT; code++) {
        char class[80];
        const struct answer any = letter_of((enum code)code, NULL, 0);
        rd_kafka_headers_destroy(headers);
        headers = message_dead_letter_headers(&any, "the-topic", "the-group");
        (void)snprintf(class, sizeof class, "slotkeeper.%s", code_text((enum code)code));
        assert_text(5, "kafka_dlt-exception-fqcn", class);
    }
}

static void a_letter_keeps_the_headers_it_came_with(void **state) {
    (void)state;
    const struct header originals[] = {
        {view_of("namedX", 5), view_text("value")},
        {view_text("nothing"), {NULL, 0}},
        {view_text("empty"), view_text("")},
        {view_text(""), view_of("\0\xff", 2)},
        {view_text("named"), view_text("again")},
    };
    const struct answer answer = letter_of(CODE_MALFORMED, originals, 5);
    headers = message_dead_letter_headers(&answer, "the-topic", "the-group");
    assert_count(12);
    assert_text(0, "named", "value");
    assert_header(1, "nothing", view_of(NULL, 0));
    assert_text(2, "empty", "");
    assert_header(3, "", view_of("\0\xff", 2));
    assert_text(4, "named", "again");
    assert_letter(5, "slotkeeper.MALFORMED", "The record's bytes or headers cannot be read.");
}

/* The last occurrence counts, and that is ours. */
static void a_client_cannot_say_where_a_letter_is_from(void **state) {
    (void)state;
    const struct header originals[] = {
        {view_text("kafka_dlt-original-topic"), view_text("elsewhere")},
    };
    const struct answer answer = letter_of(CODE_MALFORMED, originals, 1);
    const void *value = NULL;
    size_t size = 0;
    headers = message_dead_letter_headers(&answer, "the-topic", "the-group");
    assert_int_equal(
        rd_kafka_header_get_last(headers, "kafka_dlt-original-topic", &value, &size),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_true(view_equal(view_of(value, size), view_text("the-topic")));
}

static void a_letter_keeps_the_most_headers(void **state) {
    (void)state;
    struct header originals[RECORD_HEADERS_MAX];
    for (size_t i = 0; i < RECORD_HEADERS_MAX; i++) {
        originals[i] = (struct header){view_text("name"), view_of("0123456789", i % 10)};
    }
    const struct answer answer = letter_of(CODE_INTERNAL, originals, RECORD_HEADERS_MAX);
    headers = message_dead_letter_headers(&answer, "the-topic", "the-group");
    assert_count(RECORD_HEADERS_MAX + 7);
    for (size_t i = 0; i < RECORD_HEADERS_MAX; i++) {
        assert_header(i, "name", originals[i].value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MESSAGE_TEST(an_accepted_outcome_has_no_code),
        MESSAGE_TEST(a_refusal_says_why),
        MESSAGE_TEST(an_invalid_record_is_told_so),
        MESSAGE_TEST(an_outcome_with_everything),
        MESSAGE_TEST(a_correlation_id_may_be_empty_and_large),
        MESSAGE_TEST(a_flag_that_is_not_set_is_not_there),
        MESSAGE_TEST(an_event_carries_a_trace_that_parses),
        MESSAGE_TEST(an_event_carries_no_other_trace),
        MESSAGE_TEST(an_event_may_answer_no_request),
        MESSAGE_TEST(a_letter_says_where_it_is_from),
        MESSAGE_TEST(each_code_has_its_class),
        MESSAGE_TEST(a_letter_keeps_the_headers_it_came_with),
        MESSAGE_TEST(a_client_cannot_say_where_a_letter_is_from),
        MESSAGE_TEST(a_letter_keeps_the_most_headers),
    };

    return cmocka_run_group_tests_name("kafka message", tests, NULL, NULL);
}
