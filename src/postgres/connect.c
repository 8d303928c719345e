/* A connection, and what libpq says when there is none. libpq's own words quote pieces of a URL
 * that it cannot read, so those are not passed on. */
#include "postgres/connect.h"

#include "postgres/schema_version.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Before dbname, so that the URL may override it; what stands after dbname overrides the URL,
 * unless its value is NULL. */
static const char *const keywords[] = {
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "application_name",
    "dbname",
    "client_encoding",
    "host",
    "hostaddr",
    "port",
    NULL,
};

enum { SESSION_SQL_SIZE = 256 };

/* %d: SCHEMA_VERSION. The lock says what the session was built for, and keeps nobody waiting: see
 * slotkeeper.worker_sessions_before in migrations/. */
static const char session_sql[] = "SELECT pg_try_advisory_lock_shared(1936486260, %d); "
                                  "SET TIME ZONE 'UTC'; SET client_min_messages = warning; "
                                  "SET bytea_output = hex; SET standard_conforming_strings = on";

/* One line, without `secret`, which stands for every occurrence of the password. */
static void copy_sentence(struct error *error, const char *text, const char *secret) {
    size_t size = 0;
    size_t secret_size = secret == NULL ? 0 : strlen(secret);
    while (*text != '\0' && size + 4 < sizeof error->text) {
        if (secret_size > 0 && strncmp(text, secret, secret_size) == 0) {
            memcpy(error->text + size, "***", 3);
            size += 3;
            text += secret_size;
            continue;
        }
        char character = *text++;
        bool blank = character == ' ' || character == '\n' || character == '\t';
        if (!blank) {
            error->text[size++] = character;
        } else if (size > 0 && error->text[size - 1] != ' ') {
            error->text[size++] = ' ';
        }
    }
    while (size > 0 && error->text[size - 1] == ' ') {
        size--;
    }
    error->text[size] = '\0';
}

/* What the URL says, or NULL. */
struct target {
    const char *password;
    const char *host; /* these three: one, or one a host, with commas between them */
    const char *hostaddr;
    const char *port;
};

static const char *value_of(const PQconninfoOption *options, const char *keyword) {
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, keyword) == 0) {
            return option->val;
        }
    }
    return NULL;
}

static void read_target(const PQconninfoOption *options, struct target *target) {
    *target = (struct target){
        .password = value_of(options, "password"),
        .host = value_of(options, "host"),
        .hostaddr = value_of(options, "hostaddr"),
        .port = value_of(options, "port")};
}

static bool has(const char *text, char character) {
    return text != NULL && strchr(text, character) != NULL;
}

/* A host with an @: a password that was not escaped. */
static bool is_suspicious(const struct target *target) {
    return has(target->host, '@') || has(target->port, '@');
}

static size_t count_of(const char *list) {
    size_t count = 1;
    for (; list != NULL && (list = strchr(list, ',')) != NULL; list++) {
        count++;
    }
    return count;
}

/* The list without its first elements; one that stands for all hosts stays. */
static const char *without_first(const char *list, size_t skip) {
    for (size_t i = 0; i < skip && has(list, ','); i++) {
        list = strchr(list, ',') + 1;
    }
    return list;
}

static PGconn *connect_to(
    const char *url, const struct target *target, size_t skip, struct error *error) {
    const char *values[] = {
        "5",
        "10000",
        "5",
        "2",
        "3",
        "slotkeeper",
        url,
        "UTF8",
        without_first(target->host, skip),
        without_first(target->hostaddr, skip),
        without_first(target->port, skip),
        NULL};
    _Static_assert(
        sizeof values / sizeof values[0] == sizeof keywords / sizeof keywords[0], "one value each");
    PGconn *connection = PQconnectdbParams(keywords, values, 1);
    if (connection == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for a PostgreSQL connection");
        return NULL;
    }
    if (PQstatus(connection) != CONNECTION_OK) {
        copy_sentence(error, PQerrorMessage(connection), target->password);
        PQfinish(connection);
        return NULL;
    }
    char sql[SESSION_SQL_SIZE];
    _Static_assert(sizeof session_sql + 10 <= sizeof sql, "room for any number");
    (void)snprintf(sql, sizeof sql, session_sql, (int)SCHEMA_VERSION);
    if (postgres_run(connection, sql, error) != STATUS_OK) {
        PQfinish(connection);
        return NULL;
    }
    return connection;
}

PGconn *postgres_connect(const char *url, size_t skip, struct error *error) {
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    if (options == NULL) {
        PQfreemem(message);
        (void)error_set(
            error, STATUS_INVALID, "the database's URL is neither a conninfo string nor a URI");
        return NULL;
    }
    struct target target;
    PGconn *connection = NULL;
    read_target(options, &target);
    if (is_suspicious(&target)) {
        (void)error_set(
            error,
            STATUS_INVALID,
            "the database's URL has an @ too many: write %%40 in a password");
    } else {
        connection = connect_to(url, &target, skip, error);
    }
    PQconninfoFree(options);
    return connection;
}

size_t postgres_host_count(const char *url) {
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL) {
        return 1;
    }
    size_t hosts = count_of(value_of(options, "host"));
    size_t addresses = count_of(value_of(options, "hostaddr"));
    PQconninfoFree(options);
    return hosts > addresses ? hosts : addresses;
}

enum status postgres_error(
    struct error *error, enum status status, const PGconn *connection, const PGresult *result) {
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL) {
        copy_sentence(error, PQerrorMessage(connection), NULL);
        return status;
    }
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return error_set(
        error, status, "PostgreSQL: %s (SQLSTATE %s)", primary == NULL ? "?" : primary, state);
}

enum status postgres_run(PGconn *connection, const char *sql, struct error *error) {
    PGresult *result = PQexec(connection, sql);
    enum status status = STATUS_OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        status = postgres_error(error, STATUS_RETRY, connection, result);
    }
    PQclear(result);
    return status;
}
