/* PurgeHistory: what may go is found and locked by load, and deleted by save once the event that
 * says so is there. Both are functions of the database's owner. */
#include "postgres/load_parts.h"
#include "postgres/row.h"
#include "postgres/save_parts.h"

void load_queue_purge(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    const struct purge_window *window = &request->purge;
    if (!window->wanted || request->rehearsal) {
        return;
    }
    struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
    parameters_add_time(parameters, arena, window->before_us);
    parameters_add_int8(parameters, arena, window->minimum_us);
    parameters_add_int4(parameters, arena, (int32_t)window->slots_max);
    load_queue(store, plan, STATEMENT_FIND_PURGEABLE, parameters);
}

void load_put_purge(struct world *world, const PGresult *result) {
    if (load_rows(result) == 0) {
        return;
    }
    struct purge *purge = &world->purge;
    purge->slot_ids = arena_copy(world->arena, row_bytes(result, 0, 0));
    purge->record.appointments = row_int8(result, 0, 1);
    purge->record.events = row_int8(result, 0, 2);
    purge->record.heads = row_digest(result, 0, 3);
    purge->more = row_bool(result, 0, 4);
    purge->record.slots = row_int8(result, 0, 5);
}

void save_purge(struct save *save, const struct world *world) {
    const struct purge *purge = &world->purge;
    if (purge->decided_by == NULL) {
        return;
    }
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    parameters_add_text(parameters, purge->slot_ids); /* the array as it came */
    parameters_add_time(parameters, save->arena, purge->record.before_us);
    parameters_add_uuid(parameters, save->arena, purge->decided_by->account_id);
    parameters_add_int8(parameters, save->arena, purge->decided_by->chain.sequence);
    save_queue(save, STATEMENT_PURGE_SLOTS, parameters, SAVE_ANY_COUNT);
}
