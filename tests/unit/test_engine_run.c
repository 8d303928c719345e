/* The coordinator: the order of the stages, and what each failure leads to. */
#include "base/metrics.h"
#include "outside_fixture.h"

#define RUN_TEST(function) cmocka_unit_test_setup(function, connect_clinic)

static enum status run(void) {
    return engine_run(clinic.engine, clinic.requests, clinic.count);
}

/* Bookings of slots of their own, from offset 100 on. */
static void given_bookings(unsigned count) {
    given_slots(count);
    for (unsigned i = 1; i <= count; i++) {
        (void)book(PATIENT, i);
    }
}

static void given_poison(int64_t offset) {
    outside.poison[outside.poison_count++] = offset;
}

#define assert_status(expected, found)                                                             \
    assert_string_equal(status_name(found), status_name(STATUS_##expected))

/* All are answered once, in order, INTERNAL where the store refused them. */
static void assert_all_answered(size_t count) {
    assert_int_equal(outside.published_count, count);
    for (size_t i = 0; i < count; i++) {
        bool poisoned = false;
        for (size_t p = 0; p < outside.poison_count; p++) {
            poisoned = poisoned || outside.poison[p] == outside.published[i].offset;
        }
        assert_int_equal(outside.published[i].offset, 100 + (int64_t)i);
        assert_string_equal(code_text(outside.published[i].code), poisoned ? "INTERNAL" : "");
    }
}

static void assert_offsets(
    const struct partition *partition, int64_t next, int64_t published, int64_t noted) {
    assert_int_equal(partition->next_offset, next);
    assert_int_equal(partition->published_offset, published);
    assert_int_equal(partition->noted_offset, noted);
}

static void assert_unmoved(const struct partition *partition) {
    assert_offsets(partition, 100, 100, 93);
    assert_int_equal(partition->last_offset, 99);
}

/* When all goes well. ------------------------------------------------------------------------- */

static void the_stages_run_in_order(void **state) {
    (void)state;
    given_bookings(3);
    assert_status(OK, run());
    assert_journal("load(3) save commit publish(100-102) ");
    assert_all_answered(3);
}

static void answers_are_of_the_cluster_connected_to(void **state) {
    (void)state;
    given_bookings(1);
    assert_status(OK, run());
    assert_uuid(
        outcome_id_of(view_text(THIS_CLUSTER), 0, view_text(TOPIC), 3, 100),
        outside.published[0].outcome_id);
}

static void early_answers_are_saved_and_published_too(void **state) {
    (void)state;
    (void)garbage();
    assert_status(OK, run());
    assert_journal("load(1) save commit publish(100-100) ");
    assert_code(MALFORMED, outside.published[0].code);
}

/* Durable before it is visible: next_offset has moved when publication begins, published_offset
 * when it is over. */
static void a_partition_moves_on_in_two_steps(void **state) {
    (void)state;
    struct digest hash;
    given_bookings(2);
    digest_of(clinic.requests[1].record.value, &hash);
    assert_status(OK, run());
    assert_offsets(&outside.at_load[0], 100, 100, 93);
    assert_offsets(&outside.at_publish[0], 102, 100, 100);
    assert_offsets(&clinic.partitions[0], 102, 102, 100);
    assert_true(clinic.partitions[0].untidy && !clinic.partitions[1].untidy);
    assert_int_equal(clinic.partitions[0].last_offset, 101);
    assert_int_equal(clinic.partitions[0].last_append_time_us, FIXTURE_AT_US + 101);
    assert_memory_equal(clinic.partitions[0].last_hash.bytes, hash.bytes, sizeof hash.bytes);
    assert_offsets(&clinic.partitions[1], 200, 200, 193);
}

static void each_partition_moves_to_its_own_last_record(void **state) {
    (void)state;
    given_slots(3);
    (void)book_on(2, PATIENT, 1);
    (void)book_on(0, PATIENT, 2);
    (void)book_on(2, PATIENT, 3);
    assert_status(OK, run());
    assert_offsets(&clinic.partitions[0], 101, 101, 100);
    assert_offsets(&clinic.partitions[1], 200, 200, 193);
    assert_offsets(&clinic.partitions[2], 302, 302, 300);
}

/* What a save tells the database of publication is what was published before it. */
static void the_next_batch_notes_what_the_last_one_published(void **state) {
    (void)state;
    given_bookings(2);
    assert_status(OK, engine_run(clinic.engine, clinic.requests, 1));
    assert_offsets(&clinic.partitions[0], 101, 101, 100);
    assert_status(OK, engine_run(clinic.engine, clinic.requests + 1, 1));
    assert_offsets(&clinic.partitions[0], 102, 102, 101);
}

static void answers_are_counted(void **state) {
    (void)state;
    double accepted = metrics_value(METRIC_RECORDS, "ACCEPTED");
    double malformed = metrics_value(METRIC_RECORDS, "MALFORMED");
    double bookings = metrics_value(METRIC_COMMANDS, "BookSlot");
    double duplicates = metrics_value(METRIC_DUPLICATES, "");
    double batches = metrics_value(METRIC_BATCHES, "");
    double sizes = metrics_value(METRIC_BATCH_RECORDS, "");
    double decodings = metrics_value(METRIC_STAGE_SECONDS, "decode");
    double publications = metrics_value(METRIC_STAGE_SECONDS, "publish");
    given_slots(1);
    for (int i = 0; i < 2; i++) {
        clinic.next_command_id = 0x500;
        (void)book(PATIENT, 1);
    }
    (void)garbage();
    assert_status(OK, run());
    assert_true(metrics_value(METRIC_RECORDS, "ACCEPTED") == accepted + 2);
    assert_true(metrics_value(METRIC_RECORDS, "MALFORMED") == malformed + 1);
    assert_true(metrics_value(METRIC_COMMANDS, "BookSlot") == bookings + 2);
    assert_true(metrics_value(METRIC_DUPLICATES, "") == duplicates + 1);
    assert_true(metrics_value(METRIC_BATCHES, "") == batches + 1);
    assert_true(metrics_value(METRIC_BATCH_RECORDS, "") == sizes + 1);
    assert_true(metrics_value(METRIC_STAGE_SECONDS, "decode") == decodings + 1);
    assert_true(metrics_value(METRIC_STAGE_SECONDS, "publish") == publications + 1);
}

/* Conflicts. ---------------------------------------------------------------------------------- */

static void a_conflict_is_decided_again_from_fresh_rows(void **state) {
    (void)state;
    double conflicts = metrics_value(METRIC_CONFLICTS, "");
    given_bookings(2);
    outside.save = (struct failure){.times = 1, .status = STATUS_CONFLICT};
    assert_status(OK, run());
    assert_journal("load(2) save rollback load(2) save commit publish(100-101) ");
    assert_all_answered(2);
    assert_true(metrics_value(METRIC_CONFLICTS, "") == conflicts + 1);
    assert_offsets(&clinic.partitions[0], 102, 102, 100);
}

static void a_conflict_may_show_in_any_stage(void **state) {
    (void)state;
    given_bookings(1);
    outside.load = (struct failure){.times = 1, .status = STATUS_CONFLICT};
    outside.commit = (struct failure){.times = 1, .status = STATUS_CONFLICT};
    assert_status(OK, run());
    assert_journal("load(1) rollback load(1) save commit rollback load!(1) save commit "
                   "publish(100-100) ");
}

static void after_two_conflicts_the_accounts_are_locked(void **state) {
    (void)state;
    given_bookings(1);
    outside.save = (struct failure){.times = 3, .status = STATUS_CONFLICT};
    assert_status(OK, run());
    assert_journal("load(1) save rollback load(1) save rollback load!(1) save rollback "
                   "load!(1) save commit publish(100-100) ");
}

static size_t count_in_journal(const char *word) {
    size_t count = 0;
    for (const char *found = strstr(journal, word); found != NULL;
         found = strstr(found + 1, word)) {
        count++;
    }
    return count;
}

static void twelve_conflicts_are_the_environments_trouble(void **state) {
    (void)state;
    given_bookings(1);
    outside.save = (struct failure){.times = EVERY_TIME, .status = STATUS_CONFLICT};
    assert_status(RETRY, run());
    assert_int_equal(count_in_journal("load"), 12);
    assert_int_equal(count_in_journal("load!"), 10);
    assert_int_equal(count_in_journal("rollback"), 12);
    assert_int_equal(count_in_journal("commit"), 0);
    assert_int_equal(outside.published_count, 0);
    assert_unmoved(&clinic.partitions[0]);
}

static void the_twelfth_round_may_succeed(void **state) {
    (void)state;
    given_bookings(1);
    outside.commit = (struct failure){.times = 11, .status = STATUS_CONFLICT};
    assert_status(OK, run());
    assert_int_equal(count_in_journal("load"), 12);
    assert_all_answered(1);
}

/* What one round put into memory is given back before the next. */
static void rounds_do_not_pile_up_in_memory(void **state) {
    (void)state;
    given_bookings(8);
    outside.save = (struct failure){.times = 1, .status = STATUS_RETRY};
    assert_status(RETRY, run());
    size_t used_in_first_round = outside.used_at_load;
    outside.save = (struct failure){.times = 11, .status = STATUS_CONFLICT};
    outside.publish = (struct failure){.times = 1, .status = STATUS_RETRY};
    assert_status(RETRY, run());
    assert_int_equal(outside.used_at_load, used_in_first_round);
    assert_int_equal(arena_used(clinic.engine->work), 0);
    assert_true(arena_used(clinic.engine->arena) > 0);
}

/* Poison. ------------------------------------------------------------------------------------- */

static void a_record_that_fails_alone_twice_is_answered_internal(void **state) {
    (void)state;
    double internal = metrics_value(METRIC_RECORDS, "INTERNAL");
    given_bookings(1);
    given_poison(100);
    assert_status(OK, run());
    assert_journal("load(1) save rollback load(1) save rollback load(1) save commit "
                   "publish(100-100) ");
    assert_all_answered(1);
    assert_offsets(&clinic.partitions[0], 101, 101, 100);
    assert_true(metrics_value(METRIC_RECORDS, "INTERNAL") == internal + 1);
}

static void a_second_look_may_find_the_record_good(void **state) {
    (void)state;
    given_bookings(1);
    outside.save = (struct failure){.times = 1, .status = STATUS_POISON};
    assert_status(OK, run());
    assert_journal("load(1) save rollback load(1) save commit publish(100-100) ");
    assert_all_answered(1);
}

static void halves_go_in_order(void **state) {
    (void)state;
    given_bookings(4);
    given_poison(102);
    assert_status(OK, run());
    assert_journal("load(4) save rollback "
                   "load(2) save commit publish(100-101) "
                   "load(2) save rollback "
                   "load(1) save rollback load(1) save rollback "
                   "load(1) save commit publish(102-102) "
                   "load(1) save commit publish(103-103) ");
    assert_all_answered(4);
    assert_offsets(&clinic.partitions[0], 104, 104, 103);
}

static void the_poison_may_lie_anywhere(void **state) {
    for (unsigned count = 1; count <= 9; count++) {
        for (unsigned poisoned = 0; poisoned < count; poisoned++) {
            (void)connect_clinic(state);
            given_bookings(count);
            given_poison(100 + poisoned);
            assert_status(OK, run());
            assert_all_answered(count);
            assert_int_equal(clinic.partitions[0].next_offset, 100 + count);
            assert_int_equal(clinic.partitions[0].published_offset, 100 + count);
        }
    }
}

static void three_may_fail_alone(void **state) {
    (void)state;
    given_bookings(16);
    given_poison(100);
    given_poison(107);
    given_poison(115);
    assert_status(OK, run());
    assert_all_answered(16);
}

/* What was committed before stays committed and published. */
static void a_fourth_is_nobodys_record(void **state) {
    (void)state;
    given_bookings(8);
    for (int64_t offset = 101; offset < 105; offset++) {
        given_poison(offset);
    }
    assert_status(FATAL, run());
    assert_all_answered(4);
    assert_offsets(&clinic.partitions[0], 104, 104, 103);
}

static void a_refused_internal_answer_is_our_own_defect(void **state) {
    (void)state;
    given_bookings(1);
    given_poison(100);
    outside.poison_stays = true;
    assert_status(FATAL, run());
    assert_journal("load(1) save rollback load(1) save rollback load(1) save rollback ");
    assert_unmoved(&clinic.partitions[0]);
}

static void each_half_begins_its_own_rounds(void **state) {
    (void)state;
    given_bookings(2);
    outside.load = (struct failure){.times = 2, .status = STATUS_CONFLICT};
    given_poison(101);
    assert_status(OK, run());
    assert_journal("load(2) rollback load(2) rollback load!(2) save rollback "
                   "load(1) save commit publish(100-100) "
                   "load(1) save rollback load(1) save rollback "
                   "load(1) save commit publish(101-101) ");
}

/* The end of a session. ----------------------------------------------------------------------- */

static void assert_ends_at_once(enum status status) {
    struct failure *const stages[] = {&outside.load, &outside.save, &outside.commit};
    static const char *const journals[] = {
        "load(2) rollback ", "load(2) save rollback ", "load(2) save commit rollback "};
    for (size_t i = 0; i < 3; i++) {
        (void)connect_clinic(NULL);
        given_bookings(2);
        *stages[i] = (struct failure){.times = EVERY_TIME, .status = status};
        assert_string_equal(status_name(run()), status_name(status));
        assert_string_equal(journal, journals[i]);
        assert_unmoved(&clinic.partitions[0]);
    }
}

static void what_is_no_race_ends_the_session_at_once(void **state) {
    (void)state;
    assert_ends_at_once(STATUS_RETRY);
    assert_ends_at_once(STATUS_LOST);
    assert_ends_at_once(STATUS_FATAL);
}

static void no_half_is_begun_after_a_loss(void **state) {
    (void)state;
    given_bookings(2);
    given_poison(101);
    outside.load = (struct failure){.after = 1, .times = EVERY_TIME, .status = STATUS_LOST};
    assert_status(LOST, run());
    assert_journal("load(2) save rollback load(1) rollback ");
}

static void a_failed_publication_leaves_the_answers_owed(void **state) {
    (void)state;

    static const enum status statuses[] = {STATUS_RETRY, STATUS_LOST, STATUS_FATAL};

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        (void)connect_clinic(state);
        given_bookings(2);
        outside.publish = (struct failure){.times = 1, .status = statuses[i]};
        assert_string_equal(status_name(run()), status_name(statuses[i]));
        assert_journal("load(2) save commit publish(100-101) ");
        assert_offsets(&clinic.partitions[0], 102, 100, 100);
        assert_int_equal(clinic.partitions[0].last_offset, 101);
    }
}

static void a_failed_publication_of_a_half_stops_the_other(void **state) {
    (void)state;
    given_bookings(2);
    given_poison(101);
    outside.publish = (struct failure){.times = 1, .status = STATUS_RETRY};
    assert_status(RETRY, run());
    assert_journal("load(2) save rollback load(1) save commit publish(100-100) ");
    assert_offsets(&clinic.partitions[0], 101, 100, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RUN_TEST(the_stages_run_in_order),
        RUN_TEST(answers_are_of_the_cluster_connected_to),
        RUN_TEST(early_answers_are_saved_and_published_too),
        RUN_TEST(a_partition_moves_on_in_two_steps),
        RUN_TEST(each_partition_moves_to_its_own_last_record),
        RUN_TEST(the_next_batch_notes_what_the_last_one_published),
        RUN_TEST(answers_are_counted),
        RUN_TEST(a_conflict_is_decided_again_from_fresh_rows),
        RUN_TEST(a_conflict_may_show_in_any_stage),
        RUN_TEST(after_two_conflicts_the_accounts_are_locked),
        RUN_TEST(twelve_conflicts_are_the_environments_trouble),
        RUN_TEST(the_twelfth_round_may_succeed),
        RUN_TEST(rounds_do_not_pile_up_in_memory),
        RUN_TEST(a_record_that_fails_alone_twice_is_answered_internal),
        RUN_TEST(a_second_look_may_find_the_record_good),
        RUN_TEST(halves_go_in_order),
        RUN_TEST(the_poison_may_lie_anywhere),
        RUN_TEST(three_may_fail_alone),
        RUN_TEST(a_fourth_is_nobodys_record),
        RUN_TEST(a_refused_internal_answer_is_our_own_defect),
        RUN_TEST(each_half_begins_its_own_rounds),
        RUN_TEST(what_is_no_race_ends_the_session_at_once),
        RUN_TEST(no_half_is_begun_after_a_loss),
        RUN_TEST(a_failed_publication_leaves_the_answers_owed),
        RUN_TEST(a_failed_publication_of_a_half_stops_the_other),
    };

    return cmocka_run_group_tests_name("engine run", tests, open_clinic, close_clinic);
}
