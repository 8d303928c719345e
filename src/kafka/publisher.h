/* The engine's bus port on Kafka: answers go out in transactions, together with the request
 * offsets. One a session. */
#ifndef SLOTKEEPER_KAFKA_PUBLISHER_H
#define SLOTKEEPER_KAFKA_PUBLISHER_H

#include "engine/ports.h"
#include "kafka/property.h"
#include "kafka/reply_topics.h"
#include "wire/codec.h"

#include <librdkafka/rdkafka.h>

struct publisher_settings {
    struct kafka_properties properties;
    const char *transactional_id; /* unique per session; producers add their number to it */
    const char *request_topic;
    const char *dead_letter_topic;
    const char *outcome_topic;
    const char *audit_topic;
    const char *source; /* ce_source */
    const char *group;  /* in dead letters' headers */
    int64_t transaction_timeout_us;
    int64_t reply_bar_us;        /* how long a reply topic that refused is not used */
    size_t reply_partitions_max; /* client partitions a transaction; a batch on more is published in
                                    several */
};

struct publisher;

/* Fences whoever had the transactional ids. What the settings point to, the codec and the reply
 * topics must outlive the publisher. NULL with *status and *error set. */
struct publisher *publisher_new(
    const struct publisher_settings *settings,
    struct codec *codec,
    struct reply_topics *reply_topics,
    enum status *status,
    struct error *error) MUST_USE;
void publisher_destroy(struct publisher *publisher);

/* For requests that belong to no transaction. */
rd_kafka_t *publisher_client(struct publisher *publisher);

/* The consumer's membership in its group as it is now, which each transaction proves from here on;
 * to be called with each assignment, before anything is published. The consumer's own thread is
 * asked for it, which with each transaction would cost up to a millisecond. STATUS_RETRY: it is no
 * member. */
enum status publisher_represent(struct publisher *publisher, rd_kafka_t *consumer) MUST_USE;

struct bus_port publisher_port(struct publisher *publisher);

/* A transaction that holds only these offsets of the request topic: it fails unless the consumer is
 * a current member. */
enum status publisher_commit_offsets(
    struct publisher *publisher, const rd_kafka_topic_partition_list_t *offsets) MUST_USE;

/* An audit event that answers no request record. */
struct loose_event {
    struct answer_event event;
    uint64_t fingerprint;
};
/* One transaction: the events, and `position` as the group's offset of audit partition 0, which
 * remembers how many of them are published. No client reads the audit topic in the worker's group.
 */
enum status publisher_publish_events(
    struct publisher *publisher,
    const struct loose_event *events,
    size_t count,
    int64_t position,
    struct arena *arena) MUST_USE;

/* Aborts or completes whatever transactions a publisher of this transactional id has open, and
 * fences its producers. */
enum status publisher_fence(
    const struct kafka_properties *properties,
    const char *transactional_id,
    struct error *error) MUST_USE;

#endif
