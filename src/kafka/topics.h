/* The service's topics: one row each, with its name, what it carries and the settings that it
 * needs. Nothing here talks to a broker; topic_admin.h does. */
#ifndef SLOTKEEPER_KAFKA_TOPICS_H
#define SLOTKEEPER_KAFKA_TOPICS_H

#include "base/status.h"
#include "domain/command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The -dlt topics first: a partition must have its twin there before it takes requests. */
enum topic {
    TOPIC_SLOT_COMMANDS_DLT,
    TOPIC_ACCOUNT_COMMANDS_DLT,
    TOPIC_QUERIES_DLT,
    TOPIC_OUTCOMES,
    TOPIC_AUDIT,
    TOPIC_REPLIES_CLI,
    TOPIC_SLOT_COMMANDS,
    TOPIC_ACCOUNT_COMMANDS,
    TOPIC_QUERIES,
    TOPIC_COUNT
};

/* Kafka takes names of up to 249 characters; topics.prefix has 127 at most. */
enum { TOPIC_NAME_SIZE = 250 };

struct topic_name {
    char text[TOPIC_NAME_SIZE];
};

/* The request topic of a lane. */
enum topic topic_of_lane(enum lane lane);
/* What its name ends with: "slot-commands". */
const char *topic_suffix(enum topic topic);
struct topic_name topic_name(const char *prefix, enum topic topic) MUST_USE;
/* By what follows the prefix: "audit", "slot-commands-dlt"; false: none. */
bool topic_find(const char *suffix, enum topic *topic) MUST_USE;

bool topic_takes_requests(enum topic topic) MUST_USE;
/* The -dlt of a topic that takes requests. */
enum topic topic_dead_letters(enum topic request) MUST_USE;
/* The topic that takes requests of this schema ("slotkeeper.command.BookSlot"); false: none does.
 */
bool topic_of_schema(const char *full_name, enum topic *topic) MUST_USE;

/* What the settings say of topics. */
struct topic_plan {
    const char *prefix;
    int32_t partitions;
    int32_t replication_factor;
    int64_t command_age_max_us;
};

enum { TOPIC_CONFIGS_MAX = 5, TOPIC_CONFIG_VALUE_SIZE = 24 };

struct topic_config {
    const char *name; /* static: "retention.ms" */
    char value[TOPIC_CONFIG_VALUE_SIZE];
    bool vital; /* the worker takes no partition of a topic where it differs */
};

/* The configuration that the topic must have; what is not named is the broker's business. Returns
 * how many rows of `configs` are set. */
size_t topic_configs(
    const struct topic_plan *plan,
    enum topic topic,
    struct topic_config configs[TOPIC_CONFIGS_MAX]) MUST_USE;

/* A topic as a cluster has it. */
struct topic_found {
    int32_t partitions; /* 0: no such topic; nothing else is set then */
    int32_t replication_factor;
    /* The rows of topic_configs, with the values that the cluster has; "" where it tells none. */
    struct topic_config configs[TOPIC_CONFIGS_MAX];
    size_t config_count;
};

struct topics_found {
    struct topic_found topics[TOPIC_COUNT];
};

/* How many partitions the topic is made with, next to the others as they are: a -dlt as many
 * as its request topic; audit, outcomes and replies as many as the largest of those. A request
 * topic, and what follows one that is missing: plan->partitions. */
int32_t topic_partitions_needed(
    const struct topic_plan *plan, const struct topics_found *found, enum topic topic) MUST_USE;

enum { TOPIC_DIFFERENCES_MAX = (int)TOPIC_COUNT * ((int)TOPIC_CONFIGS_MAX + 2) };

struct topic_difference {
    enum topic topic;
    const char *what; /* static: "topic", "partitions", "replication.factor" or a config's name */
    char is[TOPIC_CONFIG_VALUE_SIZE];
    char should_be[TOPIC_CONFIG_VALUE_SIZE];
};

/* Every difference between what is and what should be; returns how many. */
size_t topics_compare(
    const struct topic_plan *plan,
    const struct topics_found *found,
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX]) MUST_USE;

#endif
