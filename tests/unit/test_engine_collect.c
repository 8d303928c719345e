/* What a batch wants locked and loaded: each row once and sorted, no more than its records can
 * need. */
#include "engine_fixture.h"

static struct attempt attempt;

static const struct load_request *collect(void) {
    stage_decode(clinic.engine, clinic.requests, clinic.count);
    attempt = (struct attempt){
        .engine = clinic.engine, .requests = clinic.requests, .count = clinic.count};
    stage_collect(&attempt);
    return &attempt.load;
}

static void assert_ids(struct uuid_list list, const unsigned *expected, size_t count) {
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_uuid(id(expected[i]), list.items[i]);
    }
}

#define assert_list(list, ...)                                                                     \
    assert_ids(                                                                                    \
        list,                                                                                      \
        (const unsigned[]){__VA_ARGS__},                                                           \
        sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

/* Rows. --------------------------------------------------------------------------------------- */

static void each_row_is_asked_for_once_and_sorted(void **state) {
    (void)state;
    (void)book(PATIENT_2, 9);
    (void)book(PATIENT, 4);
    (void)book(PATIENT_2, 4);
    (void)withdraw(DOCTOR, 300);
    (void)reschedule(PATIENT, 9, 0x70, 2);
    (void)reschedule(PATIENT, 4, 0x60, 2);
    (void)reschedule(PATIENT_2, 4, 0x70, 9);
    const struct load_request *load = collect();
    assert_list(load->accounts, PATIENT, PATIENT_2, DOCTOR);
    assert_list(load->slots, 2, 4, 9, 300);
    assert_list(load->appointments, 0x60, 0x70);
    assert_list(load->patients, PATIENT, PATIENT_2);
    assert_int_equal(load->doctors.count, 0);
    assert_int_equal(load->window_count, 0);
    assert_int_equal(load->command_count, 7);
}

static void a_null_field_names_no_row(void **state) {
    (void)state;
    const struct field_text fields[] = {
        {"slot_id", id_text(5)},
        {"appointment_id", id_text(0x70)},
        {"reason", "null"},
    };
    (void)given_command(0, ADMIN, "CancelAppointment", fields, 3);
    const struct load_request *load = collect();
    assert_list(load->accounts, ADMIN);
    assert_list(load->slots, 5);
    assert_list(load->appointments, 0x70);
    assert_int_equal(load->patients.count, 0);
}

static void each_command_is_recalled_in_order(void **state) {
    (void)state;
    clinic.next_command_id = 0x501;
    (void)book(PATIENT_2, 9);
    clinic.next_command_id = 0x502;
    (void)book(PATIENT, 4);
    clinic.next_command_id = 0x501;
    (void)book(PATIENT, 4);
    const struct load_request *load = collect();
    assert_int_equal(load->recall_count, 3);
    assert_uuid(id(PATIENT_2), load->recalls[0].caller);
    assert_uuid(id(0x501), load->recalls[0].command_id);
    assert_uuid(id(PATIENT), load->recalls[1].caller);
    assert_uuid(id(0x502), load->recalls[1].command_id);
    assert_uuid(id(PATIENT), load->recalls[2].caller);
    assert_uuid(id(0x501), load->recalls[2].command_id);
}

static void assert_loads_nothing(const struct load_request *load, size_t claims) {
    assert_int_equal(load->claim_count, claims);
    assert_int_equal(load->accounts.count, 0);
    assert_int_equal(load->slots.count, 0);
    assert_int_equal(load->appointments.count, 0);
    assert_int_equal(load->patients.count, 0);
    assert_int_equal(load->doctors.count, 0);
    assert_int_equal(load->window_count, 0);
    assert_int_equal(load->recall_count, 0);
}

static void what_is_answered_early_loads_nothing(void **state) {
    (void)state;
    (void)garbage();
    book(PATIENT, 4)->record.header_count = 0; /* no token */
    (void)book(DOCTOR, 5);                     /* no patient */
    (void)publish_slot(PATIENT, 6, at(60), at(120));
    const struct load_request *load = collect();
    assert_loads_nothing(load, 1);
    assert_int_equal(load->command_count, 4);
    assert_int_equal(load->claims[0].after_offset, 104);
}

static void an_early_answer_between_others_leaves_them(void **state) {
    (void)state;
    (void)book(PATIENT, 4);
    (void)book(DOCTOR, 5);
    (void)book(PATIENT_2, 6);
    const struct load_request *load = collect();
    assert_list(load->accounts, PATIENT, PATIENT_2);
    assert_list(load->slots, 4, 6);
    assert_int_equal(load->recall_count, 2);
}

static void an_internal_answer_loads_nothing_and_is_claimed(void **state) {
    (void)state;
    struct request *request = publish_slot(DOCTOR, 6, at(60), at(120));
    stage_decode(clinic.engine, request, 1);
    attempt = (struct attempt){
        .engine = clinic.engine, .requests = request, .count = 1, .answer_internal = true};
    stage_collect(&attempt);
    assert_loads_nothing(&attempt.load, 1);
}

static void the_lock_is_passed_on(void **state) {
    (void)state;
    (void)book(PATIENT, 4);
    assert_false(collect()->lock_accounts_for_update);
    attempt.lock_accounts_for_update = true;
    stage_collect(&attempt);
    assert_true(attempt.load.lock_accounts_for_update);
    assert_int_equal(attempt.load.claim_count, 1); /* collected afresh */
    assert_list(attempt.load.accounts, PATIENT);
}

/* Commands of most fields, a record each: the lists hold what a batch can name. */
static void a_batch_of_the_widest_commands_fits(void **state) {
    (void)state;
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        (void)reschedule(PATIENT, 1 + 2 * i, 0x1000 + i, 2 + 2 * i);
    }
    const struct load_request *load = collect();
    assert_int_equal(load->slots.count, 2 * REQUESTS_MAX);
    assert_int_equal(load->appointments.count, REQUESTS_MAX);
    assert_list(load->patients, PATIENT);
}

/* Claims. ------------------------------------------------------------------------------------- */

static void assert_claim(const struct claim *claim, const struct request *last) {
    struct digest hash;
    digest_of(last->record.value, &hash);
    assert_ptr_equal(claim->partition, last->partition);
    assert_int_equal(claim->after_offset, last->record.offset + 1);
    assert_int_equal(claim->last_offset, last->record.offset);
    assert_int_equal(claim->last_append_time_us, last->record.append_time_us);
    assert_memory_equal(claim->last_hash.bytes, hash.bytes, sizeof hash.bytes);
}

static void a_claim_remembers_the_last_record(void **state) {
    (void)state;
    (void)book(PATIENT, 4);
    (void)book(PATIENT, 5);
    const struct request *last = garbage();
    const struct load_request *load = collect();
    assert_int_equal(load->claim_count, 1);
    assert_claim(&load->claims[0], last);
    assert_int_equal(load->claims[0].after_offset, 103);
}

static void partitions_may_be_interleaved(void **state) {
    (void)state;
    (void)book_on(2, PATIENT, 1);
    (void)book_on(0, PATIENT, 2);
    (void)book_on(2, PATIENT, 3);
    const struct request *last_of_1 = book_on(1, PATIENT, 4);
    const struct request *last_of_2 = book_on(2, PATIENT, 5);
    const struct request *last_of_0 = book_on(0, PATIENT, 6);
    const struct load_request *load = collect();
    assert_int_equal(load->claim_count, 3);
    assert_claim(&load->claims[0], last_of_2);
    assert_claim(&load->claims[1], last_of_0);
    assert_claim(&load->claims[2], last_of_1);
}

/* The same offset on two partitions is two records. */
static void offsets_belong_to_their_partition(void **state) {
    (void)state;
    clinic.partitions[1].next_offset = 100;
    const struct request *first = book_on(0, PATIENT, 1);
    const struct request *second = book_on(1, PATIENT, 2);
    assert_int_equal(first->record.offset, second->record.offset);
    const struct load_request *load = collect();
    assert_claim(&load->claims[0], first);
    assert_claim(&load->claims[1], second);
}

static void offsets_may_have_gaps(void **state) {
    (void)state;
    (void)book(PATIENT, 1);
    struct request *last = given_record(0, view_of(NULL, 0));
    last->record.offset = 5000;
    assert_claim(&collect()->claims[0], last);
}

/* Of a part of a batch only that part is claimed. */
static void a_range_claims_its_own_records(void **state) {
    (void)state;
    (void)book(PATIENT, 1);
    const struct request *second = book_on(1, PATIENT, 2);
    (void)book(PATIENT, 3);
    stage_decode(clinic.engine, clinic.requests, clinic.count);
    attempt =
        (struct attempt){.engine = clinic.engine, .requests = clinic.requests + 1, .count = 1};
    stage_collect(&attempt);
    assert_int_equal(attempt.load.claim_count, 1);
    assert_claim(&attempt.load.claims[0], second);
    assert_list(attempt.load.slots, 2);
}

/* Windows. ------------------------------------------------------------------------------------ */

static void assert_window(
    const struct load_request *load, size_t i, unsigned doctor, int64_t from, int64_t until) {
    assert_true(i < load->window_count);
    assert_uuid(id(doctor), load->windows[i].doctor_id);
    assert_int_equal(load->windows[i].starts_at_us, at(from));
    assert_int_equal(load->windows[i].ends_at_us, at(until));
}

static void offer(unsigned doctor, int64_t from, int64_t until) {
    (void)publish_slot(doctor, 1000 + (unsigned)clinic.count, at(from), at(until));
}

static void windows_apart_stay_apart_and_are_sorted(void **state) {
    (void)state;
    offer(DOCTOR_2, 300, 360);
    offer(DOCTOR, 400, 460);
    offer(DOCTOR, 100, 160);
    offer(DOCTOR, 200, 260);
    const struct load_request *load = collect();
    assert_int_equal(load->window_count, 4);
    assert_window(load, 0, DOCTOR, 100, 160);
    assert_window(load, 1, DOCTOR, 200, 260);
    assert_window(load, 2, DOCTOR, 400, 460);
    assert_window(load, 3, DOCTOR_2, 300, 360);
    assert_list(load->doctors, DOCTOR, DOCTOR_2);
    assert_int_equal(load->patients.count, 0);
    assert_int_equal(load->slots.count, 4);
}

static void windows_that_overlap_become_one(void **state) {
    (void)state;
    offer(DOCTOR, 150, 250);
    offer(DOCTOR, 100, 200);
    offer(DOCTOR, 240, 300);
    const struct load_request *load = collect();
    assert_int_equal(load->window_count, 1);
    assert_window(load, 0, DOCTOR, 100, 300);
}

static void windows_that_touch_become_one(void **state) {
    (void)state;
    offer(DOCTOR, 160, 220);
    offer(DOCTOR, 100, 160);
    const struct load_request *load = collect();
    assert_int_equal(load->window_count, 1);
    assert_window(load, 0, DOCTOR, 100, 220);
}

static void windows_a_moment_apart_do_not(void **state) {
    (void)state;
    offer(DOCTOR, 100, 160);
    (void)publish_slot(DOCTOR, 7, at(160) + 1, at(220));
    const struct load_request *load = collect();
    assert_int_equal(load->window_count, 2);
}

static void a_window_within_another_adds_nothing(void **state) {
    (void)state;
    offer(DOCTOR, 100, 400);
    offer(DOCTOR, 200, 260);
    offer(DOCTOR, 100, 160);
    const struct load_request *load = collect();
    assert_int_equal(load->window_count, 1);
    assert_window(load, 0, DOCTOR, 100, 400);
}

static void windows_of_two_doctors_stay_two(void **state) {
    (void)state;
    offer(DOCTOR, 100, 200);
    offer(DOCTOR_2, 100, 200);
    offer(DOCTOR_2, 150, 250);
    const struct load_request *load = collect();
    assert_int_equal(load->window_count, 2);
    assert_window(load, 0, DOCTOR, 100, 200);
    assert_window(load, 1, DOCTOR_2, 100, 250);
}

/* Their doctors' slots are counted all the same: the decision names the first rule that fails. */
static void slots_too_short_or_too_long_have_no_window(void **state) {
    (void)state;
    int64_t shortest = clinic_settings().limits.slot_duration_min_us;
    int64_t longest = clinic_settings().limits.slot_duration_max_us;
    (void)publish_slot(DOCTOR, 1, at(100), at(100) + shortest - 1);
    (void)publish_slot(DOCTOR, 2, at(100), at(100) + longest + 1);
    (void)publish_slot(DOCTOR, 3, at(100), at(100));
    (void)publish_slot(DOCTOR, 4, at(100), at(40));
    assert_int_equal(collect()->window_count, 0);
    assert_list(attempt.load.doctors, DOCTOR);
    assert_list(attempt.load.slots, 1, 2, 3, 4);
    (void)publish_slot(DOCTOR, 5, at(100), at(100) + shortest);
    assert_int_equal(collect()->window_count, 1);
    (void)publish_slot(DOCTOR_2, 6, at(100), at(100) + longest);
    assert_int_equal(collect()->window_count, 2);
}

static void no_shortest_length_still_needs_a_length(void **state) {
    (void)state;
    clinic.engine->settings.limits.slot_duration_min_us = 0;
    (void)publish_slot(DOCTOR, 3, at(100), at(100));
    (void)publish_slot(DOCTOR, 4, at(100), at(40));
    size_t none = collect()->window_count;
    (void)publish_slot(DOCTOR, 5, at(100), at(100) + 1);
    size_t one = collect()->window_count;
    clinic.engine->settings.limits = clinic_settings().limits;
    assert_int_equal(none, 0);
    assert_int_equal(one, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(each_row_is_asked_for_once_and_sorted),
        ENGINE_TEST(a_null_field_names_no_row),
        ENGINE_TEST(each_command_is_recalled_in_order),
        ENGINE_TEST(what_is_answered_early_loads_nothing),
        ENGINE_TEST(an_early_answer_between_others_leaves_them),
        ENGINE_TEST(an_internal_answer_loads_nothing_and_is_claimed),
        ENGINE_TEST(the_lock_is_passed_on),
        ENGINE_TEST(a_batch_of_the_widest_commands_fits),
        ENGINE_TEST(a_claim_remembers_the_last_record),
        ENGINE_TEST(partitions_may_be_interleaved),
        ENGINE_TEST(offsets_belong_to_their_partition),
        ENGINE_TEST(offsets_may_have_gaps),
        ENGINE_TEST(a_range_claims_its_own_records),
        ENGINE_TEST(windows_apart_stay_apart_and_are_sorted),
        ENGINE_TEST(windows_that_overlap_become_one),
        ENGINE_TEST(windows_that_touch_become_one),
        ENGINE_TEST(windows_a_moment_apart_do_not),
        ENGINE_TEST(a_window_within_another_adds_nothing),
        ENGINE_TEST(windows_of_two_doctors_stay_two),
        ENGINE_TEST(slots_too_short_or_too_long_have_no_window),
        ENGINE_TEST(no_shortest_length_still_needs_a_length),
    };

    return cmocka_run_group_tests_name("engine collect", tests, open_clinic, close_clinic);
}
