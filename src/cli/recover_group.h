/* The workers' consumer groups, seen from outside: how far they have committed, and who is in them.
 */
#ifndef SLOTKEEPER_CLI_RECOVER_GROUP_H
#define SLOTKEEPER_CLI_RECOVER_GROUP_H

#include "app/settings.h"
#include "kafka/topics.h"

#include <librdkafka/rdkafka.h>

struct group_name {
    char text[160];
};

/* The group that takes this request topic. */
struct group_name group_of_topic(const struct settings *settings, enum topic topic) MUST_USE;

/* The group's committed offset of each partition, stable ones, into `offsets`, which has room for
 * `partition_count`; negative: none. Joins nothing. STATUS_RETRY: Kafka does not say. */
enum status group_committed(
    const struct settings *settings,
    enum topic topic,
    int64_t *offsets,
    int32_t partition_count,
    struct error *error) MUST_USE;

/* How many members the group has; a worker that was killed counts until its session timeout. */
enum status group_count_members(
    rd_kafka_t *client, const struct group_name *group, int *count, struct error *error) MUST_USE;

/* Sets committed offsets. STATUS_INVALID: Kafka refuses, as it does while the group has members. */
enum status group_set_offsets(
    rd_kafka_t *client,
    const struct group_name *group,
    const rd_kafka_topic_partition_list_t *offsets,
    struct error *error) MUST_USE;

#endif
