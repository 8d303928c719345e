/* Making librdkafka handles. */
#include "kafka/client.h"

#include "base/log.h"
#include "base/time.h"
#include "kafka/trouble.h"

#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_LEVEL_WARNING = 4, LOG_TEXT_SIZE = 512, HASTE_MS = 1000 };

/* Behind librdkafka's sentences: "(after 3ms in state UP, 2 identical error(s) suppressed)". */
#define COUNTS " (after "

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
 * coordinator that is still starting. And what on_certificate has said better. */
static bool is_noise(const char *facility, const char *text) {
    return strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "GETPID") == 0
           || (strcmp(facility, "FAIL") == 0 && strstr(text, "certificate verify failed") != NULL);
}

/* That every broker is down is the consequence of something that was said before. */
static bool is_cause(const char *facility) {
    return strcmp(facility, "ERROR") != 0;
}

/* A listener that expects TLS, or a user, hangs up on who comes without. librdkafka takes that for
 * no trouble, and depending on its release does not say what may be behind it. */
static bool is_hung_up(const char *facility, const char *text) {
    const char *counts = strstr(text, COUNTS);
    if (strcmp(facility, "FAIL") != 0 || strstr(text, "/bootstrap: Disconnected") == NULL
        || counts == NULL) {
        return false;
    }
    bool at_once = strtol(counts + strlen(COUNTS), NULL, 10) < HASTE_MS;
    return strstr(counts, "in state APIVERSION_QUERY") != NULL
           || (at_once && strstr(counts, "in state UP") != NULL);
}

static void tell(int level, const char *facility, const char *text) {
    bool warning = level <= LOG_LEVEL_WARNING && !is_noise(facility, text);
    bool told = warning && !trouble_is_news(text, is_cause(facility), time_monotonic_us());
    log_write(
        warning && !told ? LOG_WARNING : LOG_DEBUG,
        "kafka client",
        LOG_FIELDS(LOG_TEXT("facility", facility), LOG_TEXT("text", text)));
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    (void)client;
    if (is_hung_up(facility, text)) {
        char whole[LOG_TEXT_SIZE];
        (void)snprintf(
            whole,
            sizeof whole,
            "%.*s: does kafka.security.protocol fit this listener?",
            (int)(strstr(text, COUNTS) - text),
            text);
        tell(LOG_LEVEL_WARNING, facility, whole);
    } else {
        tell(level, facility, text);
    }
}

/* OpenSSL's verdict stands: only its reason is told, which librdkafka leaves out.
 * NOLINTBEGIN(readability-function-size,readability-non-const-parameter): librdkafka's type */
static int on_certificate(
    rd_kafka_t *client,
    const char *broker,
    int32_t broker_id,
    int *x509_error,
    int depth,
    const char *certificate,
    size_t size,
    char *reason,
    size_t reason_size,
    void *opaque) {
    (void)client;
    (void)broker_id;
    (void)depth;
    (void)certificate;
    (void)size;
    (void)opaque;
    if (*x509_error == X509_V_OK) {
        return 1;
    }
    (void)snprintf(
        reason,
        reason_size,
        "the broker at %s is not trusted: %s",
        broker,
        X509_verify_cert_error_string(*x509_error));
    return 0;
}

/* NOLINTEND(readability-function-size,readability-non-const-parameter) */

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

enum { LIBRDKAFKA_2_6_1 = 0x02060100 };

/* Older ones repeat the nonce, which a broker from 4.0 on calls invalid credentials. */
static void warn_of_scram(const struct kafka_properties *properties) {
    static atomic_bool warned;
    for (size_t i = 0; i < properties->count; i++) {
        const struct kafka_property *property = &properties->items[i];
        bool mechanism = strcmp(property->name, "sasl.mechanism") == 0
                         || strcmp(property->name, "sasl.mechanisms") == 0;
        if (mechanism && strncmp(property->value, "SCRAM", 5) == 0
            && rd_kafka_version() < LIBRDKAFKA_2_6_1 && !atomic_exchange(&warned, true)) {
            log_warning(
                "brokers of Kafka 4.0 and later refuse this librdkafka's SCRAM as invalid "
                "credentials; see docs/operations.md",
                LOG_TEXT("librdkafka", rd_kafka_version_str()),
                LOG_TEXT("needed", "2.6.1"));
        }
    }
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
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(
        conf, on_certificate); /* fails without TLS built in */
    warn_of_scram(properties);
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

/* librdkafka keeps a topic for as long as it has partitions. */
bool kafka_meet_topic(rd_kafka_t *client, const char *name, int timeout_ms) {
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    if (topic == NULL) {
        return false;
    }
    rd_kafka_resp_err_t failed = rd_kafka_metadata(client, 0, topic, &metadata, timeout_ms);
    if (failed == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
    return failed == RD_KAFKA_RESP_ERR_NO_ERROR;
}

enum status kafka_cluster_id(
    rd_kafka_t *client, int timeout_ms, char *text, size_t size, struct error *error) {
    char *id = rd_kafka_clusterid(client, timeout_ms);
    if (id == NULL) {
        char why[TROUBLE_TEXT_SIZE];
        trouble_last(why, time_monotonic_us());
        return error_set(
            error,
            STATUS_RETRY,
            "no Kafka broker answered within %d ms%s%s",
            timeout_ms,
            why[0] == '\0' ? "" : ": ",
            why);
    }
    int written = snprintf(text, size, "%s", id);
    rd_kafka_mem_free(client, id);
    if (written < 0 || (size_t)written >= size) {
        return error_set(
            error, STATUS_FATAL, "the Kafka cluster's id is longer than %zu bytes", size - 1);
    }
    return STATUS_OK;
}
