/* Account, event and what is to be published of it, in one transaction at one database time. */
#include "cli/account.h"

#include "base/time.h"
#include "cli/database.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENT_MEMORY_MAX = 4 * 1024 * 1024, NUMBER_SIZE = 24 };

static const char begin_sql[] = "BEGIN";
/* Positions rise in the order of commits, because a worker remembers only the last one that it has
 * published. */
static const char lock_sql[] = "LOCK TABLE slotkeeper.pending_event IN SHARE ROW EXCLUSIVE MODE";
static const char timeout_sql[] = "SET LOCAL statement_timeout = '30s'";
static const char now_sql[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/* A login that is taken is no error of the server's, whose message would quote it. */
static const char account_sql[] =
    "INSERT INTO slotkeeper.account"
    " (account_id, role, login, password_hash, created_at)"
    " VALUES ($1, $2::slotkeeper.account_role, $3, $4, $5::timestamptz)"
    " ON CONFLICT DO NOTHING";

static const char event_sql[] =
    "INSERT INTO slotkeeper.account_event"
    " (account_id, sequence, event_id, entity, entity_id, new_state, actor_id, actor_role,"
    "  command_id, occurred_at, hash)"
    " VALUES ($1, $2, $3, 'account', $1, $4::slotkeeper.entity_state, $1,"
    "  $5::slotkeeper.account_role, $6, $7::timestamptz, $8::bytea)";

static const char pending_sql[] =
    "INSERT INTO slotkeeper.pending_event (account_id, event_id, event_schema, event)"
    " VALUES ($1, $2, $3, $4::bytea)";

/* The values of one account's rows as text. */
struct texts {
    char account_id[UUID_TEXT_SIZE + 1];
    char event_id[UUID_TEXT_SIZE + 1];
    char command_id[UUID_TEXT_SIZE + 1];
    char sequence[NUMBER_SIZE];
    char fingerprint[NUMBER_SIZE];
    char now[TIME_TEXT_SIZE + 1];
    char hash[2 + DIGEST_TEXT_SIZE + 1];
};

struct creation {
    PGconn *connection;
    const struct new_account *account;
    struct audit_event event;
    struct view body; /* of the event, encoded */
    struct texts texts;
};

static enum status read_now(PGconn *connection, int64_t *now_us, struct error *error) {
    struct statement statement = {.sql = now_sql};
    PGresult *result;
    enum status status = database_run(connection, &statement, &result, error);
    if (status != STATUS_OK) {
        return status;
    }
    *now_us = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return STATUS_OK;
}

/* The account is its own actor: nobody else stands behind it. */
static void make_event(struct creation *creation, int64_t now_us) {
    const struct new_account *account = creation->account;
    struct chain chain = {0};
    creation->event = (struct audit_event){
        .event_id = uuid_random(),
        .entity = ENTITY_ACCOUNT,
        .entity_id = account->account_id,
        .new_state = STATE_ACTIVE,
        .actor_id = account->account_id,
        .actor_role = account->role,
        .command_id = uuid_random(),
        .reason = REASON_NONE,
        .occurred_at_us = now_us,
    };
    audit_chain_append(&chain, &creation->event);
}

static void make_texts(struct creation *creation, uint64_t fingerprint) {
    const struct audit_event *event = &creation->event;
    struct texts *texts = &creation->texts;
    uuid_format(event->entity_id, texts->account_id);
    uuid_format(event->event_id, texts->event_id);
    uuid_format(event->command_id, texts->command_id);
    time_format(event->occurred_at_us, texts->now);
    memcpy(texts->hash, "\\x", 2);
    digest_format(&event->hash, texts->hash + 2);
    (void)snprintf(texts->sequence, sizeof texts->sequence, "%" PRId64, event->sequence);
    (void)snprintf(texts->fingerprint, sizeof texts->fingerprint, "%" PRId64, (int64_t)fingerprint);
}

static enum status run_insert(
    PGconn *connection, const struct statement *statement, bool *inserted, struct error *error) {
    PGresult *result;
    enum status status = database_run(connection, statement, &result, error);
    if (status != STATUS_OK) {
        return status;
    }
    *inserted = strcmp(PQcmdTuples(result), "1") == 0;
    PQclear(result);
    return STATUS_OK;
}

static enum status insert_account(struct creation *creation, struct error *error) {
    const struct texts *texts = &creation->texts;
    const char *const values[] = {
        texts->account_id,
        role_name(creation->account->role),
        creation->account->login,
        creation->account->password_hash,
        texts->now,
    };
    struct statement statement = {account_sql, values, 5};
    bool inserted = false;
    enum status status = run_insert(creation->connection, &statement, &inserted, error);
    if (status == STATUS_OK && !inserted) {
        return error_set(
            error, STATUS_INVALID, "there is an account with this login, or with this id, already");
    }
    return status;
}

static enum status insert_event(struct creation *creation, struct error *error) {
    const struct texts *texts = &creation->texts;
    const char *const values[] = {
        texts->account_id,
        texts->sequence,
        texts->event_id,
        state_name(creation->event.new_state),
        role_name(creation->event.actor_role),
        texts->command_id,
        texts->now,
        texts->hash,
    };
    struct statement statement = {event_sql, values, 8};
    bool inserted;
    return run_insert(creation->connection, &statement, &inserted, error);
}

static enum status insert_pending(struct creation *creation, struct error *error) {
    const struct texts *texts = &creation->texts;
    size_t size = 0;
    unsigned char *body =
        PQescapeByteaConn(creation->connection, creation->body.data, creation->body.size, &size);
    if (body == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for an event");
    }
    const char *const values[] = {
        texts->account_id,
        texts->event_id,
        texts->fingerprint,
        (const char *)body,
    };
    struct statement statement = {pending_sql, values, 4};
    bool inserted;
    enum status status = run_insert(creation->connection, &statement, &inserted, error);
    PQfreemem(body);
    return status;
}

static enum status commit(PGconn *connection, struct error *error) {
    struct error reason;
    if (database_do(connection, "COMMIT", &reason) == STATUS_OK) {
        return STATUS_OK;
    }
    return error_set(
        error,
        STATUS_RETRY,
        "whether the account was made is not known (%.300s): if it was, trying again says that the "
        "login is taken",
        reason.text);
}

static enum status write_rows(
    struct creation *creation, struct codec *codec, struct arena *arena, struct error *error) {
    int64_t now_us = 0;
    enum status status = read_now(creation->connection, &now_us, error);
    if (status != STATUS_OK) {
        return status;
    }
    make_event(creation, now_us);
    make_texts(creation, codec_event_fingerprint(codec));
    creation->body = codec_encode_event(codec, arena, &creation->event);
    status = insert_account(creation, error);
    if (status == STATUS_OK) {
        status = insert_event(creation, error);
    }
    return status == STATUS_OK ? insert_pending(creation, error) : status;
}

enum status account_create(
    PGconn *connection,
    struct codec *codec,
    const struct new_account *account,
    struct error *error) {
    struct creation creation = {.connection = connection, .account = account};
    struct arena *arena = arena_new(EVENT_MEMORY_MAX);
    if (arena == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for an event");
    }
    enum status status = database_do(connection, begin_sql, error);
    if (status == STATUS_OK) {
        status = database_do(connection, timeout_sql, error);
    }
    if (status == STATUS_OK) {
        status = database_do(connection, lock_sql, error);
    }
    if (status == STATUS_OK) {
        status = write_rows(&creation, codec, arena, error);
    }
    if (status == STATUS_OK) {
        status = commit(connection, error);
    }
    arena_destroy(arena);
    return status;
}
