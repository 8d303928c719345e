/* Which of the topics that clients name can take an answer. Names are looked up in a picture of the
 * whole cluster that is at most a second old; asking a broker for one name could create it. A topic
 * that broke a transaction is barred for a while. One a worker thread; it outlives sessions. */
#ifndef SLOTKEEPER_KAFKA_REPLY_TOPICS_H
#define SLOTKEEPER_KAFKA_REPLY_TOPICS_H

#include "base/view.h"

#include <librdkafka/rdkafka.h>

struct reply_topics;

/* `prefix`: names that begin otherwise are never found. `topics_max`: more in the cluster are not
 * seen. NULL: no memory. */
struct reply_topics *reply_topics_new(const char *prefix, size_t topics_max);
void reply_topics_destroy(struct reply_topics *topics);

/* Partitions of the topic, 0 if it does not exist or is barred. Asks the cluster if the picture is
 * too old, at most once a second. Negative: not known, because the cluster has not answered for too
 * long. Each of the clients, which have the numbers from 0 on, meets a topic when it first asks for
 * it, before its first record. */
int32_t reply_topics_partitions(
    struct reply_topics *topics, rd_kafka_t *client, size_t number, struct view name);
/* The clients are others from now on. */
void reply_topics_met_by_none(struct reply_topics *topics);
/* Not to be used for a while; data NULL: none of them. False: not a topic that clients name. */
bool reply_topics_bar(struct reply_topics *topics, struct view name, int64_t bar_us);

#endif
