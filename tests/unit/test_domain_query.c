/* What queries read, for whom, and what they may show. */
#include "domain/page.h"
#include "domain_fixture.h"

static struct page page;

static enum code plan_query(struct fixture *fixture) {
    page = (struct page){0};
    enum code code = judge_query(&fixture->decision);
    return code == CODE_ACCEPTED ? fixture->command.definition->plan(&fixture->decision, &page)
                                 : code;
}

static void set_limit(struct fixture *fixture, int32_t limit) {
    *value_of(fixture, "limit") = (struct value){.present = true, .as.number = limit};
}

static void begin_list(
    struct fixture *fixture, unsigned caller, const char *name, int64_t from, int64_t until) {
    begin_command(fixture, caller, name);
    set_time(fixture, "from", at(from));
    set_time(fixture, "until", at(until));
    set_limit(fixture, 100);
}

/* Who asks. ----------------------------------------------------------------------------------- */

static void begin_get_account(struct fixture *fixture, unsigned caller, unsigned account) {
    begin_command(fixture, caller, "GetAccount");
    set_uuid(fixture, "account_id", id(account));
}

static void checks_come_in_order(void **state) {
    struct fixture *fixture = *state;
    struct account *caller = world_account(&fixture->world, id(PATIENT));
    begin_get_account(fixture, PATIENT, PATIENT);
    caller->role = ROLE_DOCTOR;
    caller->token_version = 2;
    caller->state = STATE_DEACTIVATED;
    fixture->decision.expires_at_us = fixture->now_us - 1;
    assert_code(UNAUTHENTICATED, plan_query(fixture));
    caller->role = ROLE_PATIENT;
    assert_code(UNAUTHENTICATED, plan_query(fixture));
    caller->token_version = 1;
    assert_code(EXPIRED, plan_query(fixture));
    fixture->decision.expires_at_us = fixture->now_us;
    assert_code(ACCOUNT_INACTIVE, plan_query(fixture));
    caller->state = STATE_ACTIVE;
    assert_accepted(plan_query(fixture));
    begin_get_account(fixture, NOBODY, NOBODY);
    assert_code(UNAUTHENTICATED, plan_query(fixture));
}

static void nothing_is_remembered(void **state) {
    struct fixture *fixture = *state;
    begin_get_account(fixture, PATIENT, PATIENT);
    assert_accepted(plan_query(fixture));
    assert_int_equal(fixture->world.new_recall_count, 0);
    assert_null(fixture->decision.remembered);
}

/* GetAccount. --------------------------------------------------------------------------------- */

static void an_account_is_seen_by_itself_and_by_admins(void **state) {
    struct fixture *fixture = *state;

    static const struct {
        unsigned caller;
        unsigned account;
        bool seen;
    } cases[] = {
        {PATIENT, PATIENT, true},
        {DOCTOR, DOCTOR, true},
        {ADMIN, ADMIN, true},
        {ADMIN, PATIENT, true},
        {ADMIN, DOCTOR, true},
        {PATIENT, DOCTOR, false},
        {PATIENT, PATIENT_2, false},
        {DOCTOR, PATIENT, false},
        {PATIENT, NOBODY, false},
        {ADMIN, NOBODY, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_get_account(fixture, cases[i].caller, cases[i].account);
        enum code code = plan_query(fixture);
        assert_string_equal(
            code_text(code), cases[i].seen ? "" : code_text(CODE_ACCOUNT_NOT_FOUND));
        assert_int_equal(page.kind, PAGE_NONE);
        if (cases[i].seen) {
            assert_int_equal(fixture->decision.result.type, RESULT_ACCOUNT);
            assert_uuid(id(cases[i].account), fixture->decision.result.as.account.account_id);
        }
    }
}

static void an_erased_account_is_still_told(void **state) {
    struct fixture *fixture = *state;
    world_account(&fixture->world, id(PATIENT))->state = STATE_ERASED;
    begin_get_account(fixture, ADMIN, PATIENT);
    assert_accepted(plan_query(fixture));
    assert_int_equal(fixture->decision.result.as.account.state, STATE_ERASED);
}

/* ListOpenSlots. ------------------------------------------------------------------------------ */

static void open_slots_begin_no_earlier_than_they_can_be_booked(void **state) {
    struct fixture *fixture = *state;
    fixture->limits.booking_lead_time_us = HOUR_US;
    begin_list(fixture, PATIENT, "ListOpenSlots", -600, 600);
    assert_accepted(plan_query(fixture));
    assert_int_equal(page.kind, PAGE_OPEN_SLOTS);
    assert_int_equal(page.after.at, at(60) - 1);
    assert_int_equal(page.after.id.bytes[0], 0xff);
    assert_int_equal(page.after.id.bytes[15], 0xff);
    assert_int_equal(page.until_us, at(600));
    begin_list(fixture, PATIENT, "ListOpenSlots", 61, 600);
    assert_accepted(plan_query(fixture));
    assert_int_equal(page.after.at, at(61) - 1);
}

/* One that nobody knows has none. */
static void open_slots_of_one_doctor(void **state) {
    struct fixture *fixture = *state;
    begin_list(fixture, PATIENT, "ListOpenSlots", 0, 600);
    set_uuid(fixture, "doctor_id", id(NOBODY));
    assert_accepted(plan_query(fixture));
    assert_int_equal(page.kind, PAGE_DOCTORS_OPEN_SLOTS);
    assert_uuid(id(NOBODY), page.subject);
}

static void the_limit_is_clamped(void **state) {
    struct fixture *fixture = *state;
    static const int32_t limits[][2] = {
        {INT32_MIN, 1}, {-1, 1}, {0, 1}, {1, 1}, {2, 2}, {200, 200}, {201, 200}, {INT32_MAX, 200}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        begin_list(fixture, PATIENT, "ListOpenSlots", 0, 600);
        set_limit(fixture, limits[i][0]);
        assert_accepted(plan_query(fixture));
        assert_int_equal(page.limit, limits[i][1]);
    }
}

/* ListAppointments. --------------------------------------------------------------------------- */

static enum code list_appointments(struct fixture *fixture, unsigned caller, unsigned account) {
    begin_list(fixture, caller, "ListAppointments", -600, 600);
    if (account != 0) {
        set_uuid(fixture, "account_id", id(account));
    }
    return plan_query(fixture);
}

static void appointments_are_seen_by_their_own_and_by_admins(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(list_appointments(fixture, PATIENT, 0));
    assert_int_equal(page.kind, PAGE_PATIENTS_APPOINTMENTS);
    assert_uuid(id(PATIENT), page.subject);
    assert_int_equal(page.after.at, at(-600) - 1); /* what is over is listed too */
    assert_accepted(list_appointments(fixture, DOCTOR, DOCTOR));
    assert_int_equal(page.kind, PAGE_DOCTORS_APPOINTMENTS);
    assert_accepted(list_appointments(fixture, ADMIN, DOCTOR));
    assert_int_equal(page.kind, PAGE_DOCTORS_APPOINTMENTS);
    assert_uuid(id(DOCTOR), page.subject);
    assert_accepted(list_appointments(fixture, ADMIN, PATIENT));
    assert_int_equal(page.kind, PAGE_PATIENTS_APPOINTMENTS);
    assert_accepted(list_appointments(fixture, ADMIN, 0));
    assert_uuid(id(ADMIN), page.subject);
    assert_code(ACCOUNT_NOT_FOUND, list_appointments(fixture, PATIENT, PATIENT_2));
    assert_code(ACCOUNT_NOT_FOUND, list_appointments(fixture, PATIENT, DOCTOR));
    assert_code(ACCOUNT_NOT_FOUND, list_appointments(fixture, DOCTOR, PATIENT));
    assert_code(ACCOUNT_NOT_FOUND, list_appointments(fixture, ADMIN, NOBODY));
}

static void appointments_of_one_state_or_of_all(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(list_appointments(fixture, PATIENT, 0));
    assert_int_equal(
        page.states,
        STATE_BIT(STATE_BOOKED) | STATE_BIT(STATE_CANCELLED) | STATE_BIT(STATE_FULFILLED)
            | STATE_BIT(STATE_NOSHOW));
    *value_of(fixture, "state") = (struct value){.present = true, .as.state = STATE_CANCELLED};
    assert_accepted(plan_query(fixture));
    assert_int_equal(page.states, STATE_BIT(STATE_CANCELLED));
}

/* GetHistory. --------------------------------------------------------------------------------- */

static enum code show_history(
    struct fixture *fixture, unsigned caller, const char *of, bool exists) {
    begin_command(fixture, caller, "GetHistory");
    set_uuid(fixture, of, id(0x500));
    set_limit(fixture, 100);
    assert_accepted(plan_query(fixture));
    assert_uuid(id(0x500), page.subject);
    page.exists = exists;
    page.doctor_id = exists ? id(DOCTOR) : (struct uuid){{0}};
    page.patient_id =
        exists && page.kind == PAGE_APPOINTMENT_HISTORY ? id(PATIENT) : (struct uuid){{0}};
    return fixture->command.definition->show(&fixture->decision, &page);
}

static void a_slots_history_is_shown_in_parts(void **state) {
    struct fixture *fixture = *state;
    assert_accepted(show_history(fixture, PATIENT, "slot_id", true));
    assert_true(page.only_viewers);
    assert_uuid(id(PATIENT), page.viewer);
    assert_accepted(show_history(fixture, DOCTOR, "slot_id", true));
    assert_false(page.only_viewers);
    assert_accepted(show_history(fixture, ADMIN, "slot_id", true));
    assert_false(page.only_viewers);
    assert_code(SLOT_NOT_FOUND, show_history(fixture, DOCTOR_2, "slot_id", true));
    assert_code(SLOT_NOT_FOUND, show_history(fixture, PATIENT, "slot_id", false));
    assert_code(SLOT_NOT_FOUND, show_history(fixture, ADMIN, "slot_id", false));
}

static void an_appointments_history_is_shown_to_its_people(void **state) {
    struct fixture *fixture = *state;
    static const char of[] = "appointment_id";
    assert_accepted(show_history(fixture, PATIENT, of, true));
    assert_accepted(show_history(fixture, DOCTOR, of, true));
    assert_accepted(show_history(fixture, ADMIN, of, true));
    assert_code(APPOINTMENT_NOT_FOUND, show_history(fixture, PATIENT_2, of, true));
    assert_code(APPOINTMENT_NOT_FOUND, show_history(fixture, DOCTOR_2, of, true));
    assert_code(APPOINTMENT_NOT_FOUND, show_history(fixture, ADMIN, of, false));
}

/* Pages. -------------------------------------------------------------------------------------- */

static void a_position_only_moves_on(void **state) {
    (void)state;
    struct page list = {.after = page_position_before(1000)};
    struct page_position position = {.at = 998, .id = id(1)};
    page_continue(&list, &position);
    assert_int_equal(list.after.at, 999);
    position.at = 999; /* the id before is the last there is */
    page_continue(&list, &position);
    assert_int_equal(list.after.id.bytes[0], 0xff);
    position.at = 1000;
    page_continue(&list, &position);
    assert_int_equal(list.after.at, 1000);
    assert_uuid(id(1), list.after.id);
    position.id = id(2);
    page_continue(&list, &position);
    assert_uuid(id(2), list.after.id);
    position.id = id(1);
    page_continue(&list, &position);
    assert_uuid(id(2), list.after.id);
}

static struct digest filters_of(struct fixture *fixture) {
    struct digest digest;
    command_filters_hash(&fixture->command, &digest);
    return digest;
}

static void filters_are_all_but_limit_and_cursor(void **state) {
    struct fixture *fixture = *state;
    begin_list(fixture, PATIENT, "ListAppointments", 0, 600);
    struct digest first = filters_of(fixture);
    set_limit(fixture, 7);
    *value_of(fixture, "cursor") = (struct value){.present = true, .as.bytes = view_text("any")};
    struct digest same = filters_of(fixture);
    assert_true(digest_equal(&first, &same));
    set_time(fixture, "until", at(601));
    struct digest others[4] = {filters_of(fixture)};
    set_time(fixture, "until", at(600));
    *value_of(fixture, "state") = (struct value){.present = true, .as.state = STATE_BOOKED};
    others[1] = filters_of(fixture);
    value_of(fixture, "state")->as.state = STATE_NOSHOW;
    others[2] = filters_of(fixture);
    begin_list(fixture, PATIENT, "ListOpenSlots", 0, 600);
    others[3] = filters_of(fixture);
    for (size_t i = 0; i < 4; i++) {
        assert_false(digest_equal(&first, &others[i]));
        assert_false(i > 0 && digest_equal(&others[i - 1], &others[i]));
    }
}

/* The content, of which a repeat would have to be the same, has all of it. */
static void limit_and_cursor_are_content(void **state) {
    struct fixture *fixture = *state;
    struct digest before;
    struct digest after;
    begin_list(fixture, PATIENT, "ListAppointments", 0, 600);
    command_content_hash(&fixture->command, &before);
    set_limit(fixture, 101);
    command_content_hash(&fixture->command, &after);
    assert_false(digest_equal(&before, &after));
}

static void each_list_has_the_result_of_its_rows(void **state) {
    (void)state;

    static const enum result_type types[PAGE_KIND_COUNT] = {
        [PAGE_OPEN_SLOTS] = RESULT_SLOT_PAGE,
        [PAGE_DOCTORS_OPEN_SLOTS] = RESULT_SLOT_PAGE,
        [PAGE_DOCTORS_APPOINTMENTS] = RESULT_APPOINTMENT_PAGE,
        [PAGE_PATIENTS_APPOINTMENTS] = RESULT_APPOINTMENT_PAGE,
        [PAGE_SLOT_HISTORY] = RESULT_HISTORY_PAGE,
        [PAGE_APPOINTMENT_HISTORY] = RESULT_HISTORY_PAGE,
    };

    for (unsigned kind = PAGE_NONE + 1; kind < PAGE_KIND_COUNT; kind++) {
        struct result result = {.type = RESULT_NONE};
        const struct page list = {.kind = (enum page_kind)kind};
        result_of_page(&result, &list, view_of(NULL, 0));
        assert_int_equal(result.type, types[kind]);
    }
}

#define QUERY_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        QUERY_TEST(checks_come_in_order),
        QUERY_TEST(nothing_is_remembered),
        QUERY_TEST(an_account_is_seen_by_itself_and_by_admins),
        QUERY_TEST(an_erased_account_is_still_told),
        QUERY_TEST(open_slots_begin_no_earlier_than_they_can_be_booked),
        QUERY_TEST(open_slots_of_one_doctor),
        QUERY_TEST(the_limit_is_clamped),
        QUERY_TEST(appointments_are_seen_by_their_own_and_by_admins),
        QUERY_TEST(appointments_of_one_state_or_of_all),
        QUERY_TEST(a_slots_history_is_shown_in_parts),
        QUERY_TEST(an_appointments_history_is_shown_to_its_people),
        QUERY_TEST(a_position_only_moves_on),
        QUERY_TEST(each_list_has_the_result_of_its_rows),
        QUERY_TEST(filters_are_all_but_limit_and_cursor),
        QUERY_TEST(limit_and_cursor_are_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
