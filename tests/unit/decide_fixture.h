/* One attempt at the clinic's requests, decided against its rows without a store. */
#ifndef SLOTKEEPER_TESTS_DECIDE_FIXTURE_H
#define SLOTKEEPER_TESTS_DECIDE_FIXTURE_H

#include "engine_fixture.h"

static struct attempt attempt;

static inline void begin_attempt(void) {
    stage_decode(clinic.engine, clinic.requests, clinic.count);
    attempt = (struct attempt){
        .engine = clinic.engine,
        .requests = clinic.requests,
        .count = clinic.count,
        .now_us = NOW_US};
    fill_world(&attempt.world, clinic.engine->work, clinic.count);
}

static inline const struct answer *decide(void) {
    begin_attempt();
    assert_int_equal(stage_decide(&attempt), STATUS_OK);
    return attempt.answers;
}

static inline void assert_letter(const struct answer *answer, const struct request *request) {
    const struct dead_letter *letter = &answer->dead_letter;
    assert_true(letter->needed);
    assert_true(view_equal(letter->key, request->record.key));
    assert_ptr_equal(letter->value.data, request->record.value.data);
    assert_int_equal(letter->value.size, request->record.value.size);
    assert_int_equal(letter->header_count, request->record.header_count);
}

#endif
