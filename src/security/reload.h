/* A file, or a folder, of keys that is read again: when told to, and when somebody names a key that
 * is not there. Threads that meet an unknown key queue here, and the later ones look again in what
 * the first has read, so that a rotation refuses nobody; a flood of made-up names costs one stat(2)
 * each and one reading a second. Thread-safe. */
#ifndef SLOTKEEPER_SECURITY_RELOAD_H
#define SLOTKEEPER_SECURITY_RELOAD_H

#include "base/status.h"
#include "security/file_state.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct reload {
    char *path;
    /* Reads `path` and puts it in force, or leaves what is there and sets *error. One at a time. */
    enum status (*read)(void *self, struct error *error);
    void *self;
    atomic_uint_fast64_t generation; /* of what is in force; `read` moves it on */
    atomic_uint_fast64_t failed;
    pthread_mutex_t lock;
    struct file_state tried; /* under lock: what was read last, usable or not */
    int64_t tried_at_us;     /* under lock */
};

/* Copies `path`; reads nothing yet. False: no memory. Either way reload_clean_up is due. */
bool reload_init(
    struct reload *reload,
    const char *path,
    enum status (*read)(void *self, struct error *error),
    void *self) MUST_USE;
void reload_clean_up(struct reload *reload);

enum status reload_now(struct reload *reload, struct error *error) MUST_USE;
/* For a key that is not in `generation_seen`: unless there is a later one, reads again if the path
 * has changed or a second has passed. Nobody waits for the answer, so a failure goes to the log as
 * `complaint`. */
void reload_for_unknown_key(struct reload *reload, uint64_t generation_seen, const char *complaint);

#endif
