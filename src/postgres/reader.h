/* Where pages are read: on the replica of database.read_url as long as it is fit to be used, else
 * on the primary, each on a read-only connection of its own. */
#ifndef SLOTKEEPER_POSTGRES_READER_H
#define SLOTKEEPER_POSTGRES_READER_H

#include "engine/ports.h"

struct reader_settings { /* the texts outlive the reader */
    const char *url;
    const char *read_url; /* "": only the primary */
    int64_t timeout_us;
    int64_t lag_max_us;
};

/* What the primary said last; a replica is measured by it. */
struct primary_place {
    int64_t now_us;
    int64_t log_position;
    int64_t started_us; /* names the server */
};

struct reader;

/* Connects at the first page. NULL: no memory. */
struct reader *reader_new(const struct reader_settings *settings) MUST_USE;
void reader_destroy(struct reader *reader);

void reader_note_primary(struct reader *reader, const struct primary_place *place);

/* Fills the pages, items in the arena. A replica in trouble is left for the primary and tried again
 * later, which is logged once each way. STATUS_POISON: the primary refuses one of them; else the
 * primary is in trouble. */
enum status reader_read(
    struct reader *reader, struct page *const *pages, size_t count, struct arena *arena) MUST_USE;

/* read_rows.c: what statement and parameters a page needs, and its rows. */
struct pipeline;
struct pg_result; /* libpq's PGresult */
void page_queue(struct pipeline *pipeline, const struct page *page, struct arena *arena);
void page_fill(struct page *page, const struct pg_result *result, struct arena *arena);

#endif
