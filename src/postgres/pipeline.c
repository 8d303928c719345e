/* libpq without blocking, in pipeline mode: an error inside a pipeline aborts what follows up to
 * the sync, and the transaction still has to be rolled back. Only SQLSTATE and constraint names are
 * logged: PostgreSQL's messages quote rows. */
#include "postgres/pipeline.h"

#include "base/certificate.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "postgres/connect.h"
#include "postgres/schema_version.h"
#include "postgres/writable.h"

#include <assert.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define LOCK_NOT_AVAILABLE "55P03"

enum { RESULT_BINARY = 1, POLL_STEP_MS = 1000 };

enum use { USE_WRITES, USE_READS_PRIMARY, USE_READS_REPLICA };

struct pipeline {
    PGconn *connection;
    int64_t timeout_us;
    enum statement queued[1 + PIPELINE_MAX];
    PGresult *results[1 + PIPELINE_MAX];
    size_t queued_count;
    size_t result_count;
    size_t own_count;      /* of those queued: ours, before what the caller queues */
    uint64_t work_count;   /* begun so far */
    uint64_t change_count; /* statements that wrote events; with them grow all large tables */
    bool outgrown;         /* plans, by a change_count of 1, 2, 4 ... since they were made */
    bool in_transaction;
    bool lost; /* results are still to come, or never will: nothing can be asked any more */
    bool constraint_failed;
    bool lock_timed_out;
    bool commit_unconfirmed; /* a warning said that a synchronous standby did not answer */
};

/* Plans are fixed on purpose: with statistics of an empty or a changing table the planner tips over
 * to scans that cost a hundred times as much. tests/integration locks the plans. But not for ever:
 * see plan_again_if_due.
 * READ COMMITTED, whatever the server's default is: a statement after a wait has to look with a
 * snapshot of its own. */
static const char session_settings[] =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;"
    " SET enable_mergejoin = off; SET jit = off; SET lock_timeout = '2s';"
    " SET idle_in_transaction_session_timeout = '30s';"
    " SET default_transaction_isolation = 'read committed'";

/* Pages come in the order of an index, so that the first rows are all that is read. */
static const char reader_settings[] =
    "SET default_transaction_read_only = on; SET enable_bitmapscan = off; SET enable_sort = off";

static const struct parameters no_parameters = {.count = 0};

static void on_notice(void *context, const PGresult *notice) {
    struct pipeline *pipeline = context;
    const char *state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    pipeline->commit_unconfirmed =
        pipeline->commit_unconfirmed || (state != NULL && strcmp(state, "01000") == 0);
    log_warning("PostgreSQL warns", LOG_TEXT("sqlstate", state == NULL ? "" : state));
}

static enum status prepare_all(
    PGconn *connection, enum statement from, enum statement below, struct error *error) {
    for (enum statement i = from; i < below; i++) {
        const struct statement_text *text = statement_text(i);
        PGresult *result = PQprepare(connection, text->name, text->sql, 0, NULL);
        bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        bool lost = PQstatus(connection) != CONNECTION_OK;
        if (!done) {
            (void)error_set(
                error,
                lost ? STATUS_RETRY : STATUS_FATAL,
                "statement %s cannot be prepared (SQLSTATE %s): the worker's role lacks a grant, "
                "or the schema differs",
                text->name,
                state == NULL ? "none" : state);
            PQclear(result);
            return lost ? STATUS_RETRY : STATUS_FATAL;
        }
        PQclear(result);
    }
    return STATUS_OK;
}

static enum status set_up_reader(struct pipeline *pipeline, struct error *error) {
    enum status status = postgres_run(pipeline->connection, reader_settings, error);
    return status == STATUS_OK
               ? prepare_all(pipeline->connection, STATEMENT_PLAN_AGAIN, STATEMENT_COUNT, error)
               : status;
}

static enum status set_up(struct pipeline *pipeline, enum use use, struct error *error) {
    enum status status = schema_version_check(pipeline->connection, error);
    if (status == STATUS_OK && use != USE_READS_REPLICA) {
        status = writable_check(pipeline->connection, error);
    }
    if (status == STATUS_OK) {
        status = postgres_run(pipeline->connection, session_settings, error);
    }
    if (status == STATUS_OK) {
        status = use == USE_WRITES
                     ? prepare_all(pipeline->connection, STATEMENT_BEGIN, STATEMENT_READS, error)
                     : set_up_reader(pipeline, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (PQsetnonblocking(pipeline->connection, 1) != 0
        || PQenterPipelineMode(pipeline->connection) != 1) {
        return error_set(
            error, STATUS_RETRY, "the database connection cannot be switched to pipeline mode");
    }
    return STATUS_OK;
}

static enum status connect_past(
    struct pipeline *pipeline, const char *url, size_t skip, enum use use, struct error *error) {
    PQfinish(pipeline->connection);
    pipeline->connection = postgres_connect(url, skip, error);
    if (pipeline->connection == NULL) {
        return STATUS_RETRY;
    }
    (void)PQsetNoticeReceiver(pipeline->connection, on_notice, pipeline);
    return set_up(pipeline, use, error);
}

/* libpq takes the first host that says that it is a primary; those after it are tried when it takes
 * no COMMIT. */
static enum status connect_to_any(
    struct pipeline *pipeline, const char *url, enum use use, struct error *error) {
    enum status status = connect_past(pipeline, url, 0, use, error);
    size_t hosts = status == STATUS_LOST ? postgres_host_count(url) : 1;
    for (size_t skip = 1; skip < hosts && status != STATUS_OK; skip++) {
        struct error other; /* the first one's trouble is the one to tell */
        status = connect_past(pipeline, url, skip, use, &other);
    }
    return status == STATUS_LOST ? STATUS_RETRY : status;
}

static struct pipeline *open_pipeline(
    const char *url, int64_t timeout_us, enum use use, enum status *status, struct error *error) {
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (pipeline == NULL) {
        *status = error_set(error, STATUS_FATAL, "no memory for a database connection");
        return NULL;
    }
    pipeline->timeout_us = timeout_us;
    *status = connect_to_any(pipeline, url, use, error);
    if (*status != STATUS_OK) {
        pipeline_close(pipeline);
        return NULL;
    }
    return pipeline;
}

struct pipeline *pipeline_open(
    const char *url, int64_t timeout_us, enum status *status, struct error *error) {
    return open_pipeline(url, timeout_us, USE_WRITES, status, error);
}

struct pipeline *pipeline_open_reader(
    const char *url, int64_t timeout_us, bool replica, enum status *status, struct error *error) {
    enum use use = replica ? USE_READS_REPLICA : USE_READS_PRIMARY;
    return open_pipeline(url, timeout_us, use, status, error);
}

static void clear_results(struct pipeline *pipeline) {
    for (size_t i = 0; i < pipeline->result_count; i++) {
        PQclear(pipeline->results[i]);
    }
    pipeline->result_count = 0;
}

void pipeline_close(struct pipeline *pipeline) {
    if (pipeline != NULL) {
        clear_results(pipeline);
        PQfinish(pipeline->connection);
        free(pipeline);
    }
}

static void send_prepared(
    struct pipeline *pipeline, enum statement statement, const struct parameters *given) {
    static const int binary[PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                               1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert(pipeline->queued_count < 1 + PIPELINE_MAX);
    pipeline->queued[pipeline->queued_count++] = statement;
    /* A failure to queue leaves a broken connection, which the run reports. */
    (void)PQsendQueryPrepared(
        pipeline->connection,
        statement_text(statement)->name,
        given->count,
        given->values,
        given->lengths,
        binary,
        RESULT_BINARY);
}

/* Of what a session asks again and again; pings and the like say nothing of how tables grow. */
static bool begins_work(enum statement statement) {
    return statement == STATEMENT_BEGIN || statement == STATEMENT_LOOK_AT_CALLERS
           || statement == STATEMENT_REPLICA_PLACE;
}

static bool is_power_of_two(uint64_t count) {
    return count != 0 && (count & (count - 1)) == 0;
}

/* A plan that was made for an empty table that somebody had analysed is any index from end to end:
 * all cost nothing. So plans are made again before the 2nd, 4th, 8th piece of work and so on, and
 * after the 1st, 2nd, 4th that wrote events, however many did not; each time for tables as large as
 * they have become; PostgreSQL itself does it when autovacuum has come by. Never within a
 * transaction: one that has failed takes nothing but its end. */
static void plan_again_if_due(struct pipeline *pipeline, enum statement first) {
    pipeline->own_count = 0;
    if (!begins_work(first)) {
        return;
    }
    pipeline->work_count++;
    if (pipeline->outgrown || (pipeline->work_count > 1 && is_power_of_two(pipeline->work_count))) {
        pipeline->outgrown = false;
        pipeline->own_count = 1;
        send_prepared(pipeline, STATEMENT_PLAN_AGAIN, &no_parameters);
    }
}

void pipeline_queue(
    struct pipeline *pipeline, enum statement statement, const struct parameters *parameters) {
    if (pipeline->queued_count == 0) {
        clear_results(pipeline);
        plan_again_if_due(pipeline, statement);
    }
    assert(pipeline->queued_count < pipeline->own_count + PIPELINE_MAX);
    send_prepared(pipeline, statement, parameters == NULL ? &no_parameters : parameters);
    pipeline->in_transaction = pipeline->in_transaction || statement == STATEMENT_BEGIN;
    if (statement == STATEMENT_INSERT_SLOT_EVENTS || statement == STATEMENT_INSERT_ACCOUNT_EVENTS) {
        pipeline->change_count++;
        pipeline->outgrown = pipeline->outgrown || is_power_of_two(pipeline->change_count);
    }
}

static bool has_class(const char *state, const char *class) {
    return strncmp(state, class, 2) == 0;
}

/* What an SQLSTATE asks for; see docs/decisions for why. */
static enum status class_of(const char *state) {
    if (has_class(state, "23") || has_class(state, "40")
        || strcmp(state, LOCK_NOT_AVAILABLE) == 0) {
        return STATUS_CONFLICT;
    }
    if (has_class(state, "22") || has_class(state, "54")) {
        return STATUS_POISON;
    }
    return STATUS_RETRY;
}

static enum status note_failure(
    struct pipeline *pipeline, enum statement statement, const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    if (state == NULL) {
        return STATUS_RETRY;
    }
    metrics_add(METRIC_SQL_ERRORS, (const char[]){state[0], state[1], '\0'}, 1);
    pipeline->constraint_failed = has_class(state, "23");
    pipeline->lock_timed_out = strcmp(state, LOCK_NOT_AVAILABLE) == 0;
    enum status status = class_of(state);
    log_write(
        status == STATUS_CONFLICT ? LOG_INFO : LOG_WARNING,
        "PostgreSQL refused a statement",
        LOG_FIELDS(
            LOG_TEXT("statement", statement_text(statement)->name),
            LOG_TEXT("sqlstate", state),
            LOG_TEXT("constraint", constraint == NULL ? "" : constraint),
            LOG_TEXT("class", status_name(status))));
    return status;
}

/* Waits until the socket can be read, or written when `writing`. False: the deadline passed, or it
 * is broken. */
static bool wait_for_socket(const struct pipeline *pipeline, bool writing, int64_t deadline_us) {
    for (;;) {
        int64_t left_us = deadline_us - time_monotonic_us();
        if (left_us <= 0) {
            return false;
        }
        int64_t step_ms = left_us / 1000 + 1 < POLL_STEP_MS ? left_us / 1000 + 1 : POLL_STEP_MS;
        struct pollfd socket = {
            .fd = PQsocket(pipeline->connection),
            .events = (short)(POLLIN | (writing ? POLLOUT : 0))};
        int ready = poll(&socket, 1, (int)step_ms);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

/* The next result, waiting for it; false: the link is broken or too slow. */
static bool next_result(struct pipeline *pipeline, int64_t deadline_us, PGresult **result) {
    for (;;) {
        int unsent = PQflush(pipeline->connection);
        if (unsent < 0) {
            return false;
        }
        if (unsent == 0 && PQisBusy(pipeline->connection) == 0) {
            *result = PQgetResult(pipeline->connection);
            return true;
        }
        if (!wait_for_socket(pipeline, unsent > 0, deadline_us)
            || PQconsumeInput(pipeline->connection) != 1) {
            return false;
        }
    }
}

/* One statement's result, which libpq follows with a NULL. */
static enum status collect_one(
    struct pipeline *pipeline, enum statement statement, int64_t deadline_us, PGresult **kept) {
    PGresult *end = NULL;
    if (!next_result(pipeline, deadline_us, kept) || *kept == NULL
        || !next_result(pipeline, deadline_us, &end)) {
        return STATUS_LOST;
    }
    if (end != NULL) {
        PQclear(end);
        return STATUS_LOST;
    }
    switch (PQresultStatus(*kept)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        return STATUS_OK;
    case PGRES_PIPELINE_ABORTED: /* the failure before it has been noted */
        return STATUS_CONFLICT;
    default: /* PGRES_FATAL_ERROR and what libpq may invent */
        return note_failure(pipeline, statement, *kept);
    }
}

static bool collect_sync(struct pipeline *pipeline, int64_t deadline_us) {
    PGresult *result = NULL;
    bool synced = next_result(pipeline, deadline_us, &result)
                  && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    return synced;
}

static enum status run_until(struct pipeline *pipeline, int64_t deadline_us) {
    enum status first = STATUS_OK;
    size_t count = pipeline->queued_count;
    pipeline->queued_count = 0;
    if (pipeline->lost || PQpipelineSync(pipeline->connection) != 1) {
        pipeline->lost = true;
        return STATUS_RETRY;
    }
    for (size_t i = 0; i < count; i++) {
        PGresult *result = NULL;
        enum status status = collect_one(pipeline, pipeline->queued[i], deadline_us, &result);
        pipeline->results[i] = result;
        pipeline->result_count = i + 1;
        if (status == STATUS_LOST) {
            pipeline->lost = true;
            metrics_add(METRIC_SQL_ERRORS, "link", 1);
            log_warning(
                "the database link is lost or too slow",
                LOG_TEXT("statement", statement_text(pipeline->queued[i])->name));
            return STATUS_RETRY;
        }
        first = first == STATUS_OK ? status : first;
    }
    pipeline->lost = !collect_sync(pipeline, deadline_us);
    return pipeline->lost ? STATUS_RETRY : first;
}

enum status pipeline_run(struct pipeline *pipeline, PGresult ***results) {
    pipeline->constraint_failed = false;
    pipeline->lock_timed_out = false;
    enum status status = run_until(pipeline, time_monotonic_us() + pipeline->timeout_us);
    if (results != NULL) {
        *results = pipeline->results + pipeline->own_count;
    }
    return status;
}

enum status pipeline_commit(struct pipeline *pipeline) {
    pipeline->commit_unconfirmed = false;
    pipeline_queue(pipeline, STATEMENT_COMMIT, NULL);
    enum status status = run_until(pipeline, INT64_MAX);
    if (status != STATUS_OK) {
        return status;
    }
    pipeline->in_transaction = false;
    bool committed = strcmp(PQcmdStatus(pipeline->results[pipeline->own_count]), "COMMIT") == 0;
    return committed && !pipeline->commit_unconfirmed ? STATUS_OK : STATUS_RETRY;
}

void pipeline_rollback(struct pipeline *pipeline) {
    if (pipeline->in_transaction && !pipeline->lost
        && PQstatus(pipeline->connection) == CONNECTION_OK) {
        pipeline->queued_count = 0;
        pipeline_queue(pipeline, STATEMENT_ROLLBACK, NULL);
        (void)run_until(pipeline, time_monotonic_us() + pipeline->timeout_us);
    }
    pipeline->in_transaction = false;
}

bool pipeline_certificate_end(const struct pipeline *pipeline, int64_t *ends_at_us) {
    SSL *session = PQsslStruct(pipeline->connection, "OpenSSL");
    X509 *certificate = session == NULL ? NULL : SSL_get1_peer_certificate(session);
    bool known = certificate != NULL && certificate_end(certificate, ends_at_us);
    X509_free(certificate);
    return known;
}

bool pipeline_constraint_failed(const struct pipeline *pipeline) {
    return pipeline->constraint_failed;
}

bool pipeline_lock_timed_out(const struct pipeline *pipeline) {
    return pipeline->lock_timed_out;
}

void pipeline_terminate_stalled(struct pipeline *pipeline) {
    pipeline_queue(pipeline, STATEMENT_TERMINATE_STALLED, NULL);
    enum status status = pipeline_run(pipeline, NULL);
    (void)status;
}
