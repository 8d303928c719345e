/* Accounts: new ones by login, changed ones by id; and what is remembered of log-ins. */
#include "postgres/save_parts.h"

#include <stdlib.h>

static int by_login(const void *a, const void *b) {
    const struct account *left = *(const struct account *const *)a;
    const struct account *right = *(const struct account *const *)b;
    size_t shorter = left->login.size < right->login.size ? left->login.size : right->login.size;
    int order = memcmp(left->login.data, right->login.data, shorter);
    return order != 0
               ? order
               : (left->login.size > right->login.size) - (left->login.size < right->login.size);
}

static int by_id(const void *a, const void *b) {
    const struct account *left = *(const struct account *const *)a;
    const struct account *right = *(const struct account *const *)b;
    return uuid_compare(left->account_id, right->account_id);
}

static bool is_new(const struct account *account) {
    return account->change == CHANGE_INSERT;
}

static bool is_updated(const struct account *account) {
    return account->change == CHANGE_UPDATE && !account->rehashed;
}

static bool is_rehashed(const struct account *account) {
    return account->change == CHANGE_UPDATE && account->rehashed;
}

/* The accounts that changed so, sorted; *count of them. */
static const struct account **changed(
    const struct save *save,
    const struct world *world,
    bool (*so)(const struct account *),
    int (*compare)(const void *, const void *),
    size_t *count) {
    const struct account **rows =
        ARENA_ARRAY(save->arena, const struct account *, world->changed_account_count);
    *count = 0;
    for (size_t i = 0; i < world->changed_account_count; i++) {
        if (so(world->changed_accounts[i])) {
            rows[(*count)++] = world->changed_accounts[i];
        }
    }
    qsort(rows, *count, sizeof rows[0], compare);
    return rows;
}

static void save_new_accounts(struct save *save, const struct world *world) {
    size_t count = 0;
    const struct account **rows = changed(save, world, is_new, by_login, &count);
    if (count == 0) {
        return;
    }
    struct array ids, roles, logins, hashes;
    array_begin(&ids, save->arena, ELEMENT_UUID, count);
    array_begin(&roles, save->arena, ELEMENT_TEXT, count);
    array_begin(&logins, save->arena, ELEMENT_TEXT, count);
    array_begin(&hashes, save->arena, ELEMENT_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        array_add_uuid(&ids, rows[i]->account_id);
        array_add_bytes(&roles, view_text(role_name(rows[i]->role)));
        array_add_bytes(&logins, rows[i]->login);
        array_add_bytes(&hashes, view_text(rows[i]->password_hash));
    }
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    parameters_add_array(parameters, &ids);
    parameters_add_array(parameters, &roles);
    parameters_add_array(parameters, &logins);
    parameters_add_array(parameters, &hashes);
    parameters_add_time(parameters, save->arena, save->now_us);
    save_queue(save, STATEMENT_INSERT_ACCOUNTS, parameters, (long long)count);
}

static void save_updated_accounts(
    struct save *save,
    const struct world *world,
    bool (*so)(const struct account *),
    enum statement statement) {
    size_t count = 0;
    const struct account **rows = changed(save, world, so, by_id, &count);
    if (count == 0) {
        return;
    }
    struct array ids, states, hashes, credentials, tokens, valid_from;
    array_begin(&ids, save->arena, ELEMENT_UUID, count);
    array_begin(&states, save->arena, ELEMENT_TEXT, count);
    array_begin(&hashes, save->arena, ELEMENT_TEXT, count);
    array_begin(&credentials, save->arena, ELEMENT_INT4, count);
    array_begin(&tokens, save->arena, ELEMENT_INT4, count);
    array_begin(&valid_from, save->arena, ELEMENT_TIMESTAMPTZ, count);
    for (size_t i = 0; i < count; i++) {
        array_add_uuid(&ids, rows[i]->account_id);
        array_add_bytes(&states, view_text(state_name(rows[i]->state)));
        array_add_bytes(&hashes, save_text_or_null(rows[i]->password_hash));
        array_add_int4(&credentials, rows[i]->credential_version);
        array_add_int4(&tokens, rows[i]->token_version);
        array_add_time(&valid_from, rows[i]->tokens_valid_from_us);
    }
    const struct array *columns[] = {&ids, &states, &hashes, &credentials, &tokens, &valid_from};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        parameters_add_array(parameters, columns[i]);
    }
    parameters_add_time(parameters, save->arena, save->now_us);
    save_queue(save, statement, parameters, (long long)count);
}

/* Failures are forgiven to whom an answer says so, and to accounts that got a new password or
 * ended. */
static void save_forgiveness(
    struct save *save, const struct world *world, const struct answer *answers, size_t count) {
    struct array keys, ids;
    array_begin(&keys, save->arena, ELEMENT_BYTEA, count + world->changed_account_count);
    array_begin(&ids, save->arena, ELEMENT_UUID, world->changed_account_count);
    for (size_t i = 0; i < count; i++) {
        const struct settlement *settlement = answers[i].settlement;
        if (settlement != NULL && settlement->forgives) {
            array_add_bytes(&keys, view_of(settlement->throttle_key.bytes, sizeof(struct digest)));
        }
    }
    for (size_t i = 0; i < world->changed_account_count; i++) {
        const struct account *account = world->changed_accounts[i];
        if (account->forgets_failures) {
            array_add_bytes(&keys, view_of(account->login_key.bytes, sizeof(struct digest)));
        }
        if (account->forgets_devices) {
            array_add_uuid(&ids, account->account_id);
        }
    }
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 2);
    if (keys.count > 0) {
        parameters_add_array(&parameters[0], &keys);
        save_queue(save, STATEMENT_FORGIVE_FAILURES, &parameters[0], SAVE_ANY_COUNT);
    }
    if (ids.count > 0) {
        parameters_add_array(&parameters[1], &ids);
        save_queue(save, STATEMENT_FORGET_DEVICES, &parameters[1], SAVE_ANY_COUNT);
    }
}

static void save_devices(struct save *save, const struct answer *answers, size_t count) {
    struct array ids, keys;
    array_begin(&ids, save->arena, ELEMENT_UUID, count);
    array_begin(&keys, save->arena, ELEMENT_BYTEA, count);
    for (size_t i = 0; i < count; i++) {
        const struct settlement *settlement = answers[i].settlement;
        if (settlement != NULL && settlement->remembers_device) {
            array_add_uuid(&ids, settlement->account_id);
            array_add_bytes(&keys, view_of(settlement->device_key.bytes, sizeof(struct digest)));
        }
    }
    if (ids.count == 0) {
        return;
    }
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 2);
    parameters_add_array(&parameters[0], &ids);
    parameters_add_array(&parameters[0], &keys);
    parameters_add_time(&parameters[0], save->arena, save->now_us);
    save_queue(save, STATEMENT_REMEMBER_DEVICES, &parameters[0], SAVE_ANY_COUNT);
    parameters_add_array(&parameters[1], &ids);
    save_queue(save, STATEMENT_TRIM_DEVICES, &parameters[1], SAVE_ANY_COUNT);
}

/* Attempts that are answered need no reservation any more. */
static void save_settlements(struct save *save, const struct answer *answers, size_t count) {
    struct array partitions, offsets;
    array_begin(&partitions, save->arena, ELEMENT_INT4, count);
    array_begin(&offsets, save->arena, ELEMENT_INT8, count);
    for (size_t i = 0; i < count; i++) {
        if (answers[i].settlement != NULL) {
            array_add_int4(&partitions, answers[i].partition);
            array_add_int8(&offsets, answers[i].offset);
        }
    }
    if (partitions.count > 0) {
        struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
        parameters_add_text(parameters, save->store->topic);
        parameters_add_array(parameters, &partitions);
        parameters_add_array(parameters, &offsets);
        save_queue(save, STATEMENT_SETTLE_ATTEMPTS, parameters, SAVE_ANY_COUNT);
    }
}

void save_accounts(struct save *save, const struct world *world) {
    save_new_accounts(save, world);
    save_updated_accounts(save, world, is_updated, STATEMENT_UPDATE_ACCOUNTS);
    save_updated_accounts(save, world, is_rehashed, STATEMENT_UPDATE_CREDENTIALS);
}

void save_log_ins(
    struct save *save, const struct world *world, const struct answer *answers, size_t count) {
    save_forgiveness(save, world, answers, count);
    save_devices(save, answers, count);
    save_settlements(save, answers, count);
}
