/* Kafka clients for the subcommands. */
#include "cli/clients.h"

#include "kafka/client.h"

#include <stdio.h>
#include <string.h>

bool cli_has_kafka(const struct cli *cli) {
    for (size_t i = 0; i < cli->settings->kafka_count; i++) {
        const char *name = cli->settings->kafka[i].name;
        if (strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "metadata.broker.list") == 0) {
            return true;
        }
    }
    (void)fputs("slotkeeper: kafka.bootstrap.servers is not set\n", stderr);
    return false;
}

rd_kafka_t *cli_client_new(
    const struct settings *settings, const struct client_request *request, struct error *error) {
    struct kafka_properties properties = {settings->kafka, settings->kafka_count};
    rd_kafka_conf_t *conf = kafka_conf_new(&properties, request->fixed, error);
    if (conf == NULL) {
        return NULL;
    }
    if (request->report != NULL) {
        rd_kafka_conf_set_dr_msg_cb(conf, request->report);
    }
    rd_kafka_conf_set_opaque(conf, request->opaque);
    return kafka_client_new(request->type, conf, error);
}

struct topic_plan cli_topic_plan(const struct settings *settings) {
    return (struct topic_plan){
        .prefix = settings->topics_prefix,
        .partitions = (int32_t)settings->topics_partitions,
        .replication_factor = (int32_t)settings->topics_replication_factor,
        .command_age_max_us = settings->command_age_max_us,
    };
}
