/* librdkafka handles with our habits: which properties every client has, and where its logs go. */
#ifndef SLOTKEEPER_KAFKA_CLIENT_H
#define SLOTKEEPER_KAFKA_CLIENT_H

#include "base/status.h"
#include "kafka/property.h"

#include <librdkafka/rdkafka.h>

#include <stdbool.h>

/* A configuration with our base properties, then the settings' own (which may override the base),
 * then `fixed`: pairs of name and value ended by NULL, which what we rely on may not be overridden.
 * NULL with *error set: a property that librdkafka does not take. The caller owns it until it is
 * given to rd_kafka_new. librdkafka's log lines become ours. */
rd_kafka_conf_t *kafka_conf_new(
    const struct kafka_properties *properties,
    const char *const *fixed,
    struct error *error) MUST_USE;

/* The same with `defaults`, which the settings may override. */
rd_kafka_conf_t *kafka_conf_new_with_defaults(
    const struct kafka_properties *properties,
    const char *const *defaults,
    const char *const *fixed,
    struct error *error) MUST_USE;

/* Takes `conf` in any case. NULL with *error set. */
rd_kafka_t *kafka_client_new(
    rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error) MUST_USE;

/* Asks for the partitions of a topic that exists, so that the client's first record to it is sent
 * at once: librdkafka itself asks when it next looks round, once a second. False: no broker
 * answered within timeout_ms; the first record waits then. */
bool kafka_meet_topic(rd_kafka_t *client, const char *name, int timeout_ms);

/* The cluster's id, as text of at most `size` bytes; STATUS_RETRY: no broker answered within
 * timeout_ms. */
enum status kafka_cluster_id(
    rd_kafka_t *client, int timeout_ms, char *text, size_t size, struct error *error) MUST_USE;

#endif
