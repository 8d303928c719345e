/* Store and bus of an engine as doubles, because a PostgreSQL or a Kafka cannot be told to fail at
 * this very call in this very way. They keep a journal of what they were asked, one word a call:
 *     load(count), load!(count) with the accounts locked for update, save, commit, rollback,
 *     publish(first offset-last offset). */
#ifndef SLOTKEEPER_TESTS_OUTSIDE_FIXTURE_H
#define SLOTKEEPER_TESTS_OUTSIDE_FIXTURE_H

#include "engine_fixture.h"
#include "journal.h"

#define THIS_CLUSTER "the cluster of this session"

enum { ANSWERED_MAX = 64, EVERY_TIME = 1000 };

/* How many calls a failure lasts, and how many pass before it. */
struct failure {
    int after;
    int times;
    enum status status;
};

struct answered {
    int64_t offset;
    enum code code;
    struct uuid outcome_id;
};

static struct {
    struct failure load;
    struct failure save;
    struct failure commit;
    struct failure publish;
    int64_t poison[8]; /* offsets that save refuses while they are decided */
    size_t poison_count;
    bool poison_stays; /* also when they are answered INTERNAL */
    struct arena *work;
    size_t used_at_load; /* of it, at the last load */
    struct answered published[ANSWERED_MAX];
    size_t published_count;
    struct partition at_load[PARTITIONS_MAX]; /* as they were at the last load */
    struct partition at_publish[PARTITIONS_MAX];
} outside;

static inline enum status next_status(struct failure *failure) {
    if (failure->after > 0) {
        failure->after--;
        return STATUS_OK;
    }
    return failure->times > 0 && failure->times-- > 0 ? failure->status : STATUS_OK;
}

static inline void check_claims(const struct load_request *request) {
    assert_true(request->claim_count >= 1 && request->claim_count <= request->command_count);
    for (size_t i = 0; i < request->claim_count; i++) {
        const struct claim *claim = &request->claims[i];
        assert_non_null(claim->partition);
        assert_int_equal(claim->after_offset, claim->last_offset + 1);
        assert_true(claim->after_offset > claim->partition->next_offset);
    }
}

static inline enum status double_load(
    void *self,
    const struct load_request *request,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    assert_ptr_equal(self, &outside);
    write_journal(
        "load%s(%zu) ", request->lock_accounts_for_update ? "!" : "", request->command_count);
    check_claims(request);
    outside.work = arena;
    outside.used_at_load = arena_used(arena);
    memcpy(outside.at_load, clinic.partitions, sizeof outside.at_load);
    fill_world(world, arena, request->command_count);
    *now_us = NOW_US;
    return next_status(&outside.load);
}

static inline bool refuses(const struct answer *answer) {
    for (size_t i = 0; i < outside.poison_count; i++) {
        if (answer->offset == outside.poison[i]) {
            return outside.poison_stays || answer->code != CODE_INTERNAL;
        }
    }
    return false;
}

static inline enum status double_save(
    void *self,
    const struct world *world,
    const struct answer *answers,
    size_t count,
    struct arena *arena) {
    assert_ptr_equal(self, &outside);
    assert_ptr_equal(arena, outside.work);
    assert_non_null(world);
    write_journal("save ");
    for (size_t i = 0; i < count; i++) {
        if (refuses(&answers[i])) {
            return STATUS_POISON;
        }
    }
    return next_status(&outside.save);
}

static inline enum status double_commit(void *self) {
    assert_ptr_equal(self, &outside);
    write_journal("commit ");
    return next_status(&outside.commit);
}

static inline void double_rollback(void *self) {
    assert_ptr_equal(self, &outside);
    write_journal("rollback ");
}

static inline enum status double_publish(
    void *self, const struct answer *answers, size_t count, struct arena *arena) {
    assert_ptr_equal(self, &outside.published);
    assert_ptr_equal(arena, outside.work);
    assert_true(count > 0 && outside.published_count + count <= ANSWERED_MAX);
    write_journal(
        "publish(%lld-%lld) ", (long long)answers[0].offset, (long long)answers[count - 1].offset);
    memcpy(outside.at_publish, clinic.partitions, sizeof outside.at_publish);
    for (size_t i = 0; i < count; i++) {
        outside.published[outside.published_count++] =
            (struct answered){answers[i].offset, answers[i].code, answers[i].outcome_id};
    }
    return next_status(&outside.publish);
}

/* Before each test: an empty clinic, and nothing that fails. */
static inline int connect_clinic(void **state) {
    const struct store_port store = {
        .self = &outside,
        .load = double_load,
        .save = double_save,
        .commit = double_commit,
        .rollback = double_rollback};
    const struct bus_port bus = {.self = &outside.published, .publish = double_publish};
    journal[0] = '\0';
    memset(&outside, 0, sizeof outside);
    engine_connect(clinic.engine, &store, &bus, view_text(THIS_CLUSTER));
    return empty_clinic(state);
}

#endif
