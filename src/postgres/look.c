/* Who asks, as the primary knows them. */
#include "postgres/load_parts.h"
#include "postgres/reader.h"
#include "postgres/row.h"

#include <assert.h>

static void put_callers(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        bool is_new;
        struct account *account = world_put_account(world, row_uuid(result, row, 0), &is_new);
        bool known = role_parse(row_bytes(result, row, 1), &account->role)
                     && state_parse(row_bytes(result, row, 2), &account->state);
        assert(is_new && known);
        (void)known;
        account->token_version = row_int4(result, row, 3);
        account->tokens_valid_from_us = row_time_us(result, row, 4);
    }
}

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
    put_callers(world, results[0]);
    *now_us = row_time_us(results[1], 0, 0);
    const struct primary_place place = {
        .now_us = *now_us,
        .log_position = row_int8(results[1], 0, 1),
        .started_us = row_time_us(results[1], 0, 2)};
    reader_note_primary(store->reader, &place);
    return STATUS_OK;
}
