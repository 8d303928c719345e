/* A worker's connection: statements are queued and run in one round trip (libpq's pipeline mode),
 * each against a deadline of ours, because a link that hangs tells nobody. */
#ifndef SLOTKEEPER_POSTGRES_PIPELINE_H
#define SLOTKEEPER_POSTGRES_PIPELINE_H

#include "postgres/array.h"
#include "postgres/statements.h"

#include <libpq-fe.h>

enum { PIPELINE_MAX = 16 };

struct pipeline;

/* Connects to the first host of `url` that takes a write, checks that the schema is one that this
 * worker was built for, fixes the session's plans and prepares every statement. NULL with *error
 * and *status set: STATUS_RETRY (none takes a write now) or STATUS_FATAL (another schema, no
 * grants). */
struct pipeline *pipeline_open(
    const char *url, int64_t timeout_us, enum status *status, struct error *error) MUST_USE;
/* The same for a connection that only reads: of what callers queue it has the statements from
 * STATEMENT_READS on and no others. `replica`: of any server, also one that takes no write. */
struct pipeline *pipeline_open_reader(
    const char *url,
    int64_t timeout_us,
    bool replica,
    enum status *status,
    struct error *error) MUST_USE;
void pipeline_close(struct pipeline *pipeline);

/* Parameters may be NULL for none; their values must live until pipeline_run returns. */
void pipeline_queue(
    struct pipeline *pipeline, enum statement statement, const struct parameters *parameters);

/* Runs what is queued. STATUS_OK: results[i] belongs to the i-th statement queued, valid until the
 * next queue, run or close. Otherwise no results; the transaction, if one was open, must be rolled
 * back. `results` may be NULL. */
enum status pipeline_run(struct pipeline *pipeline, PGresult ***results) MUST_USE;

/* COMMIT alone, without a deadline. STATUS_RETRY: its fate is not known, or a synchronous standby
 * did not confirm it. */
enum status pipeline_commit(struct pipeline *pipeline) MUST_USE;
/* ROLLBACK if a transaction is open; a failure shows at the next run. */
void pipeline_rollback(struct pipeline *pipeline);

/* When the server's certificate ends, as it was shown when the connection was made. False: there is
 * none, the connection is in clear. */
bool pipeline_certificate_end(const struct pipeline *pipeline, int64_t *ends_at_us) MUST_USE;

/* The class of the last failure was 23 (a constraint). */
bool pipeline_constraint_failed(const struct pipeline *pipeline);
/* The last failure was a lock that was not to be had within lock_timeout (55P03). */
bool pipeline_lock_timed_out(const struct pipeline *pipeline);
/* Ends the sessions of our role that keep locks without working, which stopped workers do; outside
 * a transaction. Whatever became of it, the next attempt shows. */
void pipeline_terminate_stalled(struct pipeline *pipeline);

#endif
