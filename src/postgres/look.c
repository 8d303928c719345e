/* Who asks, as the primary knows them. */
#include "postgres/load_parts.h"
#include "postgres/reader.h"
#include "postgres/row.h"

enum status store_look(
    struct store *store,
    const struct uuid_list *accounts,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    struct parameters parameters = {.count = 0};
    PGresult **results = NULL;
    parameters_add_uuids(&parameters, arena, accounts->items, accounts->count);
    pipeline_queue(store->pipeline, STATEMENT_LOOK_AT_CALLERS, &parameters);
    pipeline_queue(store->pipeline, STATEMENT_PRIMARY_PLACE, NULL);
    enum status status = pipeline_run(store->pipeline, &results);
    if (status != STATUS_OK) {
        return status;
    }
    const struct world_sizes sizes = {.accounts = accounts->count};
    world_init(world, arena, &sizes);
    load_put_accounts(world, results[0]);
    *now_us = row_time_us(results[1], 0, 0);
    const struct primary_place place = {
        .now_us = *now_us,
        .log_position = row_int8(results[1], 0, 1),
        .started_us = row_time_us(results[1], 0, 2)};
    reader_note_primary(store->reader, &place);
    return STATUS_OK;
}
