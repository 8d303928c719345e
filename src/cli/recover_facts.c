/* Gathering changes nothing: no group is joined, no row locked. */
#include "cli/recover_facts.h"

#include "base/time.h"
#include "cli/clients.h"
#include "cli/database.h"
#include "cli/recover_group.h"
#include "kafka/client.h"
#include "kafka/topic_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 24 };

const enum topic recover_topics[] = {TOPIC_SLOT_COMMANDS, TOPIC_ACCOUNT_COMMANDS};

const size_t recover_topic_count = sizeof recover_topics / sizeof recover_topics[0];

/* Its owner's connection has a process of its own, as long as it is there. Whose role that is may
 * be seen by everybody, when it began may not. */
static const char progress_sql[] =
    "SELECT p.cluster_id, p.generation, p.next_offset, p.published_offset, p.owner, p.last_offset,"
    " (extract(epoch FROM p.last_append_time) * 1000000)::bigint, encode(p.last_hash, 'hex'),"
    " p.owner IS NOT NULL AND EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = p.backend_pid"
    " AND a.datname = current_database() AND a.usename <> current_user)"
    " FROM slotkeeper.partition_progress p WHERE p.topic = $1 AND p.partition = $2::integer";

enum column {
    COLUMN_CLUSTER_ID,
    COLUMN_GENERATION,
    COLUMN_NEXT_OFFSET,
    COLUMN_PUBLISHED_OFFSET,
    COLUMN_OWNER,
    COLUMN_LAST_OFFSET,
    COLUMN_LAST_APPEND_TIME,
    COLUMN_LAST_HASH,
    COLUMN_OWNER_LIVES,
};

static int64_t number_at(const PGresult *result, enum column column) {
    return strtoll(PQgetvalue(result, 0, (int)column), NULL, 10);
}

static void read_digest(const char *text, struct digest *digest) {
    for (size_t i = 0; i < sizeof digest->bytes && strlen(text) == DIGEST_TEXT_SIZE; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        digest->bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void read_row(const PGresult *result, struct recover_row *row) {
    struct partition *partition = &row->facts.partition;
    row->facts.has_row = true;
    (void)snprintf(
        row->cluster_in_database,
        sizeof row->cluster_in_database,
        "%s",
        PQgetvalue(result, 0, COLUMN_CLUSTER_ID));
    (void)snprintf(row->owner, sizeof row->owner, "%s", PQgetvalue(result, 0, COLUMN_OWNER));
    row->owner_lives = strcmp(PQgetvalue(result, 0, COLUMN_OWNER_LIVES), "t") == 0;
    partition->generation = number_at(result, COLUMN_GENERATION);
    partition->next_offset = number_at(result, COLUMN_NEXT_OFFSET);
    partition->published_offset = number_at(result, COLUMN_PUBLISHED_OFFSET);
    if (PQgetisnull(result, 0, COLUMN_LAST_OFFSET) == 0) {
        partition->last_offset = number_at(result, COLUMN_LAST_OFFSET);
        partition->last_append_time_us = number_at(result, COLUMN_LAST_APPEND_TIME);
        read_digest(PQgetvalue(result, 0, COLUMN_LAST_HASH), &partition->last_hash);
    }
}

static enum status read_database(
    PGconn *connection, const char *topic, struct recover_row *row, struct error *error) {
    char number[NUMBER_SIZE];
    const char *const values[] = {topic, number};
    const struct statement statement = {progress_sql, values, 2};
    PGresult *result;
    (void)snprintf(number, sizeof number, "%d", (int)row->facts.partition.number);
    enum status status = database_run(connection, &statement, &result, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (PQntuples(result) == 1) {
        read_row(result, row);
    }
    PQclear(result);
    return STATUS_OK;
}

/* A topic as one consumer reads it, a record here and there. */
struct look {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
};

static enum status read_watermarks(
    const struct look *look, struct recover_facts *facts, struct error *error) {
    rd_kafka_resp_err_t failure = rd_kafka_query_watermark_offsets(
        look->client,
        rd_kafka_topic_name(look->topic),
        facts->partition.number,
        &facts->low_watermark,
        &facts->high_watermark,
        CLIENT_TIMEOUT_MS);
    return failure == RD_KAFKA_RESP_ERR_NO_ERROR
               ? STATUS_OK
               : error_set(
                   error,
                   STATUS_RETRY,
                   "Kafka does not tell where topic %.249s ends: %s",
                   rd_kafka_topic_name(look->topic),
                   rd_kafka_err2str(failure));
}

static enum last_record judge_record(
    const struct partition *partition, const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    int64_t append_time_us = rd_kafka_message_timestamp(message, &type) * INT64_C(1000);
    bool same =
        message->offset == partition->last_offset
        && takeover_same_record(partition, append_time_us, view_of(message->payload, message->len));
    return same ? LAST_SAME : LAST_OTHER;
}

/* The first record from there on that is committed; with none, what was consumed is not there. */
static enum status await_record(
    const struct look *look, struct recover_facts *facts, struct error *error) {
    int64_t deadline_us = time_monotonic_us() + CLIENT_TIMEOUT_MS * INT64_C(1000);
    while (time_monotonic_us() < deadline_us) {
        rd_kafka_message_t *message = rd_kafka_consume(look->topic, facts->partition.number, 500);
        if (message == NULL) {
            continue;
        }
        rd_kafka_resp_err_t failure = message->err;
        if (failure == RD_KAFKA_RESP_ERR_NO_ERROR) {
            facts->last = judge_record(&facts->partition, message);
        } else if (failure == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            facts->last = LAST_OTHER;
        }
        rd_kafka_message_destroy(message);
        if (facts->last != LAST_UNKNOWN) {
            return STATUS_OK;
        }
    }
    return error_set(
        error,
        STATUS_RETRY,
        "record %lld of topic %.249s [%d] cannot be read; a transaction may be open on it: try "
        "again",
        (long long)facts->partition.last_offset,
        rd_kafka_topic_name(look->topic),
        (int)facts->partition.number);
}

static enum status read_last_record(
    const struct look *look, struct recover_facts *facts, struct error *error) {
    const struct partition *partition = &facts->partition;
    facts->last = LAST_UNKNOWN;
    if (partition->last_offset < 0 || partition->last_offset < facts->low_watermark
        || partition->last_offset >= facts->high_watermark) {
        return STATUS_OK;
    }
    if (rd_kafka_consume_start(look->topic, partition->number, partition->last_offset) != 0) {
        return error_set(
            error,
            STATUS_FATAL,
            "cannot read topic %.249s: %s",
            rd_kafka_topic_name(look->topic),
            rd_kafka_err2str(rd_kafka_last_error()));
    }
    enum status status = await_record(look, facts, error);
    (void)rd_kafka_consume_stop(look->topic, partition->number);
    return status;
}

static enum status read_partition(
    struct recovery *recovery,
    const struct look *look,
    struct recover_row *row,
    struct error *error) {
    struct recover_facts *facts = &row->facts;
    enum status status = read_watermarks(look, facts, error);
    facts->cluster_here = recovery->cluster_here;
    facts->cluster_in_database = recovery->cluster_here;
    facts->partition.last_offset = -1;
    facts->partition.next_offset = facts->low_watermark;
    facts->partition.published_offset = facts->low_watermark;
    if (status == STATUS_OK) {
        status = read_database(recovery->connection, rd_kafka_topic_name(look->topic), row, error);
    }
    if (facts->has_row) {
        facts->cluster_in_database = row->cluster_in_database;
    }
    return status == STATUS_OK ? read_last_record(look, facts, error) : status;
}

static enum status read_partitions(
    struct recovery *recovery, struct recover_row *rows, int32_t count, struct error *error) {
    static const char *const fixed[] = {
        "isolation.level",
        "read_committed",
        "enable.partition.eof",
        "true",
        "auto.offset.reset",
        "error",
        NULL};
    struct client_request request = {.type = RD_KAFKA_CONSUMER, .fixed = fixed};
    struct topic_name name = topic_name(recovery->cli->settings->topics_prefix, rows[0].topic);
    struct look look = {cli_client_new(recovery->cli->settings, &request, error), NULL};
    if (look.client == NULL) {
        return STATUS_INVALID;
    }
    look.topic = rd_kafka_topic_new(look.client, name.text, NULL);
    enum status status =
        look.topic == NULL ? error_set(error, STATUS_FATAL, "no memory for a topic") : STATUS_OK;
    for (int32_t i = 0; status == STATUS_OK && i < count; i++) {
        status = read_partition(recovery, &look, &rows[i], error);
        rows[i].plan = recover_plan(&rows[i].facts);
    }
    if (look.topic != NULL) {
        rd_kafka_topic_destroy(look.topic);
    }
    rd_kafka_destroy(look.client);
    return status;
}

static enum status gather_topic(
    struct recovery *recovery, enum topic topic, int32_t count, struct error *error) {
    const struct settings *settings = recovery->cli->settings;
    struct recover_row *rows = recovery->rows + recovery->row_count;
    int64_t *offsets = calloc((size_t)count, sizeof *offsets);
    if (offsets == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for %d partitions", (int)count);
    }
    enum status status = group_committed(settings, topic, offsets, count, error);
    for (int32_t i = 0; i < count; i++) {
        rows[i].topic = topic;
        rows[i].facts.partition.number = i;
        rows[i].facts.committed_offset = offsets[i];
    }
    free(offsets);
    recovery->row_count += (size_t)count;
    return status == STATUS_OK ? read_partitions(recovery, rows, count, error) : status;
}

static enum status count_partitions(
    struct recovery *recovery, struct topics_found *found, size_t *count, struct error *error) {
    struct topic_plan plan = cli_topic_plan(recovery->cli->settings);
    enum status status =
        topics_read_counts(recovery->client, &plan, CLIENT_TIMEOUT_MS, found, error);
    *count = 0;
    for (size_t i = 0; status == STATUS_OK && i < recover_topic_count; i++) {
        int32_t partitions = found->topics[recover_topics[i]].partitions;
        *count += (size_t)partitions;
        if (partitions <= 0) {
            struct topic_name name = topic_name(plan.prefix, recover_topics[i]);
            status = error_set(
                error,
                STATUS_INVALID,
                "there is no topic %.249s; `slotkeeper topics create` makes it",
                name.text);
        }
    }
    return status;
}

static enum status gather(struct recovery *recovery, struct error *error) {
    struct topics_found found;
    size_t count;
    enum status status = count_partitions(recovery, &found, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    recovery->rows = calloc(count, sizeof *recovery->rows);
    if (recovery->rows == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for %zu partitions", count);
    }
    for (size_t i = 0; status == STATUS_OK && i < recover_topic_count; i++) {
        enum topic topic = recover_topics[i];
        status = gather_topic(recovery, topic, found.topics[topic].partitions, error);
    }
    return status;
}

enum status recovery_gather(struct recovery *recovery, struct error *error) {
    static const char *const fixed[] = {NULL};
    struct client_request request = {.type = RD_KAFKA_PRODUCER, .fixed = fixed};
    recovery->client = cli_client_new(recovery->cli->settings, &request, error);
    if (recovery->client == NULL) {
        return STATUS_INVALID;
    }
    enum status status = kafka_cluster_id(
        recovery->client,
        CLIENT_TIMEOUT_MS,
        recovery->cluster_here,
        sizeof recovery->cluster_here,
        error);
    return status == STATUS_OK ? gather(recovery, error) : status;
}

void recovery_clean_up(struct recovery *recovery) {
    free(recovery->rows);
    if (recovery->client != NULL) {
        rd_kafka_destroy(recovery->client);
    }
    PQfinish(recovery->connection);
}
