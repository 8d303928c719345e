/* Making librdkafka handles. */
#include "kafka/client.h"

#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LOG_LEVEL_WARNING = 4 };

/* kafka.PROPERTY may override these. */
static const char *const base_properties[] = {
    "client.id",
    "slotkeeper",
    "socket.nagle.disable",
    "true",
    "socket.keepalive.enable",
    "true",
    "allow.auto.create.topics",
    "false",
    "topic.metadata.propagation.max.ms",
    "1000",
    "reconnect.backoff.ms",
    "50",
    "reconnect.backoff.max.ms",
    "1000",
    NULL,
};

/* What librdkafka warns of although nothing is wrong: one property for all kinds of clients, and a
 * coordinator that is still starting. */
static bool is_noise(const char *facility) {
    return strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "GETPID") == 0;
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    (void)client;
    log_write(
        level <= LOG_LEVEL_WARNING && !is_noise(facility) ? LOG_WARNING : LOG_DEBUG,
        "kafka client",
        LOG_FIELDS(LOG_TEXT("facility", facility), LOG_TEXT("text", text)));
}

static enum status set(
    rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error) {
    char reason[256];
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
        /* librdkafka's reason may quote the value, which may be a secret. */
        bool secret = strncmp(name, "sasl.", 5) == 0 || strncmp(name, "ssl.", 4) == 0;
        return error_set(
            error,
            STATUS_INVALID,
            "kafka.%s: %s",
            name,
            secret ? "not a value that it takes" : reason);
    }
    return STATUS_OK;
}

static enum status set_pairs(rd_kafka_conf_t *conf, const char *const *pairs, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && pairs[i] != NULL; i += 2) {
        status = set(conf, pairs[i], pairs[i + 1], error);
    }
    return status;
}

static enum status set_properties(
    rd_kafka_conf_t *conf, const struct kafka_properties *properties, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < properties->count; i++) {
        status = set(conf, properties->items[i].name, properties->items[i].value, error);
    }
    return status;
}

rd_kafka_conf_t *kafka_conf_new_with_defaults(
    const struct kafka_properties *properties,
    const char *const *defaults,
    const char *const *fixed,
    struct error *error) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (conf == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for a Kafka configuration");
        return NULL;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (set_pairs(conf, base_properties, error) != STATUS_OK
        || set_pairs(conf, defaults, error) != STATUS_OK
        || set_properties(conf, properties, error) != STATUS_OK
        || set_pairs(conf, fixed, error) != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

rd_kafka_conf_t *kafka_conf_new(
    const struct kafka_properties *properties, const char *const *fixed, struct error *error) {
    static const char *const none[] = {NULL};
    return kafka_conf_new_with_defaults(properties, none, fixed, error);
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error) {
    char reason[256];
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof reason);
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        (void)error_set(error, STATUS_FATAL, "cannot make a Kafka client: %s", reason);
    }
    return client;
}

enum status kafka_cluster_id(
    rd_kafka_t *client, int timeout_ms, char *text, size_t size, struct error *error) {
    char *id = rd_kafka_clusterid(client, timeout_ms);
    if (id == NULL) {
        return error_set(error, STATUS_RETRY, "no Kafka broker answered within %d ms", timeout_ms);
    }
    int written = snprintf(text, size, "%s", id);
    rd_kafka_mem_free(client, id);
    if (written < 0 || (size_t)written >= size) {
        return error_set(
            error, STATUS_FATAL, "the Kafka cluster's id is longer than %zu bytes", size - 1);
    }
    return STATUS_OK;
}
