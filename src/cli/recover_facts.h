/* What PostgreSQL and Kafka say of each partition whose records are decided in the database. */
#ifndef SLOTKEEPER_CLI_RECOVER_FACTS_H
#define SLOTKEEPER_CLI_RECOVER_FACTS_H

#include "cli/recover_plan.h"
#include "cli/subcommand.h"
#include "kafka/topics.h"

#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>

enum { CLUSTER_ID_SIZE = 128 };

struct recover_row {
    enum topic topic;
    struct recover_facts facts;
    struct recover_plan plan;
    char cluster_in_database[CLUSTER_ID_SIZE];
    char owner[UUID_TEXT_SIZE + 1]; /* as the database has it; empty: nobody */
    bool owner_lives;               /* its connection to the database is still open */
};

struct recovery {
    const struct cli *cli;
    PGconn *connection;
    rd_kafka_t *client; /* for administrators' requests */
    char cluster_here[CLUSTER_ID_SIZE];
    struct recover_row *rows;
    size_t row_count;
};

extern const enum topic recover_topics[];
extern const size_t recover_topic_count;

/* Connects to Kafka and fills rows, each with its plan, by topic and partition. The connection to
 * the database is there already. recovery_clean_up releases all, in any case. */
enum status recovery_gather(struct recovery *recovery, struct error *error) MUST_USE;
void recovery_clean_up(struct recovery *recovery);

#endif
