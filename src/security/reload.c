/* The state is asked before the path is read, so that a change in between is seen next time. */
#include "security/reload.h"

#include "base/log.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

bool reload_init(
    struct reload *reload,
    const char *path,
    enum status (*read)(void *self, struct error *error),
    void *self) {
    *reload = (struct reload){.read = read, .self = self};
    (void)pthread_mutex_init(&reload->lock, NULL);
    reload->path = strdup(path);
    return reload->path != NULL;
}

void reload_clean_up(struct reload *reload) {
    (void)pthread_mutex_destroy(&reload->lock);
    free(reload->path);
}

static enum status read_locked(struct reload *reload, struct error *error) {
    reload->tried = file_state_of(reload->path);
    reload->tried_at_us = time_monotonic_us();
    enum status status = reload->read(reload->self, error);
    if (status != STATUS_OK) {
        (void)atomic_fetch_add(&reload->failed, 1);
    }
    return status;
}

enum status reload_now(struct reload *reload, struct error *error) {
    (void)pthread_mutex_lock(&reload->lock);
    enum status status = read_locked(reload, error);
    (void)pthread_mutex_unlock(&reload->lock);
    return status;
}

static bool is_due(const struct reload *reload) {
    struct file_state now = file_state_of(reload->path);
    return !file_state_equal(&now, &reload->tried)
           || time_monotonic_us() - reload->tried_at_us >= TIME_SECOND_US;
}

void reload_for_unknown_key(
    struct reload *reload, uint64_t generation_seen, const char *complaint) {
    struct error error = {""};
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&reload->lock);
    if (atomic_load(&reload->generation) == generation_seen && is_due(reload)) {
        status = read_locked(reload, &error);
    }
    (void)pthread_mutex_unlock(&reload->lock);
    if (status != STATUS_OK) {
        log_warning(complaint, LOG_TEXT("reason", error.text));
    }
}
