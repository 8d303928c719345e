/* Hashing passwords in a few threads of low priority: however many log-ins come, no more than that
 * many hashes are computed at once, and bookings go before them. Thread-safe. */
#ifndef SLOTKEEPER_SECURITY_HASHER_H
#define SLOTKEEPER_SECURITY_HASHER_H

#include "security/password.h"

enum { HASHER_THREADS_MAX = 64 };

/* What to do with one password, and what came of it. Passwords are normalised; the caller keeps
 * them, and wipes them. */
struct hash_job {
    bool verify;
    const char *stored; /* for verify; NULL: an unknown account, which takes as long as a known one
                           and is never right */
    struct view password; /* for verify */
    struct view fresh;    /* hashed if `right` or not `verify`; data NULL: nothing to set */
    /* Set by hasher_run. */
    bool right;
    bool has_made;
    char made[PASSWORD_HASH_SIZE]; /* of `fresh`, or of `password` if that is right, nothing is to
                                      be set and `stored` is of other parameters than today's */
};

struct hasher;

/* Starts `threads` threads, 1 to HASHER_THREADS_MAX. NULL with *error set: not such a number or
 * parameters, or no memory or threads. Copies the parameters. */
struct hasher *hasher_new(
    size_t threads, const struct hash_parameters *parameters, struct error *error) MUST_USE;
/* Nobody is in hasher_run, nor comes. */
void hasher_destroy(struct hasher *hasher);

/* Does the jobs and returns when none is left; several callers may wait at once and take turns job
 * by job. STATUS_RETRY: no memory for a hash, STATUS_FATAL: no random bytes; what the jobs say is
 * void then. */
enum status hasher_run(struct hasher *hasher, struct hash_job *jobs, size_t count) MUST_USE;

/* Jobs that wait for a thread, for a metric. */
size_t hasher_waiting(struct hasher *hasher) MUST_USE;

#endif
