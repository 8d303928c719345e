/* The port, and the one rule about failures that needs memory: a constraint that fails again
 * although the accounts are locked for update is no race but the record's own fault. */
#include "postgres/store.h"

#include "postgres/reader.h"

enum { CONSTRAINT_FAILURES_OF_A_RACE = 1 };

static enum status classify(struct store *store, enum status status) {
    if (status != STATUS_CONFLICT) {
        return status;
    }
    if (!store->locked_for_update || !pipeline_constraint_failed(store->pipeline)) {
        return STATUS_CONFLICT;
    }
    return ++store->constraint_failures > CONSTRAINT_FAILURES_OF_A_RACE ? STATUS_POISON
                                                                        : STATUS_CONFLICT;
}

static enum status load(
    void *self,
    const struct load_request *request,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    struct store *store = self;
    store->locked_for_update = request->lock_accounts_for_update;
    if (!store->locked_for_update) {
        store->constraint_failures = 0;
    }
    return classify(store, store_load(store, request, arena, world, now_us));
}

static enum status save(
    void *self,
    const struct world *world,
    const struct answer *answers,
    size_t count,
    struct arena *arena) {
    return classify(self, store_save(self, world, answers, count, arena));
}

static enum status commit(void *self) {
    struct store *store = self;
    return classify(store, pipeline_commit(store->pipeline));
}

static void rollback(void *self) {
    struct store *store = self;
    pipeline_rollback(store->pipeline);
    if (pipeline_lock_timed_out(store->pipeline)) {
        pipeline_terminate_stalled(store->pipeline);
    }
}

static enum status find_devices(void *self, struct preparation *preparation, struct arena *arena) {
    return classify(self, store_find_devices(self, preparation, arena));
}

static enum status lock_throttles(
    void *self, struct preparation *preparation, struct arena *arena) {
    return classify(self, store_lock_throttles(self, preparation, arena));
}

static enum status note_attempts(
    void *self, const struct preparation *preparation, struct arena *arena) {
    return classify(self, store_note_attempts(self, preparation, arena));
}

static enum status look(
    void *self,
    const struct uuid_list *accounts,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    return store_look(self, accounts, arena, world, now_us);
}

static enum status read_pages(
    void *self, struct page *const *pages, size_t count, struct arena *arena) {
    struct store *store = self;
    return reader_read(store->reader, pages, count, arena);
}

struct store_port store_port_of(struct store *store) {
    return (struct store_port){
        .self = store,
        .load = load,
        .save = save,
        .commit = commit,
        .rollback = rollback,
        .find_devices = find_devices,
        .lock_throttles = lock_throttles,
        .note_attempts = note_attempts,
        .look = look,
        .read = read_pages};
}
