/* What `recover` makes of what PostgreSQL and Kafka say: every finding, and the first offset on
 * either side of each range. */
#include "cli/recover_plan.h"
#include "unit.h"

/* All is known and nothing is owed: 100 is next, everywhere; 98 was the last record. */
static struct recover_facts in_order(void) {
    return (struct recover_facts){
        .partition = {.number = 3, .next_offset = 100, .published_offset = 95, .last_offset = 98},
        .has_row = true,
        .cluster_in_database = "here",
        .cluster_here = "here",
        .committed_offset = 100,
        .low_watermark = 40,
        .high_watermark = 120,
        .last = LAST_SAME};
}

static void assert_range(struct offset_range range, int64_t from, int64_t below) {
    assert_false(range_is_empty(range));
    assert_int_equal(range.from, from);
    assert_int_equal(range.below, below);
}

static void assert_only(const struct recover_plan *plan, const struct offset_range *wanted) {
    const struct offset_range *ranges[] = {
        &plan->again, &plan->lost, &plan->unread, &plan->resent, &plan->unsent};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        assert_true(ranges[i] == wanted || range_is_empty(*ranges[i]));
    }
}

static void what_is_in_order_needs_nothing(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    struct recover_plan plan = recover_plan(&facts);
    assert_null(plan.found);
    assert_only(&plan, NULL);
    assert_int_equal(plan.next_offset, 100);
    assert_int_equal(plan.published_offset, 95);
    assert_int_equal(plan.commit_offset, -1);
    assert_int_equal(plan.old_topic_read_from, -1);
    assert_false(recover_loses_effects(&plan));
    assert_int_equal(recover_settled_below(&facts, &plan), 100);
}

static void answers_to_be_published_are_no_loss(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.committed_offset = 60;
    facts.last = LAST_UNKNOWN;
    assert_null(recover_plan(&facts).found);
}

static void what_kafka_has_answers_of_is_decided_again(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.committed_offset = 110;
    struct recover_plan plan = recover_plan(&facts);
    assert_string_equal(plan.found, "DATABASE_BEHIND_KAFKA");
    assert_range(plan.again, 100, 110);
    assert_only(&plan, &plan.again);
    assert_false(plan.other_topic);
    assert_true(plan.raises_generation);
    assert_int_equal(plan.next_offset, 100);
    assert_int_equal(plan.published_offset, 95);
    assert_int_equal(plan.commit_offset, 100);
    assert_true(recover_loses_effects(&plan));
    assert_int_equal(recover_settled_below(&facts, &plan), 110);
}

static void an_empty_database_begins_at_the_first_record(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.has_row = false;
    facts.partition =
        (struct partition){.next_offset = 40, .published_offset = 40, .last_offset = -1};
    facts.last = LAST_UNKNOWN;
    struct recover_plan plan = recover_plan(&facts);
    assert_string_equal(plan.found, "DATABASE_BEHIND_KAFKA");
    assert_range(plan.again, 40, 100);
    assert_int_equal(plan.commit_offset, 40);
    facts.committed_offset = -1001;
    assert_null(recover_plan(&facts).found);
}

/* The restore point lies before what the topic still holds. */
static void what_is_gone_from_the_topic_is_lost(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.partition.next_offset = 20;
    facts.partition.published_offset = 20;
    facts.partition.last_offset = 18;
    facts.last = LAST_UNKNOWN;
    struct recover_plan plan = recover_plan(&facts);
    assert_string_equal(plan.found, "DATABASE_BEHIND_KAFKA");
    assert_range(plan.lost, 20, 40);
    assert_range(plan.again, 40, 100);
    assert_true(range_is_empty(plan.unread));
    assert_int_equal(plan.next_offset, 40);
    assert_int_equal(plan.commit_offset, 40);
    facts.committed_offset = 30; /* answered up to there, the rest never read */
    plan = recover_plan(&facts);
    assert_range(plan.lost, 20, 30);
    assert_range(plan.unread, 30, 40);
    assert_true(range_is_empty(plan.again));
    assert_int_equal(plan.commit_offset, -1);
    assert_true(recover_loses_effects(&plan));
}

static void records_never_read_are_given_up(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.low_watermark = 105;
    facts.committed_offset = 96;
    facts.last = LAST_UNKNOWN;
    struct recover_plan plan = recover_plan(&facts);
    assert_string_equal(plan.found, "RECORDS_EXPIRED");
    assert_range(plan.unread, 100, 105);
    assert_only(&plan, &plan.unread);
    assert_int_equal(plan.next_offset, 105);
    assert_int_equal(plan.commit_offset, -1); /* 96 to 99 are still to be published */
    assert_false(recover_loses_effects(&plan));
}

static void lost_offsets_cost_no_more_than_answers_sent_twice(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.committed_offset = -1001;
    struct recover_plan plan = recover_plan(&facts);
    assert_string_equal(plan.found, "KAFKA_OFFSETS_LOST");
    assert_range(plan.resent, 95, 100);
    assert_only(&plan, &plan.resent);
    assert_int_equal(plan.next_offset, 100);
    assert_int_equal(plan.commit_offset, 95);
    assert_false(plan.raises_generation);
    assert_false(recover_loses_effects(&plan));
}

static void assert_begins_anew(const struct recover_facts *facts, const char *found) {
    struct recover_plan plan = recover_plan(facts);
    assert_string_equal(plan.found, found);
    assert_true(plan.other_topic);
    assert_true(plan.raises_generation);
    assert_int_equal(plan.next_offset, facts->low_watermark);
    assert_int_equal(plan.published_offset, facts->low_watermark);
    assert_int_equal(plan.commit_offset, facts->low_watermark);
    assert_int_equal(plan.old_topic_read_from, 100);
    assert_range(plan.unsent, 95, 100);
    assert_true(range_is_empty(plan.lost));
    assert_true(range_is_empty(plan.resent));
}

static void a_topic_made_again_is_read_from_its_beginning(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.last = LAST_OTHER;
    assert_begins_anew(&facts, "TOPIC_REMADE");
    facts = in_order();
    facts.low_watermark = 0;
    facts.high_watermark = 99;
    facts.committed_offset = -1001; /* deleted with the topic */
    facts.last = LAST_UNKNOWN;
    assert_begins_anew(&facts, "KAFKA_OFFSETS_LOST");
    assert_true(range_is_empty(recover_plan(&facts).again));
    facts.committed_offset = 7; /* somebody answered on the new one */
    assert_range(recover_plan(&facts).again, 0, 7);
    facts.high_watermark = 5;
    assert_range(recover_plan(&facts).again, 0, 5);
}

static void another_cluster_is_new_unless_its_record_is_the_same(void **state) {
    (void)state;
    struct recover_facts facts = in_order();
    facts.cluster_here = "elsewhere";
    struct recover_plan plan = recover_plan(&facts);
    assert_string_equal(plan.found, "CLUSTER_CHANGED");
    assert_false(plan.other_topic);
    assert_only(&plan, NULL);
    assert_int_equal(plan.next_offset, 100);
    assert_int_equal(plan.commit_offset, -1);
    assert_false(recover_loses_effects(&plan));
    facts.last = LAST_UNKNOWN;
    assert_begins_anew(&facts, "CLUSTER_CHANGED");
    facts.last = LAST_OTHER;
    assert_begins_anew(&facts, "CLUSTER_CHANGED");
    facts.partition.last_offset = -1; /* nothing was consumed: nothing can differ */
    facts.last = LAST_UNKNOWN;
    assert_false(recover_plan(&facts).other_topic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_order_needs_nothing),
        cmocka_unit_test(answers_to_be_published_are_no_loss),
        cmocka_unit_test(what_kafka_has_answers_of_is_decided_again),
        cmocka_unit_test(an_empty_database_begins_at_the_first_record),
        cmocka_unit_test(what_is_gone_from_the_topic_is_lost),
        cmocka_unit_test(records_never_read_are_given_up),
        cmocka_unit_test(lost_offsets_cost_no_more_than_answers_sent_twice),
        cmocka_unit_test(a_topic_made_again_is_read_from_its_beginning),
        cmocka_unit_test(another_cluster_is_new_unless_its_record_is_the_same),
    };

    return cmocka_run_group_tests_name("cli recover", tests, NULL, NULL);
}
