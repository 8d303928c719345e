/* The database first: a new generation must be durable before Kafka's offset lets a worker decide
 * records again, or it would mint the ids that other answers bear already. */
#include "cli/recover_apply.h"

#include "cli/database.h"
#include "cli/recover_group.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 24, ARCHIVE_SIZE = TOPIC_NAME_SIZE + NUMBER_SIZE };

/* Not only one more than before: a generation that was lost with the database must not come again.
 */
#define NEXT_GENERATION(generation)                                                                \
    "greatest(" generation " + 1, extract(epoch FROM clock_timestamp())::bigint)"

static const char update_sql[] =
    "UPDATE slotkeeper.partition_progress SET cluster_id = $6, next_offset = $7::bigint,"
    " published_offset = $8::bigint, generation = CASE WHEN $9::boolean THEN " NEXT_GENERATION(
        "generation") " ELSE generation END,"
                      " last_offset = CASE WHEN $10::boolean THEN NULL ELSE last_offset END,"
                      " last_append_time = CASE WHEN $10::boolean THEN NULL ELSE last_append_time "
                      "END,"
                      " last_hash = CASE WHEN $10::boolean THEN NULL ELSE last_hash END,"
                      " settled_below = CASE WHEN $10::boolean THEN NULL ELSE settled_below END"
                      " WHERE topic = $1 AND partition = $2::integer AND next_offset = $3::bigint"
                      " AND generation = $4::bigint"
                      " AND coalesce(owner::text, '') = $5 RETURNING generation";

static const char insert_sql[] =
    "INSERT INTO slotkeeper.partition_progress"
    " (topic, partition, cluster_id, generation, next_offset, published_offset)"
    " SELECT $1, $2::integer, $3, " NEXT_GENERATION("0") ", $4::bigint, $5::bigint"
                                                         " RETURNING generation";

/* What is in the log of the topic before keeps its place there under another name, so that repeats
 * are still recognised, until it is as old as the rest. */
static const char archive_sql[] =
    "INSERT INTO slotkeeper.partition_progress"
    " (topic, partition, cluster_id, generation, next_offset, published_offset)"
    " VALUES ($1, $2::integer, $3, 0, $4::bigint, $4::bigint)";

#define LOG_COLUMNS                                                                                \
    "partition, record_offset, append_time, caller, command_id, content_hash, recallable,"         \
    " decided_at, code, outcome_schema, outcome, event_schema, events, route, dead_letter"

/* Rows from before version 3 do not say which worker wrote them, and new rows must. */
static const char move_sql[] =
    "WITH gone AS (DELETE FROM slotkeeper.command_log WHERE topic = $1 AND partition = $2::integer"
    " RETURNING " LOG_COLUMNS ", coalesce(worker_version, 2) AS worker_version)"
    " INSERT INTO slotkeeper.command_log (topic, " LOG_COLUMNS ", worker_version)"
    " SELECT $3, " LOG_COLUMNS ", worker_version FROM gone";

static const char attempts_sql[] =
    "DELETE FROM slotkeeper.login_attempt WHERE topic = $1 AND partition = $2::integer";

static const char tokens_sql[] =
    "UPDATE slotkeeper.partition_progress SET tokens_valid_from = clock_timestamp()";

/* Partitions that are added later ask the first one of their topic. */
static const char queries_sql[] =
    "INSERT INTO slotkeeper.partition_progress"
    " (topic, partition, cluster_id, next_offset, published_offset) VALUES ($1, 0, $2, 0, 0)"
    " ON CONFLICT DO NOTHING";

static const char settled_sql[] =
    "UPDATE slotkeeper.partition_progress"
    " SET settled_below = greatest(coalesce(settled_below, 0), $3::bigint)"
    " WHERE topic = $1 AND partition = $2::integer";

/* ---- whether anybody works ---- */

static enum status check_group(
    const struct recovery *recovery, enum topic topic, struct error *error) {
    struct group_name group = group_of_topic(recovery->cli->settings, topic);
    int members = 0;
    enum status status = group_count_members(recovery->client, &group, &members, error);
    if (status == STATUS_OK && members > 0) {
        return error_set(
            error,
            STATUS_INVALID,
            "group %s has %d members: stop all workers first (one that was killed counts until its "
            "session timeout)",
            group.text,
            members);
    }
    return status;
}

enum status recovery_check_idle(const struct recovery *recovery, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < recover_topic_count; i++) {
        status = check_group(recovery, recover_topics[i], error);
    }
    if (status == STATUS_OK) {
        status = check_group(recovery, TOPIC_QUERIES, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < recovery->row_count; i++) {
        const struct recover_row *row = &recovery->rows[i];
        if (row->owner_lives) {
            struct topic_name name = topic_name(recovery->cli->settings->topics_prefix, row->topic);
            status = error_set(
                error,
                STATUS_INVALID,
                "a worker owns %.249s [%d] and is connected to the database: stop all workers "
                "first",
                name.text,
                (int)row->facts.partition.number);
        }
    }
    return status;
}

/* ---- the database ---- */

/* The parameters of a row's statements, as text. */
struct texts {
    struct topic_name topic;
    char partition[NUMBER_SIZE];
    char remembered[NUMBER_SIZE];
    char generation[NUMBER_SIZE];
    char next_offset[NUMBER_SIZE];
    char published_offset[NUMBER_SIZE];
    char settled_below[NUMBER_SIZE];
    char archive[ARCHIVE_SIZE];
};

static void write_number(char text[NUMBER_SIZE], int64_t number) {
    (void)snprintf(text, NUMBER_SIZE, "%" PRId64, number);
}

static struct texts texts_of(const struct recovery *recovery, const struct recover_row *row) {
    struct texts texts = {.topic = topic_name(recovery->cli->settings->topics_prefix, row->topic)};
    write_number(texts.partition, row->facts.partition.number);
    write_number(texts.remembered, row->facts.partition.next_offset);
    write_number(texts.generation, row->facts.partition.generation);
    write_number(texts.next_offset, row->plan.next_offset);
    write_number(texts.published_offset, row->plan.published_offset);
    write_number(texts.settled_below, recover_settled_below(&row->facts, &row->plan));
    return texts;
}

static enum status run(
    const struct recovery *recovery,
    const char *sql,
    const char *const *values,
    int count,
    struct error *error) {
    const struct statement statement = {sql, values, count};
    PGresult *result;
    enum status status = database_run(recovery->connection, &statement, &result, error);
    if (status == STATUS_OK) {
        PQclear(result);
    }
    return status;
}

static enum status archive(
    const struct recovery *recovery,
    const struct recover_row *row,
    const struct texts *texts,
    struct error *error) {
    const char *const progress[] = {
        texts->archive, texts->partition, row->cluster_in_database, texts->remembered};
    const char *const moved[] = {texts->topic.text, texts->partition, texts->archive};
    enum status status = run(recovery, archive_sql, progress, 4, error);
    if (status == STATUS_OK) {
        status = run(recovery, move_sql, moved, 3, error);
    }
    return status == STATUS_OK ? run(recovery, attempts_sql, moved, 2, error) : status;
}

/* *generation is the row's from now on. */
static enum status write_row(
    const struct recovery *recovery,
    const struct recover_row *row,
    const struct texts *texts,
    char generation[NUMBER_SIZE],
    struct error *error) {
    const char *const updated[] = {
        texts->topic.text,
        texts->partition,
        texts->remembered,
        texts->generation,
        row->owner,
        recovery->cluster_here,
        texts->next_offset,
        texts->published_offset,
        row->plan.raises_generation ? "t" : "f",
        row->plan.other_topic ? "t" : "f"};
    const char *const inserted[] = {
        texts->topic.text,
        texts->partition,
        recovery->cluster_here,
        texts->next_offset,
        texts->published_offset};
    const struct statement statement = row->facts.has_row
                                           ? (struct statement){update_sql, updated, 10}
                                           : (struct statement){insert_sql, inserted, 5};
    PGresult *result;
    enum status status = database_run(recovery->connection, &statement, &result, error);
    if (status != STATUS_OK) {
        return status;
    }
    bool written = PQntuples(result) == 1;
    (void)snprintf(generation, NUMBER_SIZE, "%s", written ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return written ? STATUS_OK
                   : error_set(
                       error,
                       STATUS_INVALID,
                       "%.249s [%s] has changed meanwhile: nothing was done, look again",
                       texts->topic.text,
                       texts->partition);
}

static enum status settle_row(
    const struct recovery *recovery, const struct recover_row *row, struct error *error) {
    struct texts texts = texts_of(recovery, row);
    char generation[NUMBER_SIZE];
    enum status status = write_row(recovery, row, &texts, generation, error);
    if (status == STATUS_OK && row->plan.other_topic && row->facts.has_row) {
        (void)snprintf(texts.archive, sizeof texts.archive, "%s@%s", texts.topic.text, generation);
        status = archive(recovery, row, &texts, error);
    }
    return status;
}

static bool any_effect_is_lost(const struct recovery *recovery) {
    for (size_t i = 0; i < recovery->row_count; i++) {
        if (recover_loses_effects(&recovery->rows[i].plan)) {
            return true;
        }
    }
    return false;
}

/* Also where nothing is lost: an account's password may have been changed on any partition. */
static enum status end_tokens(const struct recovery *recovery, struct error *error) {
    struct topic_name queries = topic_name(recovery->cli->settings->topics_prefix, TOPIC_QUERIES);
    const char *const first[] = {queries.text, recovery->cluster_here};
    enum status status = run(recovery, queries_sql, first, 2, error);
    if (status == STATUS_OK) {
        status = run(recovery, tokens_sql, NULL, 0, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < recovery->row_count; i++) {
        const struct texts texts = texts_of(recovery, &recovery->rows[i]);
        const char *const values[] = {texts.topic.text, texts.partition, texts.settled_below};
        status = run(recovery, settled_sql, values, 3, error);
    }
    return status;
}

static enum status write_rows(const struct recovery *recovery, struct error *error) {
    enum status status = database_do(
        recovery->connection, "SELECT set_config('slotkeeper.housekeeping', 'on', true)", error);
    bool lost = any_effect_is_lost(recovery);
    for (size_t i = 0; status == STATUS_OK && i < recovery->row_count; i++) {
        const struct recover_row *row = &recovery->rows[i];
        if (row->plan.found != NULL || (lost && !row->facts.has_row)) {
            status = settle_row(recovery, row, error);
        }
    }
    if (status == STATUS_OK && lost) {
        status = end_tokens(recovery, error);
    }
    return status;
}

static enum status write_database(const struct recovery *recovery, struct error *error) {
    enum status status = database_do(recovery->connection, "BEGIN", error);
    if (status == STATUS_OK) {
        status = write_rows(recovery, error);
    }
    return status == STATUS_OK ? database_do(recovery->connection, "COMMIT", error) : status;
}

/* ---- Kafka ---- */

static enum status write_group(
    const struct recovery *recovery, enum topic topic, struct error *error) {
    struct topic_name name = topic_name(recovery->cli->settings->topics_prefix, topic);
    struct group_name group = group_of_topic(recovery->cli->settings, topic);
    rd_kafka_topic_partition_list_t *offsets =
        rd_kafka_topic_partition_list_new((int)recovery->row_count);
    for (size_t i = 0; i < recovery->row_count; i++) {
        const struct recover_row *row = &recovery->rows[i];
        if (row->topic == topic && row->plan.found != NULL && row->plan.commit_offset >= 0) {
            rd_kafka_topic_partition_list_add(offsets, name.text, row->facts.partition.number)
                ->offset = row->plan.commit_offset;
        }
    }
    enum status status =
        offsets->cnt == 0 ? STATUS_OK : group_set_offsets(recovery->client, &group, offsets, error);
    rd_kafka_topic_partition_list_destroy(offsets);
    return status;
}

enum status recovery_apply(const struct recovery *recovery, struct error *error) {
    enum status status = write_database(recovery, error);
    for (size_t i = 0; status == STATUS_OK && i < recover_topic_count; i++) {
        status = write_group(recovery, recover_topics[i], error);
    }
    return status;
}
