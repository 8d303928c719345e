/* Random batches against a model that knows nothing of the code: what the events say, folded from
 * nothing, must be the rows; no guarantee may be broken at any step; and the answer to a booking
 * must be the one that a naive look at the history gives. */
#include "domain_fixture.h"

enum {
    ROUNDS = 400,
    SLOTS = 8,
    APPOINTMENTS_MAX = FIXTURE_COMMANDS_MAX,
    FIRST_SLOT = 0x500,
    LIMIT = 2,
};

/* What the events have said so far. */
struct model_slot {
    bool exists;
    enum state state;
    unsigned doctor;
    int64_t from_us;
    int64_t until_us;
    int64_t sequence;
    struct digest head;
};

struct model_appointment {
    struct uuid appointment_id;
    unsigned slot;
    unsigned patient;
    enum state state;
};

struct model {
    struct model_slot slots[SLOTS];
    struct model_appointment appointments[APPOINTMENTS_MAX];
    size_t appointment_count;
    uint64_t random;
};

/* The same numbers in every run. */
static unsigned pick(struct model *model, unsigned count) {
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(model->random >> 33U) % count;
}

static unsigned number_of(struct uuid uuid) {
    return (unsigned)uuid.bytes[14] << 8U | uuid.bytes[15];
}

static struct model_appointment *model_find(struct model *model, struct uuid appointment_id) {
    for (size_t i = 0; i < model->appointment_count; i++) {
        if (uuid_equal(model->appointments[i].appointment_id, appointment_id)) {
            return &model->appointments[i];
        }
    }
    return NULL;
}

static void fold_slot_event(
    struct model_slot *slot, const struct audit_event *event, const struct slot_result *result) {
    if (!event->has_old_state) {
        assert_false(slot->exists);
        *slot = (struct model_slot){
            .exists = true,
            .doctor = number_of(event->actor_id),
            .from_us = result->starts_at_us,
            .until_us = result->ends_at_us};
    } else {
        assert_int_equal(slot->state, event->old_state);
    }
    slot->state = event->new_state;
}

static void fold_appointment_event(struct model *model, const struct audit_event *event) {
    struct model_appointment *appointment = model_find(model, event->entity_id);
    if (appointment == NULL) {
        assert_false(event->has_old_state);
        appointment = &model->appointments[model->appointment_count++];
        appointment->appointment_id = event->entity_id;
        appointment->slot = number_of(event->slot_id) - FIRST_SLOT;
        appointment->patient = number_of(event->actor_id);
    } else {
        assert_int_equal(event->old_state, STATE_BOOKED);
        assert_int_equal(appointment->state, STATE_BOOKED);
    }
    appointment->state = event->new_state;
}

static void fold_last_decision(struct model *model, struct fixture *fixture) {
    for (size_t i = 0; i < fixture->decision.event_count; i++) {
        const struct audit_event *event = event_at(fixture, i);
        struct model_slot *slot = &model->slots[number_of(event->slot_id) - FIRST_SLOT];
        if (event->entity == ENTITY_SLOT) {
            fold_slot_event(slot, event, &fixture->decision.result.as.slot);
        } else {
            fold_appointment_event(model, event);
        }
        struct digest hash;
        audit_event_hash(event, &hash);
        assert_true(digest_equal(&hash, &event->hash));
        assert_true(digest_equal(&slot->head, &event->previous_hash));
        assert_int_equal(event->sequence, slot->sequence + 1);
        slot->sequence = event->sequence;
        slot->head = event->hash;
    }
}

static bool overlap(const struct model_slot *a, const struct model_slot *b) {
    return a->from_us < b->until_us && b->from_us < a->until_us;
}

/* Guarantee 5 of the contract, over everything that the events say. */
static void assert_nothing_is_double(const struct model *model, const struct fixture *fixture) {
    for (size_t i = 0; i < SLOTS; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct model_slot *a = &model->slots[i];
            const struct model_slot *b = &model->slots[k];
            bool both_open = a->exists && b->exists && a->state == STATE_OPEN
                             && b->state == STATE_OPEN && a->doctor == b->doctor;
            assert_false(both_open && overlap(a, b));
        }
    }
    for (size_t i = 0; i < model->appointment_count; i++) {
        const struct model_appointment *a = &model->appointments[i];
        assert_true(a->state != STATE_BOOKED || model->slots[a->slot].state == STATE_OPEN);
        for (size_t k = 0; k < i; k++) {
            const struct model_appointment *b = &model->appointments[k];
            bool both_booked = a->state == STATE_BOOKED && b->state == STATE_BOOKED;
            assert_false(
                a->state != STATE_CANCELLED && b->state != STATE_CANCELLED && a->slot == b->slot);
            assert_false(
                both_booked && a->patient == b->patient
                && overlap(&model->slots[a->slot], &model->slots[b->slot]));
            int seat_a = world_appointment(&fixture->world, a->appointment_id)->seat;
            int seat_b = world_appointment(&fixture->world, b->appointment_id)->seat;
            assert_false(both_booked && a->patient == b->patient && seat_a == seat_b && seat_a > 0);
        }
    }
}

/* The rows are what the events say. */
static void assert_rows_follow_events(const struct model *model, const struct fixture *fixture) {
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *row = world_slot(&fixture->world, id(FIRST_SLOT + (unsigned)i));
        assert_int_equal(row != NULL, model->slots[i].exists);
        if (row != NULL) {
            assert_int_equal(row->withdrawn, model->slots[i].state == STATE_WITHDRAWN);
            assert_int_equal(row->chain.sequence, model->slots[i].sequence);
        }
    }
    for (size_t i = 0; i < model->appointment_count; i++) {
        const struct model_appointment *said = &model->appointments[i];
        const struct appointment *row = world_appointment(&fixture->world, said->appointment_id);
        assert_int_equal(row->state, said->state);
        /* Without a seat: ended, or its seat was taken over after it began. */
        bool may_be_seatless = row->state != STATE_BOOKED || row->starts_at_us <= fixture->now_us;
        assert_in_range(row->seat, may_be_seatless ? 0 : 1, row->state == STATE_BOOKED ? LIMIT : 0);
    }
}

static const char *expected_of_booking(
    const struct model *model, const struct fixture *fixture, unsigned patient, unsigned slot) {
    const struct model_slot *wanted = &model->slots[slot];
    bool taken = false;
    bool overlaps = false;
    unsigned to_come = 0;
    for (size_t i = 0; i < model->appointment_count; i++) {
        const struct model_appointment *other = &model->appointments[i];
        const struct model_slot *its = &model->slots[other->slot];
        bool own = other->patient == patient && other->state == STATE_BOOKED;
        taken = taken || (other->slot == slot && other->state != STATE_CANCELLED);
        overlaps = overlaps || (own && overlap(its, wanted));
        to_come += own && its->from_us > fixture->now_us;
    }
    const char *late = wanted->from_us <= fixture->now_us ? "SLOT_IN_PAST" : "";
    const char *full = to_come >= LIMIT ? "BOOKING_LIMIT_REACHED" : "";
    return !wanted->exists                    ? "SLOT_NOT_FOUND"
           : wanted->state == STATE_WITHDRAWN ? "SLOT_WITHDRAWN"
           : taken                            ? "SLOT_TAKEN"
           : late[0] != '\0'                  ? late
           : overlaps                         ? "PATIENT_OVERLAP"
                                              : full;
}

static const unsigned patients[] = {PATIENT, PATIENT_2};
static const unsigned doctors[] = {DOCTOR, DOCTOR_2};

static enum code book_somewhere(struct model *model, struct fixture *fixture) {
    unsigned patient = patients[pick(model, 2)];
    unsigned slot = pick(model, SLOTS);
    const char *expected = expected_of_booking(model, fixture, patient, slot);
    enum code code = book(fixture, patient, FIRST_SLOT + slot);
    assert_string_equal(code_text(code), expected);
    return code;
}

static enum code change_some_appointment(struct model *model, struct fixture *fixture) {
    if (model->appointment_count == 0) {
        return book_somewhere(model, fixture);
    }
    const struct model_appointment *appointment =
        &model->appointments[pick(model, (unsigned)model->appointment_count)];
    struct uuid appointment_id = appointment->appointment_id;
    unsigned slot = FIRST_SLOT + appointment->slot;
    switch (pick(model, 6)) {
    case 0:
        return complete(fixture, doctors[pick(model, 2)], slot, appointment_id);
    case 1:
        return mark_no_show(fixture, ADMIN, slot, appointment_id);
    case 2:
        return cancel(fixture, doctors[pick(model, 2)], slot, appointment_id, REASON_PROVIDER);
    case 3:
        return cancel(fixture, patients[pick(model, 2)], slot, appointment_id, REASON_NONE);
    default:
        return reschedule(
            fixture,
            patients[pick(model, 2)],
            slot,
            appointment_id,
            FIRST_SLOT + pick(model, SLOTS));
    }
}

static enum code do_something(struct model *model, struct fixture *fixture) {
    switch (pick(model, 8)) {
    case 0:
    case 1: {
        int64_t from = 5 * (int64_t)pick(model, 24);
        unsigned slot = FIRST_SLOT + pick(model, SLOTS);
        int64_t length = 5 + 5 * (int64_t)pick(model, 4);
        return publish(fixture, doctors[pick(model, 2)], slot, from, from + length);
    }
    case 2:
        return withdraw(fixture, doctors[pick(model, 2)], FIRST_SLOT + pick(model, SLOTS));
    case 3:
    case 4:
        return book_somewhere(model, fixture);
    default:
        return change_some_appointment(model, fixture);
    }
}

static void play_one_batch(uint64_t seed, unsigned *accepted) {
    void *state = NULL;
    (void)set_up(&state);
    struct fixture *fixture = state;
    struct model model = {.random = seed};
    fixture->limits.booking_limit = LIMIT;
    fixture->now_us = at(-10); /* some slots begin before the batch's end */
    for (unsigned i = 0; i < FIXTURE_COMMANDS_MAX; i++) {
        fixture->now_us += MINUTE_US;
        size_t before = changes(fixture);
        enum code code = do_something(&model, fixture);
        fold_last_decision(&model, fixture);
        assert_nothing_is_double(&model, fixture);
        assert_rows_follow_events(&model, fixture);
        assert_true(code == CODE_ACCEPTED ? changes(fixture) > before : changes(fixture) == before);
        accepted[code]++;
    }
    (void)tear_down(&state);
}

static void random_batches_keep_every_guarantee(void **state) {
    (void)state;
    unsigned seen[CODE_COUNT] = {0};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        play_one_batch(round, seen);
    }

    /* A walk that met none of a code proves nothing about it. */
    static const enum code met[] = {
        CODE_ACCEPTED,
        CODE_SLOT_EXISTS,
        CODE_SLOT_IN_PAST,
        CODE_SLOT_OVERLAP,
        CODE_SLOT_NOT_FOUND,
        CODE_SLOT_WITHDRAWN,
        CODE_SLOT_TAKEN,
        CODE_SLOT_HAS_APPOINTMENT,
        CODE_PATIENT_OVERLAP,
        CODE_ALREADY_NOSHOW,
        CODE_BOOKING_LIMIT_REACHED,
        CODE_APPOINTMENT_NOT_FOUND,
        CODE_CANCEL_TOO_LATE,
        CODE_ALREADY_CANCELLED,
        CODE_ALREADY_FULFILLED,
        CODE_NOSHOW_TOO_EARLY,
        CODE_COMPLETE_TOO_EARLY,
    };

    for (size_t i = 0; i < sizeof met / sizeof met[0]; i++) {
        if (seen[met[i]] == 0) {
            fail_msg("never met: %s", code_text(met[i]));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_batches_keep_every_guarantee)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
