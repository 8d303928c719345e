/* What the lane of accounts loads: accounts by id, locked, and by login; the heads of their chains;
 * and all that hangs on an account that is about to end. */
#include "engine/sealed.h"
#include "postgres/load_parts.h"
#include "postgres/row.h"

#include <assert.h>

static enum statement accounts_statement(const struct load_request *request) {
    if (request->rehearsal) {
        return STATEMENT_LOOK_AT_ACCOUNTS;
    }
    return request->lock_accounts_for_update ? STATEMENT_LOCK_ACCOUNTS_TO_END
                                             : STATEMENT_LOCK_ACCOUNTS;
}

static void queue_logins(
    struct store *store,
    struct load_plan *plan,
    const struct view_list *logins,
    struct arena *arena) {
    if (logins->count == 0) {
        return;
    }
    struct array texts;
    array_begin(&texts, arena, ELEMENT_TEXT, logins->count);
    for (size_t i = 0; i < logins->count; i++) {
        array_add_bytes(&texts, logins->items[i]);
    }
    struct parameters *parameters = ARENA_ARRAY(arena, struct parameters, 1);
    parameters_add_array(parameters, &texts);
    load_queue(store, plan, STATEMENT_LOAD_ACCOUNTS_BY_LOGIN, parameters);
}

static void queue_holdings(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    const struct uuid_list *holdings = &request->holdings;
    load_queue_ids(store, plan, STATEMENT_LOAD_HOLDERS, holdings, arena);
    load_queue_ids(
        store,
        plan,
        request->rehearsal ? STATEMENT_LOOK_AT_SLOTS_TO_COME : STATEMENT_LOCK_SLOTS_TO_COME,
        holdings,
        arena);
    load_queue_ids(store, plan, STATEMENT_LOAD_CHAINS_TO_COME, holdings, arena);
    if (holdings->count > 0) {
        load_queue(store, plan, STATEMENT_COUNT_ADMINS, NULL);
    }
}

void load_queue_account_lane(
    struct store *store,
    struct load_plan *plan,
    const struct load_request *request,
    struct arena *arena) {
    if (request->holdings.count > 0 && !request->rehearsal) {
        load_queue(store, plan, STATEMENT_LOCK_ENDS, NULL);
    }
    load_queue_ids(store, plan, accounts_statement(request), &request->accounts, arena);
    queue_logins(store, plan, &request->logins, arena);
    load_queue_ids(store, plan, STATEMENT_LOAD_ACCOUNT_CHAINS, &request->accounts, arena);
    queue_holdings(store, plan, request, arena);
    load_queue_purge(store, plan, request, arena);
}

static void put_login(
    const struct store *store,
    struct world *world,
    struct account *account,
    const PGresult *result,
    int row) {
    if (row_is_null(result, row, 6)) {
        return;
    }
    account->login = arena_copy(world->arena, row_bytes(result, row, 6));
    account->password_hash = arena_text(world->arena, row_bytes(result, row, 7));
    login_key_of(store->secrets, account->login, &account->login_key);
    world_link_login(world, account);
}

static void put_accounts(const struct store *store, struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        struct account *account = load_put_account(world, result, row);
        if (account == NULL) {
            continue;
        }
        account->credential_version = row_int4(result, row, 5);
        account->closing = row_bool(result, row, 8);
        put_login(store, world, account, result, row);
    }
}

static void put_chains(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        struct account *account = world_account(world, row_uuid(result, row, 0));
        assert(account != NULL);
        account->chain = (struct chain){
            .sequence = row_int8(result, row, 1), .head = row_digest(result, row, 2)};
    }
}

static void put_holders(struct world *world, const PGresult *result) {
    for (int row = 0; row < load_rows(result); row++) {
        struct account *account = world_account(world, row_uuid(result, row, 0));
        if (account != NULL) {
            account->has_booked = true;
        }
    }
}

void load_fill_account_lane(
    const struct store *store,
    struct world *world,
    const struct load_plan *plan,
    PGresult **results) {
    put_accounts(store, world, load_result(plan, results, STATEMENT_LOOK_AT_ACCOUNTS));
    put_accounts(store, world, load_result(plan, results, STATEMENT_LOCK_ACCOUNTS));
    put_accounts(store, world, load_result(plan, results, STATEMENT_LOCK_ACCOUNTS_TO_END));
    put_accounts(store, world, load_result(plan, results, STATEMENT_LOAD_ACCOUNTS_BY_LOGIN));
    put_chains(world, load_result(plan, results, STATEMENT_LOAD_ACCOUNT_CHAINS));
    put_holders(world, load_result(plan, results, STATEMENT_LOAD_HOLDERS));
    load_put_slots(world, load_result(plan, results, STATEMENT_LOOK_AT_SLOTS_TO_COME));
    load_put_slots(world, load_result(plan, results, STATEMENT_LOCK_SLOTS_TO_COME));
    load_put_chains(world, load_result(plan, results, STATEMENT_LOAD_CHAINS_TO_COME));
    const PGresult *admins = load_result(plan, results, STATEMENT_COUNT_ADMINS);
    load_put_purge(world, load_result(plan, results, STATEMENT_FIND_PURGEABLE));
    world->active_admins = admins == NULL ? 0 : row_int8(admins, 0, 0);
}
