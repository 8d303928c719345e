/* Whether a replica is fit is asked in the round trip of the pages themselves: it is, if it has
 * replayed what the primary had written when the batch began, or a transaction that ended no longer
 * ago than database time allows. Clocks of the replica's machine have no say. */
#include "postgres/reader.h"

#include "base/log.h"
#include "base/time.h"
#include "postgres/pipeline.h"
#include "postgres/row.h"

#include <stdlib.h>

#define BAR_AFTER_LAG_US     TIME_SECOND_US
#define BAR_AFTER_FAILURE_US (30 * TIME_SECOND_US)

enum { PAGES_AT_ONCE = PIPELINE_MAX - 1 };

struct reader {
    struct reader_settings settings;
    struct pipeline *primary; /* NULL: not connected */
    struct pipeline *replica;
    struct primary_place place;
    int64_t barred_until_us; /* monotonic: the replica is not tried before */
    bool replica_is_used;
    bool has_said_so; /* the log knows of replica_is_used */
};

struct reader *reader_new(const struct reader_settings *settings) {
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader != NULL) {
        reader->settings = *settings;
    }
    return reader;
}

void reader_destroy(struct reader *reader) {
    if (reader != NULL) {
        pipeline_close(reader->primary);
        pipeline_close(reader->replica);
        free(reader);
    }
}

void reader_note_primary(struct reader *reader, const struct primary_place *place) {
    reader->place = *place;
}

static void leave_replica(struct reader *reader, const char *why, int64_t bar_us) {
    reader->barred_until_us = time_monotonic_us() + bar_us;
    if (reader->replica_is_used || !reader->has_said_so) {
        log_warning(
            "the read replica is not used, the primary answers queries", LOG_TEXT("detail", why));
    }
    reader->replica_is_used = false;
    reader->has_said_so = true;
}

static void use_replica(struct reader *reader) {
    if (!reader->replica_is_used) {
        log_info(
            "the read replica answers queries",
            LOG_INT("lag_max_ms", reader->settings.lag_max_us / 1000));
    }
    reader->replica_is_used = true;
    reader->has_said_so = true;
}

/* NULL: fit to be used; else why not. */
static const char *unfitness(const struct reader *reader, const PGresult *result) {
    const struct primary_place *place = &reader->place;
    if (!row_bool(result, 0, 0)) {
        return row_time_us(result, 0, 3) == place->started_us
                   ? NULL
                   : "it is a server of its own and no replica";
    }
    bool has_all = !row_is_null(result, 0, 1) && row_int8(result, 0, 1) >= place->log_position;
    bool is_close = !row_is_null(result, 0, 2)
                    && place->now_us - row_time_us(result, 0, 2) <= reader->settings.lag_max_us;
    return has_all || is_close ? NULL : "it is further behind than query.lag_max";
}

static enum status read_on(
    struct pipeline *pipeline,
    struct page *const *pages,
    size_t count,
    struct arena *arena,
    PGresult ***results) {
    pipeline_queue(pipeline, STATEMENT_REPLICA_PLACE, NULL);
    for (size_t i = 0; i < count; i++) {
        page_queue(pipeline, pages[i], arena);
    }
    return pipeline_run(pipeline, results);
}

static void fill(
    struct page *const *pages, size_t count, PGresult *const *results, struct arena *arena) {
    for (size_t i = 0; i < count; i++) {
        page_fill(pages[i], results[i + 1], arena);
    }
}

static bool connect_replica(struct reader *reader) {
    enum status status = STATUS_OK;
    struct error error;
    if (reader->replica == NULL) {
        reader->replica = pipeline_open_reader(
            reader->settings.read_url, reader->settings.timeout_us, true, &status, &error);
    }
    if (reader->replica == NULL) {
        leave_replica(reader, error.text, BAR_AFTER_FAILURE_US);
    }
    return reader->replica != NULL;
}

/* False: the primary has to. */
static bool read_replica(
    struct reader *reader, struct page *const *pages, size_t count, struct arena *arena) {
    PGresult **results = NULL;
    if (reader->settings.read_url[0] == '\0' || time_monotonic_us() < reader->barred_until_us
        || !connect_replica(reader)) {
        return false;
    }
    if (read_on(reader->replica, pages, count, arena, &results) != STATUS_OK) {
        pipeline_close(reader->replica);
        reader->replica = NULL;
        leave_replica(reader, "a statement failed there", BAR_AFTER_FAILURE_US);
        return false;
    }
    const char *why = unfitness(reader, results[0]);
    if (why != NULL) {
        leave_replica(reader, why, BAR_AFTER_LAG_US);
        return false;
    }
    use_replica(reader);
    fill(pages, count, results, arena);
    return true;
}

static enum status read_primary(
    struct reader *reader, struct page *const *pages, size_t count, struct arena *arena) {
    PGresult **results = NULL;
    enum status status = STATUS_OK;
    struct error error;
    if (reader->primary == NULL) {
        reader->primary = pipeline_open_reader(
            reader->settings.url, reader->settings.timeout_us, false, &status, &error);
    }
    if (reader->primary == NULL) {
        log_warning(
            "there is no connection for queries to the primary", LOG_TEXT("detail", error.text));
        return status;
    }
    status = read_on(reader->primary, pages, count, arena, &results);
    if (status == STATUS_OK) {
        fill(pages, count, results, arena);
    }
    return status;
}

enum status reader_read(
    struct reader *reader, struct page *const *pages, size_t count, struct arena *arena) {
    enum status status = STATUS_OK;
    for (size_t from = 0; status == STATUS_OK && from < count; from += PAGES_AT_ONCE) {
        size_t left = count - from;
        size_t some = left < PAGES_AT_ONCE ? left : PAGES_AT_ONCE;
        if (!read_replica(reader, pages + from, some, arena)) {
            status = read_primary(reader, pages + from, some, arena);
        }
    }
    return status;
}
