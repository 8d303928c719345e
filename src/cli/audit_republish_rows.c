/* Whatever grows with the database stays in PostgreSQL: the ids of what is on the topic in a table
 * of this session alone, the events behind a cursor. */
#include "cli/audit_republish_rows.h"

#include "cli/audit_database.h"
#include "cli/database.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 24, SQL_SIZE = 4096, PRESENT_BATCH = 1000 };

static const char *const tables_sql[] = {
    "CREATE TEMPORARY TABLE republish_present (event_id uuid)",
    ("CREATE TEMPORARY TABLE republish_border"
     " (topic text, accounts boolean, partition integer, unpublished_from bigint)"),
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};

static const char count_sql[] = "SELECT (SELECT count(*) FROM slotkeeper.slot_event)"
                                " + (SELECT count(*) FROM slotkeeper.account_event)";

static const char border_sql[] =
    "INSERT INTO pg_temp.republish_border SELECT $1, $2::boolean, $3::integer,"
    " CASE WHEN $4::bigint >= 0 THEN $4::bigint ELSE coalesce((SELECT published_offset"
    " FROM slotkeeper.partition_progress WHERE topic = $1 AND partition = $3::integer), 0) END";

static const char present_sql[] = "INSERT INTO pg_temp.republish_present SELECT unnest($1::uuid[])";

/* The answer that an event belongs to has its time. A slot's event was caused by whoever was the
 * caller; an account's may come of a command without a token, whose caller is nobody's account. */
#define SLOT_ANSWER                                                                                \
    "SELECT l.topic, l.partition, l.record_offset, l.route FROM slotkeeper.command_log l"          \
    " WHERE l.caller = e.actor_id AND l.command_id = e.command_id AND l.recallable"                \
    " AND l.decided_at = e.occurred_at AND l.events IS NOT NULL OFFSET 0"

#define ACCOUNT_ANSWERS                                                                            \
    "SELECT l.topic, l.partition, l.record_offset, l.route, l.command_id, l.decided_at, l.events"  \
    " FROM pg_temp.republish_border a JOIN slotkeeper.command_log l USING (topic, partition)"      \
    " WHERE a.accounts AND l.events IS NOT NULL"

#define TAIL                                                                                       \
    " LEFT JOIN pg_temp.republish_border b ON b.topic = l.topic AND b.partition = l.partition"     \
    " LEFT JOIN pg_temp.republish_present s ON s.event_id = e.event_id"                            \
    " ORDER BY 1, e.sequence"

#define STATE(waiting)                                                                             \
    "CASE WHEN s.event_id IS NOT NULL THEN 'present' WHEN l.record_offset >= "                     \
    "b.unpublished_from" waiting " THEN 'waiting' ELSE 'missing' END, encode(l.route, 'hex')"

static const struct {
    const char *chain;
    bool accounts;
    const char *rest;
} parts[] = {
    {"slot_id",
     false,
     STATE("") " FROM slotkeeper.slot_event e LEFT JOIN LATERAL (" SLOT_ANSWER ") l ON true" TAIL},
    {"account_id",
     true,
     STATE(
         " OR e.event_id IN (SELECT event_id FROM slotkeeper.pending_event)") " FROM "
                                                                              "slotkeeper.account_"
                                                                              "event e LEFT JOIN "
                                                                              "(" ACCOUNT_ANSWERS
                                                                              ") l ON l.command_id "
                                                                              "= e.command_id AND "
                                                                              "l.decided_at = "
                                                                              "e.occurred_at"
                                                                              " AND "
                                                                              "position(convert_to("
                                                                              "e.event_id::text, "
                                                                              "'UTF8') IN "
                                                                              "l.events) > 0" TAIL},
};

enum { COLUMN_STATE = AUDIT_EVENT_COLUMN_COUNT, COLUMN_ROUTE };

enum status republish_begin(PGconn *connection, int64_t *total, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sizeof tables_sql / sizeof tables_sql[0]; i++) {
        status = database_do(connection, tables_sql[i], error);
    }
    const struct statement count = {.sql = count_sql};
    PGresult *result = NULL;
    if (status == STATUS_OK) {
        status = database_run(connection, &count, &result, error);
    }
    if (status == STATUS_OK) {
        *total = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
    }
    return status;
}

static enum status run(PGconn *connection, const struct statement *statement, struct error *error) {
    PGresult *result;
    enum status status = database_run(connection, statement, &result, error);
    if (status == STATUS_OK) {
        PQclear(result);
    }
    return status;
}

enum status republish_set_border(
    PGconn *connection, const struct republish_border *border, struct error *error) {
    char partition[NUMBER_SIZE];
    char committed[NUMBER_SIZE];
    (void)snprintf(partition, sizeof partition, "%d", (int)border->partition);
    (void)snprintf(committed, sizeof committed, "%" PRId64, border->committed);
    const char *const values[] = {
        border->topic, border->accounts ? "t" : "f", partition, committed};
    const struct statement statement = {border_sql, values, 4};
    return run(connection, &statement, error);
}

static enum status note_batch(
    PGconn *connection, const struct uuid *event_ids, size_t count, struct error *error) {
    static char list[PRESENT_BATCH * (UUID_TEXT_SIZE + 1) + 2];
    char *at = list;
    for (size_t i = 0; i < count; i++) {
        *at++ = i == 0 ? '{' : ',';
        uuid_format(event_ids[i], at);
        at += UUID_TEXT_SIZE;
    }
    memcpy(at, "}", 2);
    const char *const values[] = {list};
    const struct statement statement = {present_sql, values, 1};
    return run(connection, &statement, error);
}

enum status republish_note_present(
    PGconn *connection, const struct uuid *event_ids, size_t count, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i += PRESENT_BATCH) {
        size_t size = count - i < PRESENT_BATCH ? count - i : PRESENT_BATCH;
        status = note_batch(connection, event_ids + i, size, error);
    }
    return status;
}

/* ---- reading ---- */

enum { ROUTE_SIZE_MAX = 256 * 1024 };

struct reading {
    bool accounts;
    bool has_chain;
    struct uuid chain_id;
    struct chain chain;
    uint8_t *route; /* ROUTE_SIZE_MAX */
    enum status (*take)(void *self, const struct republish_row *row, struct error *error);
    void *self;
};

static enum republish_state state_of(const char *word) {
    if (strcmp(word, "present") == 0) {
        return REPUBLISH_PRESENT;
    }
    return strcmp(word, "waiting") == 0 ? REPUBLISH_WAITING : REPUBLISH_MISSING;
}

static struct view read_route(const struct reading *reading, const PGresult *result, int index) {
    const char *text = PQgetvalue(result, index, COLUMN_ROUTE);
    size_t size = (size_t)PQgetlength(result, index, COLUMN_ROUTE) / 2;
    if (size == 0 || size > ROUTE_SIZE_MAX) {
        return view_of(NULL, 0);
    }
    for (size_t i = 0; i < size; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        reading->route[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return view_of(reading->route, size);
}

/* What has been tampered with is not published under the service's name. */
static enum status link_event(
    struct reading *reading, struct audit_event *event, struct error *error) {
    struct digest hash;
    struct uuid chain_id = event->slot_id;
    if (!reading->has_chain || !uuid_equal(reading->chain_id, chain_id)) {
        reading->has_chain = true;
        reading->chain_id = chain_id;
        reading->chain = (struct chain){0};
    }
    event->previous_hash = reading->chain.head;
    audit_event_hash(event, &hash);
    if (event->sequence != reading->chain.sequence + 1 || !digest_equal(&hash, &event->hash)) {
        char id[UUID_TEXT_SIZE + 1];
        uuid_format(chain_id, id);
        return error_set(
            error,
            STATUS_FATAL,
            "the chain of %s %s is broken at event %lld; see `slotkeeper audit verify`",
            reading->accounts ? "account" : "slot",
            id,
            (long long)event->sequence);
    }
    reading->chain = (struct chain){event->sequence, event->hash};
    return STATUS_OK;
}

static enum status take_row(
    struct reading *reading, const PGresult *result, int index, struct error *error) {
    struct republish_row row;
    if (!audit_event_of_row(result, index, reading->accounts, &row.event)) {
        return error_set(
            error, STATUS_FATAL, "the database has an event with a word unknown to this program");
    }
    enum status status = link_event(reading, &row.event, error);
    row.state = state_of(PQgetvalue(result, index, COLUMN_STATE));
    row.route = read_route(reading, result, index);
    return status == STATUS_OK ? reading->take(reading->self, &row, error) : status;
}

static enum status read_slice(
    PGconn *connection, struct reading *reading, int *rows, struct error *error) {
    static const struct statement fetch = {.sql = "FETCH 200 FROM republish_events"};
    PGresult *result;
    enum status status = database_run(connection, &fetch, &result, error);
    if (status != STATUS_OK) {
        return status;
    }
    *rows = PQntuples(result);
    for (int i = 0; status == STATUS_OK && i < *rows; i++) {
        status = take_row(reading, result, i, error);
    }
    PQclear(result);
    return status;
}

static enum status read_part(
    PGconn *connection, struct reading *reading, size_t part, struct error *error) {
    char sql[SQL_SIZE];
    int rows = 1;
    reading->accounts = parts[part].accounts;
    reading->has_chain = false;
    (void)snprintf(
        sql,
        sizeof sql,
        "DECLARE republish_events NO SCROLL CURSOR FOR SELECT e.%s, %s, %s",
        parts[part].chain,
        audit_event_columns,
        parts[part].rest);
    enum status status = database_do(connection, sql, error);
    while (status == STATUS_OK && rows > 0) {
        status = read_slice(connection, reading, &rows, error);
    }
    return status == STATUS_OK ? database_do(connection, "CLOSE republish_events", error) : status;
}

enum status republish_read(
    PGconn *connection,
    enum status (*take)(void *self, const struct republish_row *row, struct error *error),
    void *self,
    struct error *error) {
    struct reading reading = {.take = take, .self = self, .route = malloc(ROUTE_SIZE_MAX)};
    if (reading.route == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a route");
    }
    enum status status = database_do(
        connection, "ANALYZE pg_temp.republish_present, pg_temp.republish_border", error);
    for (size_t i = 0; status == STATUS_OK && i < sizeof parts / sizeof parts[0]; i++) {
        status = read_part(connection, &reading, i, error);
    }
    free(reading.route);
    return status;
}
