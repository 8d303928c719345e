/* Locks, loads, then the clock: one round trip, separate statements. */
#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "postgres/load_parts.h"
#include "postgres/row.h"

void load_queue(
    struct store *store,
    struct load_plan *plan,
    enum statement statement,
    const struct parameters *parameters) {
    pipeline_queue(store->pipeline, statement, parameters);
    plan->statements[plan->count++] = statement;
}

const PGresult *load_result(
    const struct load_plan *plan, PGresult **results, enum statement statement) {
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->statements[i] == statement) {
            return results[i];
        }
    }
    return NULL; /* not asked for: no rows */
}

int load_rows(const PGresult *result) {
    return result == NULL ? 0 : PQntuples(result);
}

static void claim_parameters(
    const struct store *store,
    const struct load_request *request,
    struct arena *arena,
    struct parameters *parameters) {
    struct array numbers, remembered, after, published, last_offsets, last_times, last_hashes;
    array_begin(&numbers, arena, ELEMENT_INT4, request->claim_count);
    array_begin(&remembered, arena, ELEMENT_INT8, request->claim_count);
    array_begin(&after, arena, ELEMENT_INT8, request->claim_count);
    array_begin(&published, arena, ELEMENT_INT8, request->claim_count);
    array_begin(&last_offsets, arena, ELEMENT_INT8, request->claim_count);
    array_begin(&last_times, arena, ELEMENT_TIMESTAMPTZ, request->claim_count);
    array_begin(&last_hashes, arena, ELEMENT_BYTEA, request->claim_count);
    for (size_t i = 0; i < request->claim_count; i++) {
        const struct claim *claim = &request->claims[i];
        array_add_int4(&numbers, claim->partition->number);
        array_add_int8(&remembered, claim->partition->next_offset);
        array_add_int8(&after, claim->after_offset);
        array_add_int8(&published, claim->partition->published_offset);
        array_add_int8(&last_offsets, claim->last_offset);
        array_add_time(&last_times, claim->last_append_time_us);
        array_add_bytes(
            &last_hashes, view_of(claim->last_hash.bytes, sizeof claim->last_hash.bytes));
    }
    parameters_add_text(parameters, store->topic);
    parameters_add_uuid(parameters, arena, store->owner);
    const struct array *arrays[] = {
        &numbers, &remembered, &after, &published, &last_offsets, &last_times, &last_hashes};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        parameters_add_array(parameters, arrays[i]);
    }
}

void load_queue_ids(
    struct store *store,
    struct load_plan *plan,
    enum statement statement,
    const struct uuid_list *ids,
    struct arena *arena) {
    if (ids->count > 0) {
        struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
        parameters_add_uuids(parameters, arena, ids->items, ids->count);
        load_queue(store, plan, statement, parameters);
    }
}

/* The partitions that are still ours, in the order that HOLD_PARTITIONS takes. */
static void hold_parameters(
    const struct store *store,
    const struct load_request *request,
    struct arena *arena,
    struct parameters *parameters) {
    struct array numbers, remembered;
    array_begin(&numbers, arena, ELEMENT_INT4, request->claim_count);
    array_begin(&remembered, arena, ELEMENT_INT8, request->claim_count);
    for (size_t i = 0; i < request->claim_count; i++) {
        array_add_int4(&numbers, request->claims[i].partition->number);
        array_add_int8(&remembered, request->claims[i].partition->next_offset);
    }
    parameters_add_text(parameters, store->topic);
    parameters_add_uuid(parameters, arena, store->owner);
    parameters_add_array(parameters, &numbers);
    parameters_add_array(parameters, &remembered);
}

static void queue_claims(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
    if (request->rehearsal) {
        hold_parameters(store, request, arena, parameters);
        load_queue(store, plan, STATEMENT_HOLD_PARTITIONS, parameters);
    } else {
        claim_parameters(store, request, arena, parameters);
        load_queue(store, plan, STATEMENT_CLAIM, parameters);
    }
}

static void queue_accounts(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    if (request->accounts.count == 0) {
        return;
    }
    struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
    parameters_add_uuids(parameters, arena, request->accounts.items, request->accounts.count);
    parameters_add_uuids(parameters, arena, request->slots.items, request->slots.count);
    load_queue(store, plan, STATEMENT_LET_ENDS_PASS, parameters);
    load_queue(
        store,
        plan,
        request->lock_accounts_for_update ? STATEMENT_LOCK_ACCOUNTS_FOR_UPDATE
                                          : STATEMENT_LOCK_ACCOUNTS_SHARED,
        parameters);
}

static void queue_calendars(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    if (request->window_count == 0) {
        return;
    }
    struct array doctors, starts, ends;
    array_begin(&doctors, arena, ELEMENT_UUID, request->window_count);
    array_begin(&starts, arena, ELEMENT_TIMESTAMPTZ, request->window_count);
    array_begin(&ends, arena, ELEMENT_TIMESTAMPTZ, request->window_count);
    for (size_t i = 0; i < request->window_count; i++) {
        array_add_uuid(&doctors, request->windows[i].doctor_id);
        array_add_time(&starts, request->windows[i].starts_at_us);
        array_add_time(&ends, request->windows[i].ends_at_us);
    }
    struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
    parameters_add_array(parameters, &doctors);
    parameters_add_array(parameters, &starts);
    parameters_add_array(parameters, &ends);
    load_queue(store, plan, STATEMENT_LOAD_CALENDARS, parameters);
}

static void queue_recalls(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    if (request->recall_count == 0) {
        return;
    }
    struct array callers, command_ids;
    array_begin(&callers, arena, ELEMENT_UUID, request->recall_count);
    array_begin(&command_ids, arena, ELEMENT_UUID, request->recall_count);
    for (size_t i = 0; i < request->recall_count; i++) {
        array_add_uuid(&callers, request->recalls[i].caller);
        array_add_uuid(&command_ids, request->recalls[i].command_id);
    }
    struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
    parameters_add_array(parameters, &callers);
    parameters_add_array(parameters, &command_ids);
    load_queue(store, plan, STATEMENT_LOAD_RECALLS, parameters);
}

static void queue_slot_lane(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    queue_accounts(store, plan, request, arena);
    load_queue_ids(store, plan, STATEMENT_LOCK_SLOTS, &request->slots, arena);
    load_queue_ids(store, plan, STATEMENT_LOAD_CHAINS, &request->slots, arena);
    if (request->doctors.count > 0) {
        load_queue_ids(store, plan, STATEMENT_LOAD_PURGED, &request->slots, arena);
    }
    load_queue_ids(store, plan, STATEMENT_LOAD_ACTIVE_APPOINTMENTS, &request->slots, arena);
    load_queue_ids(store, plan, STATEMENT_LOAD_NAMED_APPOINTMENTS, &request->appointments, arena);
    load_queue_ids(store, plan, STATEMENT_LOAD_PATIENTS_APPOINTMENTS, &request->patients, arena);
    queue_calendars(store, plan, request, arena);
    load_queue_ids(store, plan, STATEMENT_COUNT_SLOTS_TO_COME, &request->doctors, arena);
}

static void queue_all(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    load_queue(store, plan, STATEMENT_BEGIN, NULL);
    queue_claims(store, plan, request, arena);
    if (request->lane == LANE_ACCOUNTS) {
        load_queue_account_lane(store, plan, request, arena);
    } else {
        queue_slot_lane(store, plan, request, arena);
    }
    queue_recalls(store, plan, request, arena);
    load_queue(store, plan, STATEMENT_CLOCK, NULL);
}

enum status store_load(
    struct store *store,
    const struct load_request *request,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    struct load_plan plan = {.count = 0};
    PGresult **results = NULL;
    queue_all(store, &plan, request, arena);
    enum status status = pipeline_run(store->pipeline, &results);
    if (status != STATUS_OK) {
        return status;
    }
    size_t held = request->rehearsal ? (size_t)load_rows(results[1]) : result_affected(results[1]);
    if (held != request->claim_count) {
        log_warning("a partition has been taken over", LOG_INT("claims", request->claim_count));
        return STATUS_LOST;
    }
    struct world_sizes sizes = load_sizes(&plan, results, request);
    world_init(world, arena, &sizes);
    load_world(store, request, &plan, results, world);
    *now_us = row_time_us(results[plan.count - 1], 0, 0)
              - (PLANTED("stale_clock") ? 10 * TIME_SECOND_US : 0);
    return STATUS_OK;
}
