/* Request headers: exact names, the last occurrence, bounds. */
#include "base/time.h"
#include "unit.h"
#include "wire/record.h"

static struct header header(const char *name, const char *value) {
    return (struct header){view_text(name), value == NULL ? (struct view){0} : view_text(value)};
}

static enum code read_all(struct header *headers, size_t count, struct request_headers *found) {
    struct record record = {.headers = headers, .header_count = count};
    return request_headers_read(&record, found);
}

static enum code read_one(const char *name, const char *value, struct request_headers *found) {
    struct header one = header(name, value);
    return read_all(&one, 1, found);
}

static void assert_all_absent(const struct request_headers *found) {
    assert_null(found->authorization.data);
    assert_null(found->correlation_id.data);
    assert_null(found->reply_topic.data);
    assert_null(found->traceparent.data);
    assert_null(found->tracestate.data);
    assert_null(found->schema_id.data);
    assert_false(found->has_reply_partition);
    assert_false(found->traceparent_valid);
    assert_true(found->expires_at_us < 0);
}

static void no_headers_are_all_absent(void **state) {
    (void)state;
    struct request_headers found;
    assert_int_equal(read_all(NULL, 0, &found), CODE_ACCEPTED);
    assert_all_absent(&found);
}

static void names_are_exact(void **state) {
    (void)state;
    static const char *const others[] = {
        "Authorization",
        "authorization ",
        "authorizatio",
        "kafka_correlationid",
        "ce_expiryTime",
        "kafka_replytopic",
        "__value_schema_i",
        "",
        "ce_id"};
    struct request_headers found;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(read_one(others[i], "x", &found), CODE_ACCEPTED);
        assert_all_absent(&found);
    }
}

static void each_header_is_read(void **state) {
    (void)state;
    static const char traceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    struct header headers[] = {
        header("authorization", "Bearer a.b.c"),
        header("kafka_correlationId", "c"),
        header("kafka_replyTopic", "scheduling.replies.x"),
        {view_text("kafka_replyPartition"), view_of("\0\0\1\2", 4)},
        header("ce_expirytime", "2026-11-22T17:47:14Z"),
        header("traceparent", traceparent),
        header("tracestate", "a=b"),
        header("__value_schema_id", "12345"),
        header("unknown", "x"),
    };
    struct request_headers found;
    assert_int_equal(read_all(headers, 9, &found), CODE_ACCEPTED);
    assert_true(view_is(found.authorization, "Bearer a.b.c"));
    assert_true(view_is(found.correlation_id, "c"));
    assert_true(view_is(found.reply_topic, "scheduling.replies.x"));
    assert_true(found.has_reply_partition);
    assert_int_equal(found.reply_partition, 258);
    int64_t expected = 0;
    assert_true(time_parse(view_text("2026-11-22T17:47:14Z"), &expected));
    assert_int_equal(found.expires_at_us, expected);
    assert_true(view_is(found.traceparent, traceparent));
    assert_true(found.traceparent_valid);
    assert_true(view_is(found.tracestate, "a=b"));
    assert_true(view_is(found.schema_id, "12345"));
}

static void the_last_occurrence_counts(void **state) {
    (void)state;
    struct header headers[] = {
        header("authorization", "first"),
        header("kafka_correlationId", "c"),
        header("authorization", "second"),
        header("kafka_correlationId", NULL),
        header("ce_expirytime", "never"),
        header("ce_expirytime", "2026-11-22T17:47:14Z"),
    };
    struct request_headers found;
    assert_int_equal(read_all(headers, 6, &found), CODE_ACCEPTED);
    assert_true(view_is(found.authorization, "second"));
    assert_null(found.correlation_id.data);
}

static void reply_topics_lose_their_quotes(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"\"a.b\"", "a.b"},
        {"a.b", "a.b"},
        {"\"a.b", "\"a.b"},
        {"a\"", "a\""},
        {"\"", "\""},
        {"\"\"", ""},
        {"", ""},
        {"\"\"a\"\"", "\"a\""}};
    struct request_headers found;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(read_one("kafka_replyTopic", pairs[i][0], &found), CODE_ACCEPTED);
        assert_non_null(found.reply_topic.data);
        assert_true(view_is(found.reply_topic, pairs[i][1]));
    }
}

static bool takes_partition(const char *topic, const char *bytes, size_t size) {
    struct header headers[] = {
        {view_text("kafka_replyPartition"), view_of(bytes, size)},
        header("kafka_replyTopic", topic),
    };
    struct request_headers found;
    assert_int_equal(read_all(headers, topic == NULL ? 1 : 2, &found), CODE_ACCEPTED);
    return found.has_reply_partition;
}

static void reply_partitions_are_four_bytes(void **state) {
    (void)state;
    assert_true(takes_partition("t", "\0\0\0\0", 4));
    assert_true(takes_partition("t", "\x7f\xff\xff\xff", 4));
    assert_false(takes_partition("t", "\x80\0\0\0", 4));
    assert_false(takes_partition("t", "\xff\xff\xff\xff", 4));
    assert_false(takes_partition("t", "\0\0\0", 3));
    assert_false(takes_partition("t", "\0\0\0\0\0", 5));
    assert_false(takes_partition("t", "", 0));
    assert_false(takes_partition(NULL, "\0\0\0\0", 4));
}

static void expiry_is_a_time_or_malformed(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "", "never", "2026-11-22", "2026-11-22T17:47:14", "1764000000", "2026-13-22T17:47:14Z"};
    struct request_headers found;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct header headers[] = {
            header("ce_expirytime", wrong[i]),
            header("kafka_replyTopic", "t"),
            header("kafka_correlationId", "c"),
        };
        assert_int_equal(read_all(headers, 3, &found), CODE_ACCEPTED);
        assert_true(found.expiry_unreadable);
        assert_true(found.expires_at_us < 0);
        assert_true(view_is(found.reply_topic, "t")); /* the answer finds its way */
        assert_true(view_is(found.correlation_id, "c"));
    }
    assert_int_equal(read_one("ce_expirytime", NULL, &found), CODE_ACCEPTED);
    assert_true(found.expiry_unreadable);
    assert_int_equal(read_one("ce_expirytime", "1970-01-01T00:00:00Z", &found), CODE_ACCEPTED);
    assert_false(found.expiry_unreadable);
    assert_int_equal(found.expires_at_us, 0);
}

static void a_null_schema_id_is_no_absent_one(void **state) {
    (void)state;
    struct request_headers found;
    assert_int_equal(read_one("__value_schema_id", NULL, &found), CODE_ACCEPTED);
    assert_non_null(found.schema_id.data);
    assert_int_equal(found.schema_id.size, 0);
}

static void only_good_traceparents_parse(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
    };
    struct request_headers found;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(read_one("traceparent", wrong[i], &found), CODE_ACCEPTED);
        assert_false(found.traceparent_valid);
        assert_true(view_is(found.traceparent, wrong[i]));
    }
    assert_int_equal(
        read_one("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", &found),
        CODE_ACCEPTED);
    assert_true(found.traceparent_valid);
}

static void sizes_are_bounded(void **state) {
    (void)state;
    static uint8_t bytes[RECORD_HEADER_BYTES_MAX + 1];
    struct request_headers found;
    struct header headers[] = {
        header("authorization", "Bearer x"),
        {view_text("kafka_correlationId"), view_of(bytes, RECORD_CORRELATION_BYTES_MAX)},
    };
    assert_int_equal(read_all(headers, 2, &found), CODE_ACCEPTED);
    assert_int_equal(found.correlation_id.size, RECORD_CORRELATION_BYTES_MAX);
    headers[1].value.size++;
    assert_int_equal(read_all(headers, 2, &found), CODE_MALFORMED);
    assert_all_absent(&found);

    headers[1] = (struct header){view_text("other"), view_of(bytes, 0)};
    headers[1].value.size = RECORD_HEADER_BYTES_MAX - strlen("authorizationBearer xother");
    assert_int_equal(read_all(headers, 2, &found), CODE_ACCEPTED);
    headers[1].value.size++;
    assert_int_equal(read_all(headers, 2, &found), CODE_MALFORMED);
    assert_all_absent(&found);
    headers[1] = (struct header){view_of(bytes, RECORD_HEADER_BYTES_MAX + 1), view_of(bytes, 0)};
    assert_int_equal(read_all(headers, 2, &found), CODE_MALFORMED);
    headers[1] = (struct header){view_of(bytes, 1), view_of(bytes, SIZE_MAX)};
    assert_int_equal(read_all(headers, 2, &found), CODE_MALFORMED);
}

static void too_many_headers_are_malformed(void **state) {
    (void)state;
    struct record record = {.headers_too_many = true};
    struct request_headers found;
    assert_int_equal(request_headers_read(&record, &found), CODE_MALFORMED);
    assert_all_absent(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_headers_are_all_absent),
        cmocka_unit_test(names_are_exact),
        cmocka_unit_test(each_header_is_read),
        cmocka_unit_test(the_last_occurrence_counts),
        cmocka_unit_test(reply_topics_lose_their_quotes),
        cmocka_unit_test(reply_partitions_are_four_bytes),
        cmocka_unit_test(expiry_is_a_time_or_malformed),
        cmocka_unit_test(a_null_schema_id_is_no_absent_one),
        cmocka_unit_test(only_good_traceparents_parse),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(too_many_headers_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
