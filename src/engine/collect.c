/* What a range of requests needs from the store, each row once and sorted, so that every worker
 * locks in the same order. */
#include "engine/attempt.h"

#include <assert.h>
#include <stdlib.h>

/* Ids as they are met; sorted and made unique at the end. */
struct collection {
    struct uuid_list accounts;
    struct uuid_list holdings;
    struct view_list logins;
    struct uuid_list slots;
    struct uuid_list appointments;
    struct uuid_list patients;
    struct uuid_list doctors;
    struct calendar_window *windows;
    size_t window_count;
    struct recall_key *recalls;
    size_t recall_count;
    struct purge_window purge;
};

/* A slot too short or too long is refused before its neighbours matter, and a client must not make
 * us load a doctor's whole life. */
static void add_window(
    struct collection *collection, const struct request *request, const struct limits *limits) {
    const struct value *starts_at = command_value(&request->decoded.command, "starts_at");
    const struct value *ends_at = command_value(&request->decoded.command, "ends_at");
    assert(starts_at != NULL && ends_at != NULL);
    int64_t duration_us = ends_at->as.time_us - starts_at->as.time_us;
    uuid_list_add(&collection->doctors, request->claims.subject);
    if (duration_us > 0 && duration_us >= limits->slot_duration_min_us
        && duration_us <= limits->slot_duration_max_us) {
        collection->windows[collection->window_count++] = (struct calendar_window){
            .doctor_id = request->claims.subject,
            .starts_at_us = starts_at->as.time_us,
            .ends_at_us = ends_at->as.time_us};
    }
}

static int compare_windows(const void *a, const void *b) {
    const struct calendar_window *left = a;
    const struct calendar_window *right = b;
    int order = uuid_compare(left->doctor_id, right->doctor_id);
    return order != 0 ? order
                      : (left->starts_at_us > right->starts_at_us)
                            - (left->starts_at_us < right->starts_at_us);
}

/* Windows that touch or overlap become one, so that a slot is not loaded once for each of them. */
static void merge_windows(struct collection *collection) {
    struct calendar_window *windows = collection->windows;
    size_t kept = 0;
    qsort(windows, collection->window_count, sizeof windows[0], compare_windows);
    for (size_t i = 0; i < collection->window_count; i++) {
        struct calendar_window *last = kept == 0 ? NULL : &windows[kept - 1];
        if (last == NULL || !uuid_equal(last->doctor_id, windows[i].doctor_id)
            || last->ends_at_us < windows[i].starts_at_us) {
            windows[kept++] = windows[i];
        } else if (last->ends_at_us < windows[i].ends_at_us) {
            last->ends_at_us = windows[i].ends_at_us;
        }
    }
    collection->window_count = kept;
}

static void add_fields(struct collection *collection, const struct command *command) {
    for (size_t i = 0; command->definition->fields[i].name != NULL; i++) {
        const struct value *value = &command->values[i];
        if (!value->present) {
            continue;
        }
        switch (command->definition->fields[i].row) {
        case ROW_NONE:
            break;
        case ROW_SLOT:
            uuid_list_add(&collection->slots, value->as.uuid);
            break;
        case ROW_APPOINTMENT:
            uuid_list_add(&collection->appointments, value->as.uuid);
            break;
        case ROW_ACCOUNT:
            uuid_list_add(&collection->accounts, value->as.uuid);
            break;
        }
    }
}

/* A rehearsal finds the account whose password is to be looked at; afterwards it is known by its
 * id, and only a login that is to be taken is still asked for. */
static void add_credentials(
    struct collection *collection, const struct request *request, bool rehearsal) {
    const struct credentials *credentials = &request->sealed->credentials;
    enum password_of password = request->decoded.command.definition->password;
    if (credentials->proof.state == PROOF_RIGHT && password != PASSWORD_OF_NOBODY) {
        uuid_list_add(&collection->accounts, credentials->proof.account_id);
    }
    if (credentials->login.data != NULL && (rehearsal || password == PASSWORD_OF_NOBODY)) {
        collection->logins.items[collection->logins.count++] = credentials->login;
    }
}

static void add_holdings(struct collection *collection, const struct command *command) {
    if ((command->definition->loads & LOAD_TARGETS_HOLDINGS) != 0) {
        uuid_list_add(&collection->holdings, command_value(command, "account_id")->as.uuid);
    }
}

/* Of several in a rehearsal any will do. */
static void add_purge(
    struct collection *collection, const struct command *command, const struct limits *limits) {
    if ((command->definition->loads & LOAD_PURGEABLE) != 0) {
        collection->purge = (struct purge_window){
            .wanted = true,
            .before_us = command_value(command, "before")->as.time_us,
            .minimum_us = limits->retention_minimum_us,
            .slots_max = limits->purge_slots_max};
    }
}

static void add_request(
    struct collection *collection, const struct request *request, const struct attempt *attempt) {
    const struct limits *limits = &attempt->engine->settings.limits;
    const struct command *command = &request->decoded.command;
    if (request->authenticated) {
        uuid_list_add(&collection->accounts, request->caller);
    }
    if (request->sealed != NULL) {
        add_credentials(collection, request, attempt->rehearsal);
    }
    collection->recalls[collection->recall_count++] =
        (struct recall_key){.caller = request->caller, .command_id = command->command_id};
    add_fields(collection, command);
    add_holdings(collection, command);
    add_purge(collection, command, limits);
    if ((command->definition->loads & LOAD_CALLERS_APPOINTMENTS) != 0) {
        uuid_list_add(&collection->patients, request->caller);
    }
    if ((command->definition->loads & LOAD_CALLERS_CALENDAR) != 0) {
        add_window(collection, request, limits);
    }
}

static void collection_init(struct collection *collection, struct arena *arena, size_t count) {
    struct uuid_list *lists[] = {
        &collection->accounts,
        &collection->holdings,
        &collection->patients,
        &collection->doctors,
        &collection->slots,
        &collection->appointments};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        lists[i]->items = ARENA_ARRAY(arena, struct uuid, count * COMMAND_FIELDS_MAX);
    }
    collection->logins.items = ARENA_ARRAY(arena, struct view, count);
    collection->windows = ARENA_ARRAY(arena, struct calendar_window, count);
    collection->recalls = ARENA_ARRAY(arena, struct recall_key, count);
}

static struct claim *claim_of(struct attempt *attempt, struct partition *partition) {
    for (size_t i = 0; i < attempt->claim_count; i++) {
        if (attempt->claims[i].partition == partition) {
            return &attempt->claims[i];
        }
    }
    attempt->claims[attempt->claim_count] = (struct claim){.partition = partition};
    return &attempt->claims[attempt->claim_count++];
}

static void collect_claims(struct attempt *attempt) {
    attempt->claims = ARENA_ARRAY(attempt->engine->work, struct claim, attempt->count);
    attempt->claim_count = 0;
    for (size_t i = 0; i < attempt->count; i++) {
        const struct record *record = &attempt->requests[i].record;
        struct claim *claim = claim_of(attempt, attempt->requests[i].partition);
        assert(record->offset >= claim->after_offset);
        claim->after_offset = record->offset + 1;
        claim->last_offset = record->offset;
        claim->last_append_time_us = record->append_time_us;
    }
    for (size_t i = 0; i < attempt->count; i++) {
        struct claim *claim = claim_of(attempt, attempt->requests[i].partition);
        if (claim->last_offset == attempt->requests[i].record.offset) {
            digest_of(attempt->requests[i].record.value, &claim->last_hash);
        }
    }
}

static bool ends_account(const struct attempt *attempt) {
    return attempt->requests[0].would_end_account && !attempt->rehearsal;
}

void stage_collect(struct attempt *attempt) {
    struct collection collection = {.window_count = 0};
    collection_init(&collection, attempt->engine->work, attempt->count);
    collect_claims(attempt);
    for (size_t i = 0; i < attempt->count && !attempt->answer_internal; i++) {
        if (attempt->requests[i].early == CODE_ACCEPTED) {
            add_request(&collection, &attempt->requests[i], attempt);
        }
    }
    uuid_list_sort_unique(&collection.accounts);
    uuid_list_sort_unique(&collection.holdings);
    uuid_list_sort_unique(&collection.slots);
    uuid_list_sort_unique(&collection.appointments);
    uuid_list_sort_unique(&collection.patients);
    uuid_list_sort_unique(&collection.doctors);
    merge_windows(&collection);
    attempt->load = (struct load_request){
        .lane = attempt->engine->settings.lane,
        .rehearsal = attempt->rehearsal,
        .claims = attempt->claims,
        .claim_count = attempt->claim_count,
        .lock_accounts_for_update = attempt->lock_accounts_for_update || ends_account(attempt),
        .accounts = collection.accounts,
        .logins = collection.logins,
        .holdings = collection.holdings,
        .purge = collection.purge,
        .slots = collection.slots,
        .appointments = collection.appointments,
        .patients = collection.patients,
        .doctors = collection.doctors,
        .windows = collection.windows,
        .window_count = collection.window_count,
        .recalls = collection.recalls,
        .recall_count = collection.recall_count,
        .command_count = attempt->count,
    };
}
