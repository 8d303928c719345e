/* Argon2 on threads of its own at low priority, so that at most so many hashes are made at once and
 * a flood of log-ins leaves the processor to the bookings. */
#ifndef SLOTKEEPER_SECURITY_HASHER_H
#define SLOTKEEPER_SECURITY_HASHER_H

#include "security/password.h"

enum { HASHER_THREADS_MAX = 64, HASHER_NICE = 10 };

/* One log-in, registration or change. The views and `stored` outlive hasher_run. */
struct hash_job {
    bool verify;          /* false: only `fresh` is hashed */
    const char *stored;   /* encoded; NULL: no such account, a dummy is verified in its place */
    struct view password; /* normalised, to be verified */
    struct view fresh;    /* normalised, to be hashed (when verifying, only if right); data NULL:
                             none */

    /* set by hasher_run */
    bool right;                    /* never for stored NULL */
    bool has_made;                 /* `made` is the hash of fresh, or of the password anew */
    char made[PASSWORD_HASH_SIZE]; /* where `stored` is of other parameters than today's */
};

struct hasher;

/* `threads`: 1 to HASHER_THREADS_MAX. Makes the dummy's hash. NULL with *error set. */
struct hasher *hasher_new(
    size_t threads, const struct hash_parameters *parameters, struct error *error) MUST_USE;
/* Nobody is in hasher_run any more. */
void hasher_destroy(struct hasher *hasher);

/* Returns when all jobs are done; several callers may run at once and are served in the order they
 * came. STATUS_RETRY: no memory for a hash, STATUS_FATAL: our own defect; all of these jobs are as
 * if not done then. */
enum status hasher_run(struct hasher *hasher, struct hash_job *jobs, size_t count) MUST_USE;

#endif
