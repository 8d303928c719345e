/* The settings table. A new setting is a member of struct settings and a row here. */
#include "app/setting_row.h"

#include "base/log.h"
#include "base/time.h"
#include "security/password.h"

#include <ctype.h>
#include <stdlib.h>

#define MILLISECOND (TIME_SECOND_US / 1000)
#define SECOND      TIME_SECOND_US
#define MINUTE      (60 * SECOND)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)
#define KIB         INT64_C(1024)
#define MIB         (1024 * KIB)

#define NUMBER(member)                                                                             \
    .offset = offsetof(struct settings, member), .size = sizeof((struct settings *)NULL)->member
#define STRING(member) NUMBER(member), .fallback = ""

static bool consists_of(const char *text, const char *also) {
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr(also, *text) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_topic_part(const char *text) {
    return text[0] != '\0' && text[0] != '.' && consists_of(text, "._-");
}

static bool is_optional_topic_part(const char *text) {
    return text[0] == '\0' || is_topic_part(text);
}

static bool is_key_id(const char *text) {
    return strlen(text) <= 64 && consists_of(text, "_-");
}

static bool is_level(const char *text) {
    enum log_level level;
    return log_level_parse(text, &level);
}

static bool is_uri_reference(const char *text) {
    return text[0] != '\0' && consists_of(text, "-._~:/?#[]@!$&'()*+,;=%");
}

static bool is_host_and_port(const char *text) {
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || !isdigit((unsigned char)colon[1])) {
        return false;
    }
    char *end;
    long port = strtol(colon + 1, &end, 10);
    return *end == '\0' && end - colon <= 6 && port <= 65535;
}

static const char *const group_titles[SETTING_GROUP_COUNT] = {
    [SETTING_GROUP_RULES] = "Rules",
    [SETTING_GROUP_TOPICS] = "Topics and records",
    [SETTING_GROUP_WORKER] = "Worker",
    [SETTING_GROUP_ACCOUNTS] = "Accounts and queries",
    [SETTING_GROUP_DATABASE] = "Database",
    [SETTING_GROUP_KEYS] = "Tokens and keys",
};

/* clang-format off */
#define RULES    .group = SETTING_GROUP_RULES
#define TOPICS   .group = SETTING_GROUP_TOPICS
#define WORKER   .group = SETTING_GROUP_WORKER
#define ACCOUNTS .group = SETTING_GROUP_ACCOUNTS
#define DATABASE .group = SETTING_GROUP_DATABASE
#define KEYS     .group = SETTING_GROUP_KEYS

#define DURATION(member, value, low, high) \
    .type = SETTING_DURATION, NUMBER(member), .fallback = (value), .min = (low), .max = (high)
#define COUNT(member, value, low, high) \
    .type = SETTING_COUNT, NUMBER(member), .fallback = (value), .min = (low), .max = (high)
#define BYTES(member, value, low, high) \
    .type = SETTING_BYTES, NUMBER(member), .fallback = (value), .min = (low), .max = (high)
#define TEXT(member, value, rule, words) \
    .type = SETTING_TEXT, NUMBER(member), .fallback = (value), .check = (rule), .takes = (words)
#define PATH(member)   .type = SETTING_PATH, STRING(member)
#define SECRET(member) .type = SETTING_SECRET, STRING(member), .takes = "a libpq connection string or URI"

const struct setting_row setting_rows[] = {
    {"slot.duration_min", RULES, DURATION(slot_duration_min_us, "5m", SECOND, DAY),
     .sentence = "The shortest slot that may be published."},
    {"slot.duration_max", RULES, DURATION(slot_duration_max_us, "12h", SECOND, 30 * DAY),
     .sentence = "The longest slot that may be published."},
    {"slot.horizon", RULES, DURATION(slot_horizon_us, "400d", SECOND, 3660 * DAY),
     .sentence = "How far ahead a slot may begin."},
    {"slot.open_max", RULES, COUNT(slot_open_max, "10000", 1, 1000000),
     .sentence = "How many open slots a doctor may have at a time."},
    {"booking.lead_time", RULES, DURATION(booking_lead_time_us, "0s", 0, 400 * DAY),
     .sentence = "How long before its beginning a slot can last be booked."},
    {"booking.limit", RULES, COUNT(booking_limit, "20", 0, 1000),
     .sentence = "How many appointments to come a patient may hold; 0: no limit."},
    {"cancel.cutoff", RULES, DURATION(cancel_cutoff_us, "0s", 0, 400 * DAY),
     .sentence = "How long before its beginning a patient can last cancel or reschedule an appointment."},
    {"noshow.grace", RULES, DURATION(noshow_grace_us, "10m", 0, 30 * DAY),
     .sentence = "How long after its beginning an appointment can first be marked as a no-show."},
    {"command.age_max", RULES, DURATION(command_age_max_us, "24h", SECOND, 365 * DAY),
     .sentence = "A request that is older when it is decided is refused; request topics keep records twice as long."},
    {"rate.per_second", RULES, COUNT(rate_per_second, "50", 0, 1000000),
     .sentence = "Requests a second that one caller may send to each worker for long; 0: no limit."},
    {"rate.burst", RULES, COUNT(rate_burst, "1000", 0, 10000000),
     .sentence = "Requests that one caller may send to each worker at once; 0: no limit."},
    {"rate.callers_max", RULES, COUNT(rate_callers_max, "32768", 8, 10000000),
     .sentence = "Callers whose rate a worker remembers, 40 bytes each; of more, those are forgotten who may soonest send a whole burst again."},
    {"query.page_max", RULES, COUNT(query_page_max, "200", 1, 1000),
     .sentence = "The most rows on a page of a list."},
    {"query.lag_max", RULES, DURATION(query_lag_max_us, "5s", 0, HOUR),
     .sentence = "A read replica that is further behind is not used."},
    {"retention.minimum", RULES, DURATION(retention_minimum_us, "365d", 0, 36600 * DAY),
     .sentence = "History younger than this cannot be purged."},
    {"purge.slots_max", RULES, COUNT(purge_slots_max, "200", 1, 2500),
     .sentence = "The most slots that one PurgeHistory deletes, with all that hangs on them; it is one transaction."},

    {"topics.prefix", TOPICS,
     TEXT(topics_prefix, "scheduling", is_topic_part, "letters, digits, dots, dashes and underscores"),
     .sentence = "What the names of all topics begin with."},
    {"topics.partitions", TOPICS, COUNT(topics_partitions, "12", 1, 10000),
     .sentence = "Partitions of each topic that `topics create` makes."},
    {"topics.replication_factor", TOPICS, COUNT(topics_replication_factor, "1", 1, 100),
     .sentence = "Copies of each partition that `topics create` asks for; 3 on a cluster that must not lose any."},
    {"schemas.dir", TOPICS, PATH(schemas_dir),
     .sentence = "The folder of further schemas that requests may be written with, `*.avsc`; see [wire.md](wire.md). "
                 "Empty: those built in."},
    {"group.prefix", TOPICS,
     TEXT(group_prefix, "slotkeeper", is_topic_part, "letters, digits, dots, dashes and underscores"),
     .sentence = "What consumer groups and transactional ids begin with."},
    {"event.source", TOPICS, TEXT(event_source, "/slotkeeper", is_uri_reference, "a URI reference"),
     .sentence = "The `ce_source` header of outcomes and audit events."},
    {"record.max", TOPICS, BYTES(record_max, "64KiB", KIB, MIB),
     .sentence = "The largest value of a request record; above it the record is MALFORMED."},
    {"reply.partitions_max", TOPICS, COUNT(reply_partitions_max, "32", 1, 10000),
     .sentence = "Client-named reply topics and partitions in one Kafka transaction; a batch with more is published in several."},
    {"reply.topics_max", TOPICS, COUNT(reply_topics_max, "1000", 1, 100000),
     .sentence = "Topics under the reply prefix that a worker looks at; answers to others go to the outcomes topic."},
    {"reply.bar", TOPICS, DURATION(reply_bar_us, "5m", 0, DAY),
     .sentence = "How long a reply topic that broke a Kafka transaction is not used."},

    {"worker.threads", WORKER, COUNT(worker_threads, "3", 1, 64),
     .sentence = "Threads that decide slot commands, each with its own Kafka clients and database connection."},
    {"worker.drain", WORKER, DURATION(worker_drain_us, "30s", 0, HOUR),
     .sentence = "How long a worker that was told to stop may finish what it has begun."},
    {"worker.instance_id", WORKER,
     TEXT(worker_instance_id, "", is_optional_topic_part, "letters, digits, dots, dashes and underscores"),
     .sentence = "Makes the worker a static member of its groups; unique for each worker. Empty: a dynamic member."},
    {"worker.backoff_max", WORKER, DURATION(restart_backoff_max_us, "5s", 10 * MILLISECOND, 10 * MINUTE),
     .sentence = "The longest pause between attempts while Kafka or PostgreSQL is in trouble."},
    {"worker.transaction_timeout", WORKER, DURATION(transaction_timeout_us, "10s", SECOND, 15 * MINUTE),
     .sentence = "After this the broker aborts a Kafka transaction that a worker left open."},
    {"batch.max", WORKER, COUNT(batch_max, "500", 1, 5000),
     .sentence = "Records in one batch, which is one database transaction and one Kafka transaction."},
    {"batch.bytes_max", WORKER, BYTES(batch_bytes_max, "4MiB", 64 * KIB, 64 * MIB),
     .sentence = "The most bytes of records in one batch; a single larger record comes alone."},
    {"batch.interval", WORKER, DURATION(batch_interval_us, "20ms", 0, SECOND),
     .sentence = "How long after a thread's last batch the next one may come, unless it is full, or the last one held a single record; until then it waits for more records. 0: it takes what is there."},
    {"batch.linger", WORKER, DURATION(batch_linger_us, "500ms", 0, 10 * SECOND),
     .sentence = "How long after a thread's last batch one may come that holds only requests refused without a look at a row; until then it waits for more of them, or for one that is not; 0: it never waits."},
    {"batch.memory_max", WORKER, BYTES(batch_memory_max, "64MiB", MIB, 4096 * MIB),
     .sentence = "The most memory that one thread's batch may take."},
    {"log.retention", WORKER, DURATION(log_retention_us, "7d", SECOND, 3660 * DAY),
     .sentence = "How long a decided command is remembered, so that a repeat gets the same outcome."},
    {"log.level", WORKER, TEXT(log_level, "info", is_level, "`debug`, `info`, `warning` or `error`"),
     .sentence = "Log lines below this level are left out."},
    {"http.listen", WORKER,
     TEXT(http_listen, "127.0.0.1:9464", is_host_and_port, "host:port, port 0 for any free one"),
     .sentence = "Where `/livez`, `/readyz` and `/metrics` are served."},

    {"account.threads", ACCOUNTS, COUNT(account_threads, "1", 0, 16),
     .sentence = "Threads that decide account commands; 0: this worker leaves them to others."},
    {"account.batch_max", ACCOUNTS, COUNT(account_batch_max, "64", 1, 1000),
     .sentence = "Account commands in one batch."},
    {"query.threads", ACCOUNTS, COUNT(query_threads, "1", 0, 16),
     .sentence = "Threads that answer queries, each with two database connections, three with a replica; 0: this worker leaves them to others."},
    {"password.threads", ACCOUNTS, COUNT(password_threads, "1", 1, 64),
     .sentence = "Passwords that a worker hashes at once, each on a thread of low priority."},
    {"password.batch_max", ACCOUNTS, COUNT(password_batch_max, "16", 1, 1000),
     .sentence = "Passwords hashed for one batch; what is beyond comes with the next."},
    {"password.memory", ACCOUNTS, BYTES(password_memory, "19MiB", 32 * KIB, HASH_MEMORY_KIB_MAX * KIB),
     .sentence = "Memory that one hash takes. Who logs in with a hash of other parameters gets a new one."},
    {"password.passes", ACCOUNTS, COUNT(password_passes, "2", 1, HASH_PASSES_MAX),
     .sentence = "How often a hash goes over its memory."},
    {"password.lanes", ACCOUNTS, COUNT(password_lanes, "1", 1, HASH_LANES_MAX),
     .sentence = "Lanes of a hash; a part of what it is, computed one after the other."},
    {"login.failures_free", ACCOUNTS, COUNT(login_failures_free, "5", 1, 100),
     .sentence = "Attempts in a row at one login before the next has to wait; then 1 s, 2 s, 4 s and so on."},
    {"login.delay_max", ACCOUNTS, DURATION(login_delay_max_us, "15m", SECOND, DAY),
     .sentence = "The longest of these waits."},
    {"login.failures_max", ACCOUNTS, COUNT(login_failures_max, "100", 1, 100000),
     .sentence = "After so many failures in a row a login is locked."},
    {"login.lock", ACCOUNTS, DURATION(login_lock_us, "24h", SECOND, 30 * DAY),
     .sentence = "For how long; failures are forgotten after as long without an attempt."},
    {"login.rows_max", ACCOUNTS, COUNT(login_rows_max, "100000", 100, 10000000),
     .sentence = "Logins whose failures are kept; of more, those with the fewest are forgotten."},

    {"database.url", DATABASE, SECRET(database_url),
     .sentence = "The worker's role. Of several hosts the first that takes a write."},
    {"database.read_url", DATABASE, SECRET(database_read_url),
     .sentence = "For queries, possibly a replica. Empty: `database.url`."},
    {"database.admin_url", DATABASE, SECRET(database_admin_url),
     .sentence = "The owner's role, for `slotkeeper admin`."},
    {"database.timeout", DATABASE, DURATION(database_timeout_us, "10s", 100 * MILLISECOND, HOUR),
     .sentence = "How long the worker waits for one statement, COMMIT excepted."},

    {"token.jwks_file", KEYS, PATH(token_jwks_file),
     .sentence = "The JWK Set of keys that tokens are verified with; each names its `kid` and `alg`."},
    {"token.issuer", KEYS, TEXT(token_issuer, "slotkeeper", NULL, NULL),
     .sentence = "The `iss` claim that a token must have."},
    {"token.audience", KEYS, TEXT(token_audience, "slotkeeper", NULL, NULL),
     .sentence = "The `aud` claim that a token must have."},
    {"token.signing_key_file", KEYS, PATH(token_signing_key_file),
     .sentence = "The private key, PEM, that signs our own tokens."},
    {"token.signing_kid", KEYS,
     TEXT(token_signing_kid, "", is_key_id, "at most 64 letters, digits, dashes and underscores"),
     .sentence = "The `kid` of that key."},
    {"token.ttl", KEYS, DURATION(token_ttl_us, "1h", SECOND, 365 * DAY),
     .sentence = "How long a token of ours is good for."},
    {"token.max_ttl", KEYS, DURATION(token_max_ttl_us, "24h", SECOND, 365 * DAY),
     .sentence = "Tokens that live longer are refused, whoever signed them."},
    {"token.leeway", KEYS, DURATION(token_leeway_us, "5s", 0, 10 * MINUTE),
     .sentence = "How far an issuer's clock may be off."},
    {"token.cache_max", KEYS, COUNT(token_cache_max, "32768", 0, 10000000),
     .sentence = "Verified tokens that a worker remembers; 0: none."},
    {"seal.key_dir", KEYS, PATH(seal_key_dir),
     .sentence = "The directory of the key pairs that clients seal credentials to."},
    {"seal.age_max", KEYS, DURATION(seal_age_max_us, "15m", SECOND, DAY),
     .sentence = "Sealed credentials whose time is further from the record's are refused."},
    {"secret.file", KEYS, PATH(secret_file),
     .sentence = "The root of the keys for cursors and stored hashes; the same on all workers."},
};
/* clang-format on */

const size_t setting_row_count = sizeof setting_rows / sizeof setting_rows[0];

const struct setting_row *setting_row_find(const char *name) {
    for (size_t i = 0; i < setting_row_count; i++) {
        if (strcmp(setting_rows[i].name, name) == 0) {
            return &setting_rows[i];
        }
    }
    return NULL;
}

const char *setting_group_title(enum setting_group group) {
    return group_titles[group];
}

static char environment_character(char character) {
    if (character >= 'a' && character <= 'z') {
        return (char)(character - 'a' + 'A');
    }
    if (character == '.') {
        return '_';
    }
    return character;
}

void setting_environment_name(const char *name, char environment_name[SETTING_ENVIRONMENT_MAX]) {
    static const char prefix[] = "SLOTKEEPER_";
    memcpy(environment_name, prefix, sizeof prefix);
    size_t size = sizeof prefix - 1;
    for (; *name != '\0' && size < SETTING_ENVIRONMENT_MAX - 1; name++) {
        environment_name[size++] = environment_character(*name);
    }
    environment_name[size] = '\0';
}
