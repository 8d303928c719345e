/* Account commands on their way through the engine: rehearsed, counted, hashed, decided. Store and
 * bus are doubles, as in outside_fixture.h. */
#include "engine_account_fixture.h"

#define WHOLE "rehearse(1) find lock(1) note(1,0) commit load(1) save commit publish(1) "

static void assert_published(size_t index, const char *code) {
    assert_true(index < desk.published_count);
    assert_string_equal(code_text(desk.published[index].code), code);
}

/* Attempts. ------------------------------------------------------------------------------------ */

static void a_wrong_password_is_counted_before_it_is_looked_at(void **state) {
    (void)state;
    (void)log_in("patient", WRONG);
    assert_int_equal(run(), STATUS_OK);
    assert_journal(WHOLE);
    assert_published(0, "LOGIN_FAILED");
    assert_int_equal(failures(), 1);
    assert_int_equal(desk.attempt_count, 0);
}

static void a_right_password_is_forgiven(void **state) {
    (void)state;
    (void)log_in("patient", PASSWORD);
    assert_int_equal(run(), STATUS_OK);
    assert_journal(WHOLE);
    assert_published(0, "");
    assert_int_equal(failures(), 0);
}

static void an_unknown_login_takes_the_same_way(void **state) {
    (void)state;
    (void)log_in("nobody-at-all", WRONG);
    (void)log_in("no", WRONG);
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(2) find lock(2) note(2,0) commit load(2) save commit publish(2) ");
    assert_published(0, "LOGIN_FAILED");
    assert_published(1, "LOGIN_FAILED");
    assert_int_equal(failures(), 1);
}

static void what_is_throttled_is_not_looked_at(void **state) {
    (void)state;
    struct digest key;
    (void)log_in("patient", PASSWORD);
    (void)log_in("patient", PASSWORD);
    login_key_of(desk.secrets, view_text("patient"), &key);
    kept_throttle(&key)->throttle =
        (struct throttle){.failures = FAILURES_FREE - 1, .last_attempt_us = NOW_US};
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(2) find lock(1) note(1,0) commit load(2) save commit publish(2) ");
    assert_published(0, "");
    assert_published(1, "LOGIN_THROTTLED");
    assert_int_equal(desk.published[1].retry_after_ms, 1000);
    assert_false(desk.published[1].recallable);
}

/* The worker died after it had counted: the successor meets its reservation. */
static void an_attempt_is_counted_once_whoever_decides_it(void **state) {
    (void)state;
    (void)log_in("patient", WRONG);
    struct digest key;
    login_key_of(desk.secrets, view_text("patient"), &key);
    kept_throttle(&key)->throttle = (struct throttle){
        .failures = FAILURES_FREE, .blocked_until_us = NOW_US + 1, .last_attempt_us = NOW_US};
    desk.attempts[desk.attempt_count++] = (struct kept_attempt){3, 100};
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(1) find lock(1) note(0,0) commit load(1) save commit publish(1) ");
    assert_published(0, "LOGIN_FAILED");
    assert_int_equal(failures(), FAILURES_FREE);
    assert_int_equal(desk.attempt_count, 0);
}

static void nothing_is_looked_at_unless_it_is_counted(void **state) {
    (void)state;
    desk.note_status = STATUS_RETRY;
    (void)log_in("patient", PASSWORD);
    assert_int_equal(run(), STATUS_RETRY);
    assert_journal("rehearse(1) find lock(1) note(1,0) rollback ");
}

static void a_known_device_has_a_counter_of_its_own(void **state) {
    (void)state;
    struct digest key;
    login_key_of(desk.secrets, view_text("patient"), &key);
    kept_throttle(&key)->throttle = (struct throttle){
        .failures = 50, .blocked_until_us = NOW_US + DAY_US, .last_attempt_us = NOW_US};
    desk.device_known = true;
    (void)log_in("patient", PASSWORD);
    assert_int_equal(run(), STATUS_OK);
    assert_published(0, "");
    assert_int_equal(kept_throttle(&key)->throttle.failures, 50);
    desk.device_known = false;
    clinic.count = 0;
    (void)log_in("patient", PASSWORD);
    assert_int_equal(run(), STATUS_OK);
    assert_published(1, "LOGIN_THROTTLED");
}

static void a_registration_is_counted_apart(void **state) {
    (void)state;
    struct digest key;
    (void)register_patient("patient", PASSWORD);
    assert_int_equal(run(), STATUS_OK);
    assert_published(0, "LOGIN_TAKEN");
    login_key_of(desk.secrets, view_text("patient"), &key);
    assert_int_equal(kept_throttle(&key)->throttle.failures, 0);
    registration_key_of(desk.secrets, view_text("patient"), &key);
    assert_int_equal(kept_throttle(&key)->throttle.failures, 1);
}

/* How far a batch goes. -------------------------------------------------------------------------
 */

static void a_batch_hashes_so_many_at_once(void **state) {
    (void)state;
    char login[] = "login-0";
    for (int i = 0; i < HASHES_MAX + 1; i++) {
        login[6]++;
        (void)log_in(login, WRONG);
    }
    assert_int_equal(run(), STATUS_OK);
    assert_journal(
        "rehearse(5) find lock(4) note(4,0) commit load(4) save commit publish(4) " WHOLE);
    assert_int_equal(desk.published_count, HASHES_MAX + 1);
}

/* Not a second attempt: it is answered from the log, in a batch behind the first one's. */
static void a_repeat_waits_for_the_first_answer(void **state) {
    (void)state;
    (void)log_in("patient", WRONG);
    clinic.requests[1] = clinic.requests[0];
    clinic.requests[1].record.offset++;
    clinic.count = 2;
    assert_int_equal(run(), STATUS_OK);
    assert_journal(
        "rehearse(2) find lock(1) note(1,0) commit load(1) save commit publish(1) " WHOLE);
}

static void what_ends_an_account_stands_alone(void **state) {
    (void)state;
    (void)log_in("nobody-at-all", WRONG);
    (void)deactivate(ADMIN, PATIENT);
    (void)log_in("nobody-at-all", WRONG);
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(3) find lock(1) note(1,0) commit load(1) save commit publish(1) "
                   "rehearse(2) note(0,1) commit load!(1) save commit publish(1) " WHOLE);
    assert_true(desk.closing);
    assert_published(1, "");
}

/* Each is given what load has found for it, and nothing else that is in hand then. */
static void each_purge_stands_alone(void **state) {
    (void)state;
    (void)log_in("nobody-at-all", WRONG);
    (void)purge(ADMIN, "1970-01-03T00:00:00Z");
    (void)purge(ADMIN, "1970-01-04T00:00:00Z");
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(3) find lock(1) note(1,0) commit load(1) save commit publish(1) "
                   "rehearse(2) rollback load(1) purge(2) save commit publish(1) "
                   "rehearse(1) rollback load(1) purge(3) save commit publish(1) ");
    assert_published(1, "");
    assert_published(2, "");
}

static void who_may_not_end_an_account_announces_nothing(void **state) {
    (void)state;
    (void)deactivate(DOCTOR, PATIENT);
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(1) rollback load(1) save commit publish(1) ");
    assert_published(0, "ACCOUNT_NOT_FOUND");
}

static void what_is_in_the_log_is_not_looked_at(void **state) {
    (void)state;
    (void)log_in("patient", PASSWORD);
    desk.recalls = true;
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(1) rollback load(1) save commit publish(1) ");
    assert_published(0, "LOGIN_FAILED");
    assert_true(desk.published[0].route.duplicate);
}

static void an_early_answer_needs_no_rehearsal(void **state) {
    (void)state;
    (void)garbage();
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(1) rollback load(1) save commit publish(1) ");
    assert_published(0, "MALFORMED");
}

/* What changes between rehearsal and decision. --------------------------------------------------
 */

static void change_password_meanwhile(void) {
    desk.version = 2;
}

static void an_old_password_loses_its_race(void **state) {
    (void)state;
    desk.before_load = change_password_meanwhile;
    (void)log_in("patient", PASSWORD);
    assert_int_equal(run(), STATUS_OK);
    assert_journal(WHOLE);
    assert_published(0, "LOGIN_FAILED");
    assert_int_equal(failures(), 1);
}

static void erase_meanwhile(void) {
    desk.taken = false;
}

/* The password was not hashed, because the login was taken: rehearsed again, counted once. */
static void a_login_comes_free_meanwhile(void **state) {
    (void)state;
    desk.before_load = erase_meanwhile;
    (void)register_patient("patient", NEW_PASSWORD);
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(1) find lock(1) note(1,0) commit load(1) rollback "
                   "rehearse(1) find lock(1) note(0,0) commit load(1) save commit publish(1) ");
    assert_published(0, "");
    assert_int_equal(failures(), 0);
}

static void reactivate_meanwhile(void) {
    desk.deactivated = false;
}

/* Accepted only at the second look: it is announced and locked before it takes effect. */
static void an_end_is_never_decided_without_its_lock(void **state) {
    (void)state;
    desk.deactivated = true;
    desk.before_load = reactivate_meanwhile;
    (void)deactivate(ADMIN, PATIENT);
    assert_int_equal(run(), STATUS_OK);
    assert_journal("rehearse(1) rollback load(1) rollback "
                   "rehearse(1) note(0,1) commit load!(1) save commit publish(1) ");
    assert_published(0, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_wrong_password_is_counted_before_it_is_looked_at),
        DESK_TEST(a_right_password_is_forgiven),
        DESK_TEST(an_unknown_login_takes_the_same_way),
        DESK_TEST(what_is_throttled_is_not_looked_at),
        DESK_TEST(an_attempt_is_counted_once_whoever_decides_it),
        DESK_TEST(nothing_is_looked_at_unless_it_is_counted),
        DESK_TEST(a_known_device_has_a_counter_of_its_own),
        DESK_TEST(a_registration_is_counted_apart),
        DESK_TEST(a_batch_hashes_so_many_at_once),
        DESK_TEST(a_repeat_waits_for_the_first_answer),
        DESK_TEST(what_ends_an_account_stands_alone),
        DESK_TEST(each_purge_stands_alone),
        DESK_TEST(who_may_not_end_an_account_announces_nothing),
        DESK_TEST(what_is_in_the_log_is_not_looked_at),
        DESK_TEST(an_early_answer_needs_no_rehearsal),
        DESK_TEST(an_old_password_loses_its_race),
        DESK_TEST(a_login_comes_free_meanwhile),
        DESK_TEST(an_end_is_never_decided_without_its_lock),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
