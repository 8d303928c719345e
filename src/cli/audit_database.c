/* Chains from the database: rows in chain order, some thousand at a time, so that memory stays
 * bounded but for the set. What may still be unpublished is asked in the same snapshot. */
#include "cli/audit_database.h"

#include "base/time.h"
#include "cli/audit_purge.h"
#include "cli/database.h"

#include <stdlib.h>
#include <string.h>

static const char begin_sql[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

static const char count_sql[] = "SELECT (SELECT count(*) FROM slotkeeper.slot_event)"
                                " + (SELECT count(*) FROM slotkeeper.account_event)"
                                " + (SELECT coalesce(sum(head_sequence + 1), 0)"
                                " FROM slotkeeper.purged_slot)";

/* The last column: the event may not be on the topic yet. */
#define EVENT_COLUMNS                                                                              \
    "e.sequence, e.event_id, e.entity, e.entity_id, e.old_state, e.new_state, e.actor_id,"         \
    " e.actor_role, e.command_id, e.reason, e.related_id, e.detail,"                               \
    " (extract(epoch FROM e.occurred_at) * 1000000)::bigint, encode(e.hash, 'hex')"

#define IN_UNPUBLISHED(command_id)                                                                 \
    command_id " IN (SELECT l.command_id FROM slotkeeper.command_log l"                            \
               " JOIN slotkeeper.partition_progress p USING (topic, partition)"                    \
               " WHERE l.record_offset >= p.published_offset AND l.events IS NOT NULL"             \
               " AND l.command_id IS NOT NULL)"

#define IN_PENDING_EVENTS "e.event_id IN (SELECT event_id FROM slotkeeper.pending_event)"

static const char slots_sql[] =
    "DECLARE events NO SCROLL CURSOR FOR SELECT e.slot_id, " EVENT_COLUMNS ", " IN_UNPUBLISHED(
        "e.command_id") " FROM slotkeeper.slot_event e ORDER BY e.slot_id, e.sequence";

static const char accounts_sql[] =
    "DECLARE events NO SCROLL CURSOR FOR SELECT e.account_id, " EVENT_COLUMNS ", " IN_UNPUBLISHED(
        "e.command_id") " OR " IN_PENDING_EVENTS
                        " FROM slotkeeper.account_event e ORDER BY e.account_id, e.sequence";

/* What each purge took, and the event that says so; either may be without the other. */
static const char purged_sql[] =
    "DECLARE events NO SCROLL CURSOR FOR SELECT p.slot_id, p.head_sequence,"
    " encode(p.head_hash, 'hex'), " IN_UNPUBLISHED(
        "p.head_command_id") ","
                             " coalesce(p.event_id, a.event_id), a.account_id, a.sequence, a.detail"
                             " FROM slotkeeper.purged_slot p FULL JOIN (SELECT * FROM "
                             "slotkeeper.account_event"
                             " WHERE reason = 'purged') a ON a.event_id = p.event_id"
                             " ORDER BY coalesce(p.event_id, a.event_id), p.slot_id";

static const char fetch_sql[] = "FETCH 2000 FROM events";

enum column {
    COLUMN_CHAIN,
    COLUMN_SEQUENCE,
    COLUMN_EVENT_ID,
    COLUMN_ENTITY,
    COLUMN_ENTITY_ID,
    COLUMN_OLD_STATE,
    COLUMN_NEW_STATE,
    COLUMN_ACTOR_ID,
    COLUMN_ACTOR_ROLE,
    COLUMN_COMMAND_ID,
    COLUMN_REASON,
    COLUMN_RELATED_ID,
    COLUMN_DETAIL,
    COLUMN_OCCURRED_AT,
    COLUMN_HASH,
    COLUMN_UNPUBLISHED,
};

enum purged_column {
    PURGED_SLOT_ID,
    PURGED_HEAD_SEQUENCE,
    PURGED_HEAD_HASH,
    PURGED_UNPUBLISHED,
    PURGED_EVENT_ID,
    PURGED_ACCOUNT_ID,
    PURGED_SEQUENCE,
    PURGED_DETAIL,
};

/* Where reading stands. */
struct reading {
    struct audit_set *set;
    struct audit_counts *counts;
    struct audit_finding *finding;
    bool accounts;
    bool has_chain;
    struct uuid chain_id;
    struct chain chain;
    bool has_purge;
    struct audit_purge purge; /* the one whose slots are being read */
};

struct row {
    const PGresult *result;
    int index;
};

static struct view text_at(const struct row *row, int column) {
    if (PQgetisnull(row->result, row->index, column) != 0) {
        return (struct view){0};
    }
    return view_of(
        PQgetvalue(row->result, row->index, column),
        (size_t)PQgetlength(row->result, row->index, column));
}

static int64_t number_at(const struct row *row, int column) {
    return strtoll(PQgetvalue(row->result, row->index, column), NULL, 10);
}

/* NULL is a null uuid: *present says which. */
static bool uuid_at(const struct row *row, int column, bool *present, struct uuid *uuid) {
    struct view text = text_at(row, column);
    *present = text.data != NULL;
    return !*present || uuid_parse(text, uuid);
}

static bool hash_at(const struct row *row, int column, struct digest *hash) {
    struct view text = text_at(row, column);
    for (size_t i = 0; text.size == DIGEST_TEXT_SIZE && i < sizeof hash->bytes; i++) {
        char pair[3] = {(char)text.data[2 * i], (char)text.data[2 * i + 1], '\0'};
        hash->bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return text.size == DIGEST_TEXT_SIZE;
}

static bool entity_at(const struct row *row, enum entity *entity) {
    static const char *const names[ENTITY_COUNT] = {
        [ENTITY_SLOT] = "slot", [ENTITY_APPOINTMENT] = "appointment", [ENTITY_ACCOUNT] = "account"};
    struct view text = text_at(row, COLUMN_ENTITY);
    for (size_t i = 0; i < ENTITY_COUNT; i++) {
        if (view_is(text, names[i])) {
            *entity = (enum entity)i;
            return true;
        }
    }
    return false;
}

static bool words_at(const struct row *row, struct audit_event *event) {
    struct view old_state = text_at(row, COLUMN_OLD_STATE);
    struct view reason = text_at(row, COLUMN_REASON);
    event->has_old_state = old_state.data != NULL;
    event->reason = REASON_NONE;
    return entity_at(row, &event->entity)
           && (!event->has_old_state || state_parse(old_state, &event->old_state))
           && state_parse(text_at(row, COLUMN_NEW_STATE), &event->new_state)
           && role_parse(text_at(row, COLUMN_ACTOR_ROLE), &event->actor_role)
           && (reason.data == NULL || reason_parse(reason, &event->reason));
}

/* False: a word that this program does not know. */
static bool event_at(const struct row *row, bool account, struct audit_event *event) {
    bool present;
    *event = (struct audit_event){.has_slot_id = !account};
    event->sequence = number_at(row, COLUMN_SEQUENCE);
    event->occurred_at_us = number_at(row, COLUMN_OCCURRED_AT);
    event->detail = PQgetisnull(row->result, row->index, COLUMN_DETAIL) != 0
                        ? NULL
                        : PQgetvalue(row->result, row->index, COLUMN_DETAIL);
    return words_at(row, event) && uuid_at(row, COLUMN_CHAIN, &present, &event->slot_id)
           && uuid_at(row, COLUMN_EVENT_ID, &present, &event->event_id)
           && uuid_at(row, COLUMN_ENTITY_ID, &present, &event->entity_id)
           && uuid_at(row, COLUMN_ACTOR_ID, &present, &event->actor_id)
           && uuid_at(row, COLUMN_COMMAND_ID, &present, &event->command_id)
           && uuid_at(row, COLUMN_RELATED_ID, &event->has_related_id, &event->related_id)
           && hash_at(row, COLUMN_HASH, &event->hash);
}

static void enter_chain(struct reading *reading, struct uuid chain_id) {
    if (!reading->has_chain || !uuid_equal(reading->chain_id, chain_id)) {
        reading->has_chain = true;
        reading->chain_id = chain_id;
        reading->chain = (struct chain){0};
        reading->counts->chains++;
    }
}

static void find_gap(struct reading *reading) {
    *reading->finding = (struct audit_finding){
        .kind = AUDIT_GAP,
        .place = {reading->chain_id, reading->accounts, reading->chain.sequence + 1},
    };
}

static void find_change(struct reading *reading, const struct audit_event *event) {
    *reading->finding = (struct audit_finding){
        .kind = AUDIT_CHANGED,
        .place = {reading->chain_id, reading->accounts, event->sequence},
        .has_event_id = true,
        .event_id = event->event_id,
    };
}

static enum status keep(
    struct audit_set *set,
    const struct audit_place *place,
    const struct digest *hash,
    unsigned marks,
    struct error *error) {
    struct audit_entry *entry = audit_set_put(set, place, marks);
    if (entry == NULL) {
        return error_set(error, STATUS_FATAL, "the database has more events than it counted");
    }
    memcpy(entry->hash, hash->bytes, sizeof entry->hash);
    return STATUS_OK;
}

static enum status take_event(struct reading *reading, const struct row *row, struct error *error) {
    struct audit_event event;
    struct digest hash;
    if (!event_at(row, reading->accounts, &event)) {
        return error_set(
            error, STATUS_FATAL, "the database has an event with a word unknown to this program");
    }
    struct uuid chain_id = event.slot_id; /* the first column, whichever table it is */
    enter_chain(reading, chain_id);
    if (event.sequence != reading->chain.sequence + 1) {
        find_gap(reading);
        return STATUS_OK;
    }
    event.previous_hash = reading->chain.head;
    audit_event_hash(&event, &hash);
    if (!digest_equal(&hash, &event.hash)) {
        find_change(reading, &event);
        return STATUS_OK;
    }
    struct audit_place place = {chain_id, reading->accounts, event.sequence};
    bool unpublished = view_is(text_at(row, COLUMN_UNPUBLISHED), "t");
    reading->chain = (struct chain){event.sequence, event.hash};
    reading->counts->events++;
    return keep(reading->set, &place, &event.hash, unpublished ? AUDIT_UNPUBLISHED : 0, error);
}

/* The next purge's rows begin, or there are no more: whether the last one's event tells the truth.
 */
static void settle_purge(struct reading *reading) {
    if (reading->has_purge && !audit_purge_is_true(&reading->purge)) {
        *reading->finding = audit_purge_finding(&reading->purge);
    }
    reading->has_purge = false;
}

static bool enter_purge(struct reading *reading, const struct row *row) {
    struct audit_purge purge = {.slots = 0};
    bool present;
    if (!uuid_at(row, PURGED_EVENT_ID, &present, &purge.event_id)
        || !uuid_at(row, PURGED_ACCOUNT_ID, &purge.has_event, &purge.account_id)) {
        return false;
    }
    if (reading->has_purge && uuid_equal(purge.event_id, reading->purge.event_id)) {
        return true;
    }
    settle_purge(reading);
    purge.sequence = number_at(row, PURGED_SEQUENCE);
    audit_purge_begin(&purge, text_at(row, PURGED_DETAIL));
    reading->purge = purge;
    reading->has_purge = true;
    return true;
}

/* Where the chain of a purged slot ended: its last event, and a marker that holds how many there
 * were. What is left of a chain that is noted as purged takes the same place: a finding. */
static enum status take_purged_slot(
    struct reading *reading, const struct row *row, struct error *error) {
    bool present;
    struct chain chain = {.sequence = number_at(row, PURGED_HEAD_SEQUENCE)};
    struct audit_place place = {.sequence = 0};
    struct digest length = {{0}};
    if (!uuid_at(row, PURGED_SLOT_ID, &present, &place.chain_id)
        || !hash_at(row, PURGED_HEAD_HASH, &chain.head)) {
        return error_set(error, STATUS_FATAL, "the database has a purged slot that cannot be read");
    }
    audit_purge_add(&reading->purge, place.chain_id, &chain);
    struct audit_place first = {.chain_id = place.chain_id, .sequence = 1};
    if (audit_set_find(reading->set, &first) != NULL) {
        *reading->finding = (struct audit_finding){.kind = AUDIT_UNACCOUNTED, .place = first};
        return STATUS_OK;
    }
    bool unpublished = view_is(text_at(row, PURGED_UNPUBLISHED), "t");
    memcpy(length.bytes, &chain.sequence, sizeof chain.sequence);
    enum status status = keep(reading->set, &place, &length, AUDIT_PURGED, error);
    place.sequence = chain.sequence;
    reading->counts->purged++;
    return status == STATUS_OK ? keep(
               reading->set,
               &place,
               &chain.head,
               AUDIT_PURGED | (unpublished ? AUDIT_UNPUBLISHED : 0U),
               error)
                               : status;
}

static enum status take_purged(
    struct reading *reading, const struct row *row, struct error *error) {
    if (!enter_purge(reading, row)) {
        return error_set(error, STATUS_FATAL, "the database has a purge that cannot be read");
    }
    bool has_slot = text_at(row, PURGED_SLOT_ID).data != NULL;
    return has_slot && reading->finding->kind == AUDIT_NOTHING
               ? take_purged_slot(reading, row, error)
               : STATUS_OK;
}

static enum status read_rows(
    PGconn *connection,
    struct reading *reading,
    enum status (*take)(struct reading *, const struct row *, struct error *),
    struct error *error) {
    struct statement fetch = {.sql = fetch_sql};
    int rows = 1;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && rows > 0 && reading->finding->kind == AUDIT_NOTHING) {
        PGresult *result;
        status = database_run(connection, &fetch, &result, error);
        if (status != STATUS_OK) {
            return status;
        }
        struct row row = {result, 0};
        rows = PQntuples(result);
        for (; status == STATUS_OK && row.index < rows && reading->finding->kind == AUDIT_NOTHING;
             row.index++) {
            status = take(reading, &row, error);
        }
        PQclear(result);
    }
    return status == STATUS_OK ? database_do(connection, "CLOSE events", error) : status;
}

enum status audit_snapshot_begin(PGconn *connection, struct audit_set **set, struct error *error) {
    struct statement count = {.sql = count_sql};
    PGresult *result;
    *set = NULL;
    enum status status = database_do(connection, begin_sql, error);
    if (status == STATUS_OK) {
        status = database_run(connection, &count, &result, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct row row = {result, 0};
    *set = audit_set_new((size_t)number_at(&row, 0));
    PQclear(result);
    return *set != NULL ? STATUS_OK
                        : error_set(error, STATUS_FATAL, "no memory for 64 bytes an event");
}

enum status audit_database_read(
    PGconn *connection,
    struct audit_set *set,
    struct audit_counts *counts,
    struct audit_finding *finding,
    struct error *error) {
    static const struct {
        const char *sql;
        bool accounts;
        enum status (*take)(struct reading *, const struct row *, struct error *);
    } parts[] = {
        {slots_sql, false, take_event},
        {accounts_sql, true, take_event},
        {purged_sql, false, take_purged},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && finding->kind == AUDIT_NOTHING
                       && i < sizeof parts / sizeof parts[0];
         i++) {
        struct reading reading = {
            .set = set, .counts = counts, .finding = finding, .accounts = parts[i].accounts};
        status = database_do(connection, parts[i].sql, error);
        if (status == STATUS_OK) {
            status = read_rows(connection, &reading, parts[i].take, error);
        }
        if (status == STATUS_OK && finding->kind == AUDIT_NOTHING) {
            settle_purge(&reading);
        }
    }
    return status;
}

const char audit_event_columns[] = EVENT_COLUMNS;

bool audit_event_of_row(
    const PGresult *result, int index, bool account, struct audit_event *event) {
    struct row row = {result, index};
    return event_at(&row, account, event);
}
