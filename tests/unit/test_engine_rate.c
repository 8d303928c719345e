/* Who sends too fast: answered so without a row, told when to come again, and not charged for what
 * was never answered. */
#include "decide_fixture.h"
#include "security/rate_limiter.h"

#include <jansson.h>

enum { PER_SECOND = 10, BURST = 3, WAIT_MS = 100 };

static int limit(void **state) {
    const struct rate_settings settings = {PER_SECOND, BURST, 100};
    (void)empty_clinic(state);
    rate_limiter_destroy(clinic.engine->security.rate);
    clinic.engine->security.rate = rate_limiter_new(&settings);
    assert_non_null(clinic.engine->security.rate);
    given_slots(BURST + 2);
    return 0;
}

static int no_limit(void **state) {
    rate_limiter_destroy(clinic.engine->security.rate);
    clinic.engine->security.rate = NULL;
    return close_clinic(state);
}

static long long retry_after_ms(const struct answer *answer) {
    const struct schema *schema = schemas_by_name(clinic.schemas, "slotkeeper.event.Outcome");
    char *text =
        codec_to_json(engine_codec(clinic.engine), clinic.engine->arena, schema, answer->outcome);
    json_t *outcome = json_loads(text, 0, NULL);
    assert_non_null(outcome);
    const json_t *retry = json_object_get(outcome, "retry_after_ms");
    const json_t *value = json_is_object(retry) ? json_object_get(retry, "long") : retry;
    long long found = json_is_integer(value) ? json_integer_value(value) : -1;
    json_decref(outcome);
    return found;
}

/* Bookings of one patient, all within a millisecond. */
static void given_bookings(unsigned count) {
    for (unsigned slot = 1; slot <= count; slot++) {
        (void)book(PATIENT, slot);
    }
}

static void one_too_many_is_refused_and_told_when_to_come(void **state) {
    (void)state;
    given_bookings(BURST + 1);
    (void)book(PATIENT_2, BURST + 2);
    const struct answer *answers = decide();
    for (size_t i = 0; i < BURST; i++) {
        assert_code(ACCEPTED, answers[i].code);
        assert_int_equal(retry_after_ms(&answers[i]), -1);
    }
    const struct answer *refused = &answers[BURST];
    assert_code(RATE_LIMITED, refused->code);
    assert_int_equal(retry_after_ms(refused), WAIT_MS);
    assert_int_equal(refused->retry_after_ms, WAIT_MS);
    assert_true(refused->has_caller && refused->has_command_id);
    assert_false(refused->recallable || refused->dead_letter.needed);
    assert_code(ACCEPTED, answers[BURST + 1].code); /* another caller */
}

static void a_repeat_is_limited_too(void **state) {
    (void)state;
    given_bookings(BURST);
    clinic.next_command_id = 0x8001;
    (void)book(PATIENT, 1);
    assert_code(RATE_LIMITED, decide()[BURST].code);
}

static void what_is_refused_before_costs_nothing(void **state) {
    (void)state;
    for (unsigned i = 0; i <= BURST; i++) {
        (void)book(DOCTOR, 1);
    }
    for (unsigned i = 0; i <= BURST; i++) {
        struct request *request = book(PATIENT, 1);
        request->record.append_time_us += DAY_US; /* its token has expired by then */
    }
    const struct answer *answers = decide();
    for (size_t i = 0; i <= BURST; i++) {
        assert_code(FORBIDDEN_ROLE, answers[i].code);
        assert_code(UNAUTHENTICATED, answers[BURST + 1 + i].code);
    }
}

static void time_between_the_records_counts_and_not_between_the_batches(void **state) {
    (void)state;
    given_bookings(BURST + 2);
    clinic.requests[BURST].record.append_time_us += INT64_C(1000) * WAIT_MS;
    clinic.requests[BURST + 1].record.append_time_us += INT64_C(1000) * WAIT_MS;
    const struct answer *answers = decide();
    assert_code(ACCEPTED, answers[BURST].code);
    assert_code(RATE_LIMITED, answers[BURST + 1].code);
}

/* ---- */

static enum status load_nothing(
    void *self,
    const struct load_request *request,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    (void)self, (void)request, (void)arena, (void)world;
    *now_us = NOW_US;
    return STATUS_RETRY;
}

static void roll_back_nothing(void *self) {
    (void)self;
}

static void a_batch_that_comes_again_is_charged_once(void **state) {
    (void)state;
    const struct store_port store = {.load = load_nothing, .rollback = roll_back_nothing};
    const struct bus_port bus = {.self = NULL};
    engine_connect(clinic.engine, &store, &bus, view_text(CLUSTER));
    given_bookings(BURST);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(engine_run(clinic.engine, clinic.requests, clinic.count), STATUS_RETRY);
    }
    const struct answer *answers = decide();
    for (size_t i = 0; i < BURST; i++) {
        assert_code(ACCEPTED, answers[i].code);
    }
    clinic.partitions[0].next_offset = clinic.requests[BURST - 1].record.offset + 1;
    uncharge(clinic.engine, clinic.requests, clinic.count); /* they are committed */
    struct request *request = book(PATIENT, BURST + 1);
    stage_decode(clinic.engine, request, 1);
    assert_code(RATE_LIMITED, request->early);
}

#define RATE_TEST(function) cmocka_unit_test_setup(function, limit)

int main(void) {
    const struct CMUnitTest tests[] = {
        RATE_TEST(one_too_many_is_refused_and_told_when_to_come),
        RATE_TEST(a_repeat_is_limited_too),
        RATE_TEST(what_is_refused_before_costs_nothing),
        RATE_TEST(time_between_the_records_counts_and_not_between_the_batches),
        RATE_TEST(a_batch_that_comes_again_is_charged_once),
    };
    return cmocka_run_group_tests(tests, open_clinic, no_limit);
}
