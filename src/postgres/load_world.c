/* From what was loaded to the world that a batch is decided in. */
#include "base/planted.h"
#include "postgres/load_parts.h"
#include "postgres/row.h"

#include <assert.h>

struct account *load_put_account(struct world *world, const PGresult *result, int row) {
    bool is_new;
    struct account *account = world_put_account(world, row_uuid(result, row, 0), &is_new);
    if (!is_new) {
        return NULL;
    }
    bool known = role_parse(row_bytes(result, row, 1), &account->role)
                 && state_parse(row_bytes(result, row, 2), &account->state);
    assert(known);
    (void)known;
    account->token_version = row_int4(result, row, 3);
    account->tokens_valid_from_us = row_time_us(result, row, 4);
    return account;
}

void load_put_accounts(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        const struct account *account = load_put_account(world, result, row);
        assert(account != NULL);
        (void)account;
    }
}

void load_put_slots(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        bool is_new;
        struct slot *slot = world_put_slot(world, row_uuid(result, row, 0), &is_new);
        slot->doctor_id = row_uuid(result, row, 1);
        slot->starts_at_us = row_time_us(result, row, 2);
        slot->ends_at_us = row_time_us(result, row, 3);
        slot->withdrawn = row_bool(result, row, 4);
        world_link_doctor(world, slot);
    }
}

void load_put_chains(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        struct slot *slot = world_slot(world, row_uuid(result, row, 0));
        if (slot != NULL) {
            slot->chain = (struct chain){
                .sequence = row_int8(result, row, 1), .head = row_digest(result, row, 2)};
        }
    }
}

static void put_purged(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        bool is_new;
        struct slot *slot = world_put_slot(world, row_uuid(result, row, 0), &is_new);
        slot->purged = slot->purged || is_new;
    }
}

static void put_appointments(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        bool is_new;
        struct appointment *appointment =
            world_put_appointment(world, row_uuid(result, row, 0), &is_new);
        if (!is_new) {
            continue;
        }
        appointment->slot_id = row_uuid(result, row, 1);
        appointment->doctor_id = row_uuid(result, row, 2);
        appointment->patient_id = row_uuid(result, row, 3);
        appointment->starts_at_us = row_time_us(result, row, 4);
        appointment->ends_at_us = row_time_us(result, row, 5);
        bool known = state_parse(row_bytes(result, row, 6), &appointment->state);
        assert(known);
        (void)known;
        if (!row_is_null(result, row, 7)) {
            appointment->seat = row_int2(result, row, 7);
        }
        appointment->has_rescheduled_from = !row_is_null(result, row, 8);
        if (appointment->has_rescheduled_from) {
            appointment->rescheduled_from = row_uuid(result, row, 8);
        }
        struct slot *slot = world_slot(world, appointment->slot_id);
        if (slot != NULL && appointment->state != STATE_CANCELLED) {
            slot->active = appointment;
        }
        world_link_patient(world, appointment);
    }
}

/* As much of them as booking asks for, so that they are in their patient's list alone: a command
 * that names one finds it by its id if it was loaded whole, before. */
static void put_patients_appointments(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        struct uuid appointment_id = row_uuid(result, row, 0);
        if (world_appointment(world, appointment_id) != NULL) {
            continue;
        }
        struct appointment *appointment = ARENA_ARRAY(world->arena, struct appointment, 1);
        appointment->appointment_id = appointment_id;
        appointment->patient_id = row_uuid(result, row, 1);
        appointment->starts_at_us = row_time_us(result, row, 2);
        appointment->ends_at_us = row_time_us(result, row, 3);
        appointment->state = STATE_BOOKED;
        if (!row_is_null(result, row, 4)) {
            appointment->seat = row_int2(result, row, 4);
        }
        world_link_patient(world, appointment);
    }
}

/* A calendar's slots are not locked: what others change of them meanwhile, the exclusion constraint
 * sees. */
static void put_calendars(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        bool is_new;
        struct slot *slot = world_put_slot(world, row_uuid(result, row, 0), &is_new);
        if (!is_new) {
            continue;
        }
        slot->doctor_id = row_uuid(result, row, 1);
        slot->starts_at_us = row_time_us(result, row, 2);
        slot->ends_at_us = row_time_us(result, row, 3);
        world_link_doctor(world, slot);
    }
}

static void put_slots_to_come(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        struct account *doctor = world_account(world, row_uuid(result, row, 0));
        if (doctor != NULL) {
            doctor->slots_to_come = row_int8(result, row, 1);
        }
    }
}

static void put_recalls(struct world *world, const PGresult *result, struct arena *arena) {
    for (int row = 0; row < load_rows(result) && !PLANTED("recall_off"); row++) {
        if (world_recall(world, row_uuid(result, row, 0), row_uuid(result, row, 1)) != NULL) {
            continue; /* the batch holds the command more than once */
        }
        struct recall *recall =
            world_put_recall(world, row_uuid(result, row, 0), row_uuid(result, row, 1));
        recall->content_hash = row_digest(result, row, 2);
        recall->outcome_fingerprint = (uint64_t)row_int8(result, row, 3);
        recall->outcome = arena_copy(arena, row_bytes(result, row, 4));
    }
}

static size_t total_rows(
    const struct load_plan *plan,
    PGresult **results,
    const enum statement *statements,
    size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += (size_t)load_rows(load_result(plan, results, statements[i]));
    }
    return total;
}

struct world_sizes load_sizes(
    const struct load_plan *plan, PGresult **results, const struct load_request *request) {
    static const enum statement accounts[] = {
        STATEMENT_LOCK_ACCOUNTS_SHARED,
        STATEMENT_LOCK_ACCOUNTS_FOR_UPDATE,
        STATEMENT_LOOK_AT_ACCOUNTS,
        STATEMENT_LOCK_ACCOUNTS,
        STATEMENT_LOCK_ACCOUNTS_TO_END,
        STATEMENT_LOAD_ACCOUNTS_BY_LOGIN};

    static const enum statement holdings[] = {
        STATEMENT_LOOK_AT_SLOTS_TO_COME, STATEMENT_LOCK_SLOTS_TO_COME};

    static const enum statement slots[] = {
        STATEMENT_LOCK_SLOTS, STATEMENT_LOAD_PURGED, STATEMENT_LOAD_CALENDARS};

    static const enum statement appointments[] = {
        STATEMENT_LOAD_ACTIVE_APPOINTMENTS,
        STATEMENT_LOAD_NAMED_APPOINTMENTS,
        STATEMENT_LOAD_PATIENTS_APPOINTMENTS};

    static const enum statement recalls[] = {STATEMENT_LOAD_RECALLS};

    return (struct world_sizes){
        .accounts = total_rows(plan, results, accounts, sizeof accounts / sizeof accounts[0]),
        .slots = total_rows(plan, results, slots, sizeof slots / sizeof slots[0])
                 + total_rows(plan, results, holdings, sizeof holdings / sizeof holdings[0]),
        .appointments =
            total_rows(plan, results, appointments, sizeof appointments / sizeof appointments[0]),
        .recalls = total_rows(plan, results, recalls, 1),
        .commands = request->command_count,
        .account_commands = request->lane == LANE_ACCOUNTS ? request->command_count : 0,
        .holdings = total_rows(plan, results, holdings, sizeof holdings / sizeof holdings[0]),
    };
}

void load_world(
    const struct store *store,
    const struct load_request *request,
    const struct load_plan *plan,
    PGresult **results,
    struct world *world) {
    struct arena *arena = world->arena;
    load_put_accounts(world, load_result(plan, results, STATEMENT_LOCK_ACCOUNTS_SHARED));
    load_put_accounts(world, load_result(plan, results, STATEMENT_LOCK_ACCOUNTS_FOR_UPDATE));
    load_put_slots(world, load_result(plan, results, STATEMENT_LOCK_SLOTS));
    load_put_chains(world, load_result(plan, results, STATEMENT_LOAD_CHAINS));
    put_purged(world, load_result(plan, results, STATEMENT_LOAD_PURGED));
    put_appointments(world, load_result(plan, results, STATEMENT_LOAD_ACTIVE_APPOINTMENTS));
    put_appointments(world, load_result(plan, results, STATEMENT_LOAD_NAMED_APPOINTMENTS));
    put_patients_appointments(
        world, load_result(plan, results, STATEMENT_LOAD_PATIENTS_APPOINTMENTS));
    put_calendars(world, load_result(plan, results, STATEMENT_LOAD_CALENDARS));
    put_slots_to_come(world, load_result(plan, results, STATEMENT_COUNT_SLOTS_TO_COME));
    put_recalls(world, load_result(plan, results, STATEMENT_LOAD_RECALLS), arena);
    if (request->lane == LANE_ACCOUNTS) {
        load_fill_account_lane(store, world, plan, results);
    }
}
