/* Queries: read and answered, never saved; and the service's keys. */
#include "engine_account_fixture.h"

static struct {
    enum status clock_status;
    enum status publish_status;
    struct view outcomes[8];
} outside;

static enum status double_clock(void *self, int64_t *now_us) {
    assert_ptr_equal(self, &desk);
    write_journal("clock ");
    *now_us = NOW_US;
    return outside.clock_status;
}

static enum status publish_and_keep(
    void *self, const struct answer *answers, size_t count, struct arena *arena) {
    for (size_t i = 0; i < count; i++) {
        outside.outcomes[i] = arena_copy(engine_arena(clinic.engine), answers[i].outcome);
    }
    enum status status = double_publish(self, answers, count, arena);
    return status == STATUS_OK ? outside.publish_status : status;
}

static int open_queries(void **state) {
    return open_lane(state, LANE_QUERIES);
}

static int empty_queries(void **state) {
    const struct store_port store = {.self = &desk, .clock = double_clock};
    const struct bus_port bus = {.self = &desk, .publish = publish_and_keep};
    int result = empty_desk(state);
    outside.clock_status = outside.publish_status = STATUS_OK;
    engine_connect(clinic.engine, &store, &bus, view_text(CLUSTER));
    return result;
}

#define QUERY_TEST(function) cmocka_unit_test_setup(function, empty_queries)

static struct request *given_query(void) {
    const struct field_text none[] = {{NULL, NULL}};
    return given_record(0, value_of("slotkeeper.query.GetServiceKeys", none, 0));
}

static struct request *get_service_keys(void) {
    struct request *request = given_query();
    given_header(request, "kafka_replyTopic", view_text(REPLY_PREFIX "mine"));
    return request;
}

static void assert_moved(int64_t offset) {
    assert_int_equal(clinic.partitions[0].next_offset, offset);
    assert_int_equal(clinic.partitions[0].published_offset, offset);
}

static void the_keys_are_told(void **state) {
    (void)state;
    (void)get_service_keys();
    assert_int_equal(run(), STATUS_OK);
    assert_journal("clock publish(1) ");
    assert_string_equal(code_text(desk.published[0].code), "");
    assert_int_equal(desk.published[0].decided_at_us, NOW_US);
    assert_false(desk.published[0].recallable);
    const struct schema *schema = schemas_by_name(clinic.schemas, "slotkeeper.event.Outcome");
    char *text = codec_to_json(
        engine_codec(clinic.engine), engine_arena(clinic.engine), schema, outside.outcomes[0]);
    assert_non_null(text);
    assert_non_null(strstr(text, hex_of(view_of(desk.seal_key, SEAL_KEY_SIZE))));
    assert_null(strstr(text, "\"oct\""));
    assert_moved(101);
}

static void what_cannot_be_answered_with_them(void **state) {
    (void)state;
    (void)garbage();
    (void)given_query();
    (void)book(PATIENT, 1);
    assert_int_equal(run(), STATUS_OK);
    assert_string_equal(code_text(desk.published[0].code), "MALFORMED");
    assert_string_equal(code_text(desk.published[1].code), "REPLY_TOPIC_REQUIRED");
    assert_string_equal(code_text(desk.published[2].code), "UNKNOWN_SCHEMA");
    assert_true(desk.published[0].dead_letter.needed && desk.published[2].dead_letter.needed);
    assert_false(desk.published[1].dead_letter.needed);
    assert_moved(103);
}

static void a_query_expires_as_a_command_does(void **state) {
    (void)state;
    struct request *late = get_service_keys();
    given_header(late, "ce_expirytime", view_text(time_text(NOW_US - TIME_SECOND_US)));
    struct request *early = get_service_keys();
    given_header(early, "ce_expirytime", view_text(time_text(NOW_US + TIME_SECOND_US)));
    struct request *old = get_service_keys();
    old->record.append_time_us = NOW_US - DAY_US - 1;
    assert_int_equal(run(), STATUS_OK);
    assert_string_equal(code_text(desk.published[0].code), "EXPIRED");
    assert_string_equal(code_text(desk.published[1].code), "");
    assert_string_equal(code_text(desk.published[2].code), "EXPIRED");
}

static void what_is_not_published_is_not_passed(void **state) {
    (void)state;
    (void)get_service_keys();
    outside.publish_status = STATUS_RETRY;
    assert_int_equal(run(), STATUS_RETRY);
    assert_moved(100);
    outside.clock_status = STATUS_LOST;
    assert_int_equal(run(), STATUS_LOST);
    assert_journal("clock ");
    assert_moved(100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        QUERY_TEST(the_keys_are_told),
        QUERY_TEST(what_cannot_be_answered_with_them),
        QUERY_TEST(a_query_expires_as_a_command_does),
        QUERY_TEST(what_is_not_published_is_not_passed),
    };
    return cmocka_run_group_tests(tests, open_queries, close_desk);
}
