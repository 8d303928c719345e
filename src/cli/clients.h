/* Kafka clients for the subcommands, from the settings. */
#ifndef SLOTKEEPER_CLI_CLIENTS_H
#define SLOTKEEPER_CLI_CLIENTS_H

#include "cli/cli.h"
#include "kafka/topics.h"

#include <librdkafka/rdkafka.h>

enum { CLIENT_TIMEOUT_MS = 15000 };

/* False, said on standard error, when kafka.bootstrap.servers names no broker: EXIT_USAGE. */
bool cli_has_kafka(const struct cli *cli) MUST_USE;

/* `fixed`: as in kafka_conf_new; `report` (or NULL) is told of each record delivered, with
 * `opaque`. NULL with *error set: also when kafka.bootstrap.servers is not set. */
struct client_request {
    rd_kafka_type_t type;
    const char *const *fixed;
    void (*report)(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque);
    void *opaque;
};

rd_kafka_t *cli_client_new(
    const struct settings *settings,
    const struct client_request *request,
    struct error *error) MUST_USE;

struct topic_plan cli_topic_plan(const struct settings *settings) MUST_USE;

#endif
