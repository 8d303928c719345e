/* What the parts of a load share. */
#ifndef SLOTKEEPER_POSTGRES_LOAD_PARTS_H
#define SLOTKEEPER_POSTGRES_LOAD_PARTS_H

#include "postgres/store.h"

/* What was queued, so that results are found by statement. */
struct load_plan {
    enum statement statements[PIPELINE_MAX];
    size_t count;
};

void load_queue(
    struct store *store,
    struct load_plan *plan,
    enum statement statement,
    const struct parameters *parameters);
/* A statement that takes a list of ids; not queued if the list is empty. */
void load_queue_ids(
    struct store *store,
    struct load_plan *plan,
    enum statement statement,
    const struct uuid_list *ids,
    struct arena *arena);
/* NULL: it was not queued. */
const PGresult *load_result(
    const struct load_plan *plan, PGresult **results, enum statement statement) MUST_USE;
int load_rows(const PGresult *result) MUST_USE; /* 0 for NULL */

/* From what was loaded to the world, which has these sizes: load_world.c. */
struct world_sizes load_sizes(
    const struct load_plan *plan, PGresult **results, const struct load_request *request) MUST_USE;
void load_world(
    const struct store *store,
    const struct load_request *request,
    const struct load_plan *plan,
    PGresult **results,
    struct world *world);
/* What begins with ACCOUNT_COLUMNS of statements.c. NULL: the row's account is there already. */
struct account *load_put_account(struct world *world, const PGresult *result, int row);
void load_put_accounts(struct world *world, const PGresult *result); /* each for the first time */
void load_put_slots(struct world *world, const PGresult *result);
void load_put_chains(struct world *world, const PGresult *result);

/* The lane of accounts: load_accounts.c. */
void load_queue_account_lane(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena);
void load_fill_account_lane(
    const struct store *store,
    struct world *world,
    const struct load_plan *plan,
    PGresult **results);

/* PurgeHistory: purge.c. */
void load_queue_purge(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena);
void load_put_purge(struct world *world, const PGresult *result); /* NULL: nothing was asked for */

#endif
