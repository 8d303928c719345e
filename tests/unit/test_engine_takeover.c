/* Whether a partition may be gone on with: every refusal, and the first offset on either side of
 * it. */
#include "engine/takeover.h"
#include "unit.h"

static struct partition partition;

/* A partition of which all is known and nothing is owed: 100 is next, everywhere. */
static struct takeover in_order(void) {
    partition = (struct partition){
        .number = 3, .next_offset = 100, .published_offset = 100, .last_offset = 98};
    return (struct takeover){
        .partition = &partition,
        .cluster_in_database = "here",
        .cluster_here = "here",
        .committed_offset = 100,
        .low_watermark = 40,
        .high_watermark = 120};
}

static void assert_refused(const struct takeover *takeover, const char *word, const char *saying) {
    struct error error = {""};
    const char *refusal = takeover_refusal(takeover, &error);
    assert_non_null(refusal);
    assert_string_equal(refusal, word);
    if (strstr(error.text, saying) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, saying);
    }
}

static void assert_goes_on(const struct takeover *takeover) {
    struct error error = {""};
    const char *refusal = takeover_refusal(takeover, &error);
    if (refusal != NULL) {
        fail_msg("%s: %s", refusal, error.text);
    }
    assert_string_equal(error.text, "");
}

static void what_is_in_order_goes_on(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    assert_goes_on(&takeover);
}

static void another_cluster_is_refused_first(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    takeover.cluster_here = "elsewhere";
    takeover.committed_offset = 1000;
    takeover.low_watermark = 1000;
    assert_refused(&takeover, "CLUSTER_CHANGED", "cluster here, this is cluster elsewhere");
    takeover.cluster_here = "her";
    assert_refused(&takeover, "CLUSTER_CHANGED", "this is cluster her");
}

static void a_database_behind_kafka_is_refused(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    takeover.committed_offset = 101;
    assert_refused(&takeover, "DATABASE_BEHIND_KAFKA", "offset 101");
    assert_refused(&takeover, "DATABASE_BEHIND_KAFKA", "from 100 on");
    takeover.low_watermark = 101; /* what is wrong with the database comes before the topic */
    takeover.high_watermark = 99;
    assert_refused(&takeover, "DATABASE_BEHIND_KAFKA", "offset 101");
}

static void kafka_behind_the_database_goes_on(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    takeover.committed_offset = 99;
    assert_goes_on(&takeover);
    takeover.committed_offset = 0;
    assert_goes_on(&takeover);
}

static void lost_offsets_are_refused_if_anything_was_consumed(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    takeover.committed_offset = -1;
    assert_refused(&takeover, "KAFKA_OFFSETS_LOST", "up to offset 100");
    takeover.committed_offset = -1001; /* librdkafka's word for none */
    assert_refused(&takeover, "KAFKA_OFFSETS_LOST", "no committed offset");
    partition.last_offset = 0;
    assert_refused(&takeover, "KAFKA_OFFSETS_LOST", "no committed offset");
    partition.last_offset = -1; /* a row made at the low watermark, its offset not committed yet */
    assert_goes_on(&takeover);
}

static void records_never_read_are_missed(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    takeover.low_watermark = 100;
    assert_goes_on(&takeover);
    takeover.low_watermark = 101;
    assert_refused(&takeover, "RECORDS_EXPIRED", "begins at offset 101");
    assert_refused(&takeover, "RECORDS_EXPIRED", "from 100 on");
}

static void a_topic_that_ends_before_is_another(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    takeover.high_watermark = 100;
    assert_goes_on(&takeover);
    takeover.high_watermark = 99;
    assert_refused(&takeover, "TOPIC_REMADE", "ends at offset 99");
    assert_refused(&takeover, "TOPIC_REMADE", "up to 100");
}

static void an_empty_topic_goes_on(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    partition = (struct partition){.last_offset = -1};
    takeover.committed_offset = 0;
    takeover.low_watermark = 0;
    takeover.high_watermark = 0;
    assert_goes_on(&takeover);
    assert_int_equal(takeover_start_offset(&takeover), 0);
    assert_int_equal(takeover_publish_from(&takeover), 0);
}

static void reading_begins_at_the_last_record_if_it_is_there(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    assert_int_equal(takeover_start_offset(&takeover), 98);
    takeover.low_watermark = 98;
    assert_int_equal(takeover_start_offset(&takeover), 98);
    takeover.low_watermark = 99;
    assert_int_equal(takeover_start_offset(&takeover), 100);
    takeover.low_watermark = 0;
    partition.last_offset = 0;
    assert_int_equal(takeover_start_offset(&takeover), 0);
    takeover.low_watermark = -1; /* not even so is an offset of none read */
    partition.last_offset = -1;
    assert_int_equal(takeover_start_offset(&takeover), 100);
}

static void publishing_begins_where_kafka_says(void **state) {
    (void)state;
    struct takeover takeover = in_order();
    assert_int_equal(takeover_publish_from(&takeover), 100);
    takeover.committed_offset = 60;
    assert_int_equal(takeover_publish_from(&takeover), 60);
    takeover.committed_offset = 0;
    assert_int_equal(takeover_publish_from(&takeover), 0);
    takeover.committed_offset = -1001;
    assert_int_equal(takeover_publish_from(&takeover), 100);
}

static void the_same_record_has_the_same_time_and_bytes(void **state) {
    (void)state;
    (void)in_order();
    partition.last_append_time_us = 5000;
    digest_of(view_text("bytes"), &partition.last_hash);
    assert_true(takeover_same_record(&partition, 5000, view_text("bytes")));
    assert_false(takeover_same_record(&partition, 5001, view_text("bytes")));
    assert_false(takeover_same_record(&partition, 4999, view_text("bytes")));
    assert_false(takeover_same_record(&partition, 5000, view_text("bytez")));
    assert_false(takeover_same_record(&partition, 5000, view_text("byte")));
    assert_false(takeover_same_record(&partition, 5000, view_of(NULL, 0)));
}

static void a_tombstone_is_the_same_record_too(void **state) {
    (void)state;
    (void)in_order();
    digest_of(view_of(NULL, 0), &partition.last_hash);
    assert_true(takeover_same_record(&partition, 0, view_of(NULL, 0)));
    assert_false(takeover_same_record(&partition, 0, view_text("bytes")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_order_goes_on),
        cmocka_unit_test(another_cluster_is_refused_first),
        cmocka_unit_test(a_database_behind_kafka_is_refused),
        cmocka_unit_test(kafka_behind_the_database_goes_on),
        cmocka_unit_test(lost_offsets_are_refused_if_anything_was_consumed),
        cmocka_unit_test(records_never_read_are_missed),
        cmocka_unit_test(a_topic_that_ends_before_is_another),
        cmocka_unit_test(an_empty_topic_goes_on),
        cmocka_unit_test(reading_begins_at_the_last_record_if_it_is_there),
        cmocka_unit_test(publishing_begins_where_kafka_says),
        cmocka_unit_test(the_same_record_has_the_same_time_and_bytes),
        cmocka_unit_test(a_tombstone_is_the_same_record_too),
    };

    return cmocka_run_group_tests_name("engine takeover", tests, NULL, NULL);
}
