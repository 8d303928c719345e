/* The service's topics on a live cluster: looked at, made, and judged by the worker before it takes
 * a partition. All of it blocks, up to the timeout given. Any kind of client will do. */
#ifndef SLOTKEEPER_KAFKA_TOPIC_ADMIN_H
#define SLOTKEEPER_KAFKA_TOPIC_ADMIN_H

#include "kafka/topics.h"

#include <librdkafka/rdkafka.h>

/* STATUS_RETRY: no broker answered within timeout_ms; STATUS_INVALID: the broker refuses to tell.
 */
enum status kafka_topics_read(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    int timeout_ms,
    struct topics_found *found,
    struct error *error) MUST_USE;

/* Makes the topics that `found` lacks: first -dlt, outcomes, audit and replies, then those that
 * take requests. made[topic]: made by this call. STATUS_INVALID: the broker refuses one, *error
 * says which and why; what was made stays. */
enum status kafka_topics_create(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    const struct topics_found *found,
    bool made[TOPIC_COUNT],
    struct error *error) MUST_USE;

/* For the worker, at start and when partitions of `request` are assigned. *usable: partitions below
 * this number may be taken. STATUS_OK: all of them. STATUS_INVALID, *error saying what differs: a
 * missing topic or a configuration that the worker relies on (*usable is 0), or -dlt or audit with
 * fewer partitions (*usable is their number). STATUS_RETRY: no broker answered, *usable is 0.
 * Of *plan it reads the prefix alone. */
enum status kafka_topics_verify(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    enum topic request,
    int32_t *usable,
    struct error *error) MUST_USE;

#endif
