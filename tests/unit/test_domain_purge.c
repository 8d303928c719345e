/* PurgeHistory: who may, how old, what its one event says, and the text and digest in it. */
#include "domain_account_fixture.h"

#define BEFORE_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */
#define HEADS     "0102030000000000000000000000000000000000000000000000000000000000"

static enum code purge(struct fixture *fixture, unsigned caller, int64_t before_us) {
    begin_command(fixture, caller, "PurgeHistory");
    set_time(fixture, "before", before_us);
    return decide_command(fixture);
}

/* As load finds it. */
static void given_purgeable(struct fixture *fixture) {
    fixture->limits.retention_minimum_us = DAY_US;
    fixture->world.purge = (struct purge){
        .record =
            {.slots = 2,
             .appointments = INT64_C(30),
             .events = INT64_C(12345678901),
             .heads = {{0x01, 0x02, 0x03}}},
        .more = true};
}

static void what_was_found_goes(void **state) {
    struct fixture *fixture = *state;
    given_purgeable(fixture);
    assert_accepted(purge(fixture, ADMIN, BEFORE_US));
    assert_ptr_equal(fixture->world.purge.decided_by, the_account(fixture, ADMIN));
    assert_int_equal(fixture->world.purge.record.before_us, BEFORE_US);

    const struct result *result = &fixture->decision.result;
    assert_int_equal(result->type, RESULT_PURGED);
    assert_int_equal(result->as.purged.slots, 2);
    assert_int_equal(result->as.purged.appointments, 30);
    assert_int_equal(result->as.purged.events, INT64_C(12345678901));
    assert_true(result->as.purged.more);
}

static void one_event_keeps_counts_and_digest(void **state) {
    struct fixture *fixture = *state;
    given_purgeable(fixture);
    assert_accepted(purge(fixture, ADMIN, BEFORE_US));
    assert_int_equal(fixture->decision.event_count, 1);
    const struct audit_event *event = event_at(fixture, 0);
    assert_int_equal(event->entity, ENTITY_ACCOUNT);
    assert_uuid(id(ADMIN), event->entity_id);
    assert_false(event->has_slot_id);
    assert_int_equal(event->sequence, 2);
    assert_true(event->has_old_state);
    assert_int_equal(event->old_state, STATE_ACTIVE);
    assert_int_equal(event->new_state, STATE_ACTIVE);
    assert_uuid(id(ADMIN), event->actor_id);
    assert_int_equal(event->actor_role, ROLE_ADMIN);
    assert_int_equal(event->reason, REASON_PURGED);
    assert_string_equal(
        event->detail,
        "before=1767225600000000 slots=2 appointments=30 events=12345678901 heads=" HEADS);
    assert_int_equal(the_account(fixture, ADMIN)->chain.sequence, 2);
    assert_int_equal(fixture->world.changed_account_count, 0);
}

static void a_purge_of_nothing_leaves_its_event(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(purge(fixture, ADMIN, NOW_US));
    assert_int_equal(fixture->decision.event_count, 1);
    assert_false(fixture->decision.result.as.purged.more);
    assert_int_equal(fixture->decision.result.as.purged.slots, 0);
}

static void young_history_is_kept(void **state) {
    struct fixture *fixture = *state;
    given_purgeable(fixture);
    assert_code(RETENTION_MINIMUM, purge(fixture, ADMIN, NOW_US - DAY_US + 1));
    assert_null(fixture->world.purge.decided_by);
    assert_int_equal(changes(fixture), 0);
    assert_accepted(purge(fixture, ADMIN, NOW_US - DAY_US));
}

static void a_repeat_purges_nothing(void **state) {
    struct fixture *fixture = *state;
    given_purgeable(fixture);
    struct uuid command_id = id(0xc1);
    fixture->next_command_id = command_id;
    assert_accepted(purge(fixture, ADMIN, BEFORE_US));
    fixture->world.purge.decided_by = NULL;
    size_t events = fixture->world.event_count;
    fixture->next_command_id = command_id;
    (void)purge(fixture, ADMIN, BEFORE_US);
    assert_non_null(fixture->decision.recalled);
    assert_null(fixture->world.purge.decided_by);
    assert_int_equal(fixture->world.event_count, events);
}

static void only_admins_may(void **state) {
    (void)state;
    const struct command_definition *definition =
        command_definition_find(view_text("PurgeHistory"));
    assert_non_null(definition);
    assert_int_equal(definition->roles, ROLE_BIT(ROLE_ADMIN));
    assert_int_equal(definition->lane, LANE_ACCOUNTS);
    assert_int_equal(definition->loads, LOAD_PURGEABLE);
}

static void the_largest_record_fits(void **state) {
    (void)state;
    char text[PURGE_RECORD_TEXT_SIZE];
    struct purge_record record = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, {{0xff}}};
    purge_record_format(&record, text);
    assert_true(strlen(text) < sizeof text);
    assert_memory_equal(text, "before=9223372036854775807 slots=9223372036854775807 ", 53);
}

/* The same as in docs/audit.md. */
static void heads_have_the_documented_form(void **state) {
    (void)state;
    struct digester digester;
    struct digest found;
    struct digest expected;
    struct chain chain = {.sequence = 0x0102, .head = {{0xaa, 0xbb}}};
    uint8_t form[16 + 8 + 32] = {[6] = 0x40, [8] = 0x80, [15] = 0x05};
    form[22] = 0x01;
    form[23] = 0x02;
    form[24] = 0xaa;
    form[25] = 0xbb;
    digester_begin(&digester);
    purge_heads_add(&digester, id(5), &chain);
    digester_end(&digester, &found);
    digest_of(view_of(form, sizeof form), &expected);
    assert_true(digest_equal(&found, &expected));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DOMAIN_TEST(what_was_found_goes),
        DOMAIN_TEST(one_event_keeps_counts_and_digest),
        DOMAIN_TEST(a_purge_of_nothing_leaves_its_event),
        DOMAIN_TEST(young_history_is_kept),
        DOMAIN_TEST(a_repeat_purges_nothing),
        cmocka_unit_test(only_admins_may),
        cmocka_unit_test(the_largest_record_fits),
        cmocka_unit_test(heads_have_the_documented_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
