/* Between batches: metrics, offsets that no record moves, rows whose time is over, and what `admin`
 * left to publish. All in bounded slices, so that a batch never waits long behind it. */
#include "app/session_parts.h"
#include "base/planted.h"
#include "base/time.h"
#include "postgres/row.h"

enum {
    ROUND_US = 1000000,
    EXPIRE_US = 10000000,
    FORGET_US = 60000000,
    ROWS_MAX = 1000, /* removed by one statement */
    SLICES_MAX = 5,  /* a partition, or the log, a round */
};

/* Runs a statement that removes up to ROWS_MAX rows and says how many it was, until fewer were
 * left. *more: not yet. */
static enum status remove_slices(
    struct session *session,
    enum statement statement,
    const struct parameters *parameters,
    bool *more) {
    enum status status = STATUS_OK;
    *more = true;
    for (int i = 0; status == STATUS_OK && *more && i < SLICES_MAX; i++) {
        PGresult **results = NULL;
        pipeline_queue(session->pipeline, statement, parameters);
        status = pipeline_run(session->pipeline, &results);
        *more = status == STATUS_OK && row_int4(results[0], 0, 0) >= ROWS_MAX;
    }
    return status;
}

/* Rows that only served publication go once they are published. */
static enum status forget_answers(struct session *session, struct partition *partition) {
    struct parameters parameters = {.count = 0};
    struct arena *arena = session->host->scratch;
    parameters_add_text(&parameters, session->owner.topic);
    parameters_add_int4(&parameters, arena, partition->number);
    parameters_add_int8(&parameters, arena, partition->published_offset);
    parameters_add_int4(&parameters, arena, ROWS_MAX);
    return remove_slices(session, STATEMENT_FORGET_ANSWERS, &parameters, &partition->untidy);
}

/* Of all workers' calls at one time, one does anything. */
static enum status expire_log(struct session *session, int64_t now_us) {
    if (now_us - session->expired_us < EXPIRE_US) {
        return STATUS_OK;
    }
    struct parameters parameters = {.count = 0};
    bool more = false;
    parameters_add_int8(&parameters, session->host->scratch, session->settings->log_retention_us);
    parameters_add_int4(&parameters, session->host->scratch, ROWS_MAX);
    enum status status = remove_slices(session, STATEMENT_EXPIRE_LOG, &parameters, &more);
    session->expired_us = more ? session->expired_us : now_us;
    return status;
}

/* Log-ins that failed long ago; one session at a time, too. */
static enum status forget_log_ins(struct session *session, int64_t now_us) {
    if (now_us - session->forgotten_us < FORGET_US) {
        return STATUS_OK;
    }
    const struct settings *settings = session->settings;
    struct parameters parameters = {.count = 0};
    bool more = false;
    parameters_add_int8(&parameters, session->host->scratch, settings->login_lock_us);
    parameters_add_int4(&parameters, session->host->scratch, ROWS_MAX);
    parameters_add_int4(&parameters, session->host->scratch, (int32_t)settings->login_rows_max);
    enum status status = remove_slices(session, STATEMENT_FORGET_LOG_INS, &parameters, &more);
    session->forgotten_us = more ? session->forgotten_us : now_us;
    return status;
}

/* What all sessions of a lane may do, and one of them does. */
static enum status expire(struct session *session, int64_t now_us) {
    switch (session->host->lane) {
    case LANE_SLOTS:
        return expire_log(session, now_us);
    case LANE_ACCOUNTS:
        return forget_log_ins(session, now_us);
    case LANE_QUERIES:
    case LANE_COUNT:
        break;
    }
    return STATUS_OK;
}

static enum status tidy(struct session *session, struct partition *partition) {
    enum status status = STATUS_OK;
    if (partition->end_offset > partition->next_offset) {
        status = progress_note_end(
            session->pipeline, &session->owner, partition, session->host->scratch);
    } else if (
        partition->noted_offset < partition->published_offset && !PLANTED("published_unnoted")) {
        status = progress_note_published(
            session->pipeline, &session->owner, partition, session->host->scratch);
        partition->noted_offset = partition->published_offset;
    }
    return status == STATUS_OK && partition->untidy ? forget_answers(session, partition) : status;
}

/* So that a database that went away is noticed while no record comes. */
static enum status ping(struct session *session) {
    pipeline_queue(session->pipeline, STATEMENT_PING, NULL);
    return pipeline_run(session->pipeline, NULL);
}

static enum status run_round(struct session *session, int64_t now_us) {
    enum status status = ping(session);
    for (size_t i = 0; status == STATUS_OK && i < session->partition_count; i++) {
        struct partition *partition = &session->partitions[i];
        watch_partition(session, partition);
        if (!partition->stopped && session->host->lane != LANE_QUERIES) {
            status = tidy(session, partition);
        }
    }
    const struct partition *first = partitions_find(session, 0);
    if (status == STATUS_OK && first != NULL && !first->stopped
        && session->host->lane == LANE_SLOTS) {
        status = pending_publish(session);
    }
    if (status == STATUS_OK) {
        status = partitions_verify_again(session);
    }
    if (status == STATUS_OK) {
        status = watch_round(session, now_us);
    }
    return status == STATUS_OK ? expire(session, now_us) : status;
}

enum status housekeeping_run(struct session *session) {
    int64_t now_us = time_monotonic_us();
    if (now_us - session->housekept_us < ROUND_US) {
        return STATUS_OK;
    }
    session->housekept_us = now_us;
    enum status status = run_round(session, now_us);
    arena_reset(session->host->scratch);
    if (status != STATUS_OK) {
        session->clean = false;
        if (status != STATUS_LOST) {
            (void)error_set(session->error, status, "housekeeping failed");
        }
    }
    return status;
}
