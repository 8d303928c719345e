/* The topics' names, which schemas they take, and the configuration that each needs. */
#include "kafka/topics.h"

#include "domain/command.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_BATCH_BYTES "2097152" /* of a producer's batch; one record may have record.max */
#define DEAD_LETTER_BATCH_BYTES                                                                    \
    "4194304" /* the largest request, and the headers that are added                               \
               */

#define COMMAND_NAMESPACE "slotkeeper.command."
#define QUERY_NAMESPACE   "slotkeeper.query."

struct topic_row {
    const char *suffix;
    bool takes_requests;
    enum topic dead_letters; /* of one that takes requests */
};

static const struct topic_row rows[TOPIC_COUNT] = {
    [TOPIC_SLOT_COMMANDS_DLT] = {.suffix = "slot-commands-dlt"},
    [TOPIC_ACCOUNT_COMMANDS_DLT] = {.suffix = "account-commands-dlt"},
    [TOPIC_QUERIES_DLT] = {.suffix = "queries-dlt"},
    [TOPIC_OUTCOMES] = {.suffix = "outcomes"},
    [TOPIC_AUDIT] = {.suffix = "audit"},
    [TOPIC_REPLIES_CLI] = {.suffix = "replies.cli"},
    [TOPIC_SLOT_COMMANDS] = {"slot-commands", true, TOPIC_SLOT_COMMANDS_DLT},
    [TOPIC_ACCOUNT_COMMANDS] = {"account-commands", true, TOPIC_ACCOUNT_COMMANDS_DLT},
    [TOPIC_QUERIES] = {"queries", true, TOPIC_QUERIES_DLT},
};

enum topic topic_of_lane(enum lane lane) {
    static const enum topic topics[LANE_COUNT] = {
        [LANE_SLOTS] = TOPIC_SLOT_COMMANDS,
        [LANE_ACCOUNTS] = TOPIC_ACCOUNT_COMMANDS,
        [LANE_QUERIES] = TOPIC_QUERIES};

    assert(lane < LANE_COUNT);
    return topics[lane];
}

const char *topic_suffix(enum topic topic) {
    return rows[topic].suffix;
}

struct topic_name topic_name(const char *prefix, enum topic topic) {
    struct topic_name name;
    int size = snprintf(name.text, sizeof name.text, "%s.%s", prefix, rows[topic].suffix);
    assert(size > 0 && (size_t)size < sizeof name.text);
    return name;
}

bool topic_find(const char *suffix, enum topic *topic) {
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (strcmp(rows[i].suffix, suffix) == 0) {
            *topic = (enum topic)i;
            return true;
        }
    }
    return false;
}

bool topic_takes_requests(enum topic topic) {
    return rows[topic].takes_requests;
}

enum topic topic_dead_letters(enum topic request) {
    assert(topic_takes_requests(request));
    return rows[request].dead_letters;
}

/* Queries go to their topic although the domain does not define them all yet. */
bool topic_of_schema(const char *full_name, enum topic *topic) {
    struct view name = view_text(full_name);
    struct view command = view_text(COMMAND_NAMESPACE);
    if (view_starts_with(name, view_text(QUERY_NAMESPACE))) {
        *topic = TOPIC_QUERIES;
        return true;
    }
    const struct command_definition *definition =
        view_starts_with(name, command) ? command_definition_find(view_from(name, command.size))
                                        : NULL;
    *topic = topic_of_lane(definition == NULL ? LANE_SLOTS : definition->lane);
    return definition != NULL;
}

static void put(
    struct topic_config *configs, size_t *count, const char *name, const char *value, bool vital) {
    struct topic_config *config = &configs[(*count)++];
    config->name = name;
    config->vital = vital;
    (void)snprintf(config->value, sizeof config->value, "%s", value);
}

static void put_request_configs(
    const struct topic_plan *plan, struct topic_config *configs, size_t *count) {
    char retention_ms[TOPIC_CONFIG_VALUE_SIZE];
    (void)snprintf(
        retention_ms, sizeof retention_ms, "%" PRId64, plan->command_age_max_us / 1000 * 2);
    put(configs, count, "retention.ms", retention_ms, false);
    put(configs, count, "message.timestamp.type", "LogAppendTime", true);
    put(configs, count, "compression.type", "uncompressed", true);
    put(configs, count, "max.message.bytes", REQUEST_BATCH_BYTES, false);
}

size_t topic_configs(
    const struct topic_plan *plan,
    enum topic topic,
    struct topic_config configs[TOPIC_CONFIGS_MAX]) {
    size_t count = 0;
    put(configs, &count, "cleanup.policy", "delete", false);
    switch (topic) {
    case TOPIC_SLOT_COMMANDS:
    case TOPIC_ACCOUNT_COMMANDS:
    case TOPIC_QUERIES:
        put_request_configs(plan, configs, &count);
        break;
    case TOPIC_SLOT_COMMANDS_DLT:
    case TOPIC_ACCOUNT_COMMANDS_DLT:
    case TOPIC_QUERIES_DLT:
        put(configs, &count, "max.message.bytes", DEAD_LETTER_BATCH_BYTES, false);
        break;
    case TOPIC_AUDIT:
        put(configs, &count, "retention.ms", "-1", false);
        put(configs, &count, "retention.bytes", "-1", false);
        break;
    case TOPIC_OUTCOMES:
    case TOPIC_REPLIES_CLI:
    case TOPIC_COUNT:
        break;
    }
    assert(count <= TOPIC_CONFIGS_MAX);
    return count;
}

static int32_t partitions_or_planned(
    const struct topic_plan *plan, const struct topics_found *found, size_t i) {
    return found->topics[i].partitions > 0 ? found->topics[i].partitions : plan->partitions;
}

int32_t topic_partitions_needed(
    const struct topic_plan *plan, const struct topics_found *found, enum topic topic) {
    if (topic_takes_requests(topic)) {
        return plan->partitions;
    }
    int32_t most = 0;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (!topic_takes_requests((enum topic)i)) {
            continue;
        }
        int32_t partitions = partitions_or_planned(plan, found, i);
        if (rows[i].dead_letters == topic) {
            return partitions;
        }
        most = partitions > most ? partitions : most;
    }
    return most;
}

struct comparison {
    enum topic topic;
    struct topic_difference *differences;
    size_t count;
};

static void differ(
    struct comparison *comparison, const char *what, const char *is, const char *should_be) {
    struct topic_difference *difference = &comparison->differences[comparison->count++];
    *difference = (struct topic_difference){.topic = comparison->topic, .what = what};
    (void)snprintf(difference->is, sizeof difference->is, "%s", is);
    (void)snprintf(difference->should_be, sizeof difference->should_be, "%s", should_be);
}

static void differ_in_number(
    struct comparison *comparison, const char *what, int32_t is, int32_t should_be) {
    char is_text[TOPIC_CONFIG_VALUE_SIZE];
    char should_be_text[TOPIC_CONFIG_VALUE_SIZE];
    (void)snprintf(is_text, sizeof is_text, "%" PRId32, is);
    (void)snprintf(should_be_text, sizeof should_be_text, "%" PRId32, should_be);
    differ(comparison, what, is_text, should_be_text);
}

static void compare_configs(
    struct comparison *comparison, const struct topic_plan *plan, const struct topic_found *found) {
    struct topic_config should_be[TOPIC_CONFIGS_MAX];
    size_t count = topic_configs(plan, comparison->topic, should_be);
    assert(found->config_count == count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found->configs[i].value, should_be[i].value) != 0) {
            differ(comparison, should_be[i].name, found->configs[i].value, should_be[i].value);
        }
    }
}

/* A request topic must have just the partitions of the settings; -dlt and audit may have more, but
 * have a twin for each of its partitions; of outcomes and replies any number will do. */
static void compare_partitions(
    struct comparison *comparison,
    const struct topic_plan *plan,
    const struct topics_found *found) {
    enum topic topic = comparison->topic;
    int32_t is = found->topics[topic].partitions;
    int32_t needed = topic_partitions_needed(plan, found, topic);
    bool any_number = topic == TOPIC_OUTCOMES || topic == TOPIC_REPLIES_CLI;
    if ((is < needed && !any_number) || (topic_takes_requests(topic) && is > needed)) {
        differ_in_number(comparison, "partitions", is, needed);
    }
}

static void compare_topic(
    struct comparison *comparison,
    const struct topic_plan *plan,
    const struct topics_found *found,
    enum topic topic) {
    const struct topic_found *is = &found->topics[topic];
    comparison->topic = topic;
    if (is->partitions == 0) {
        differ(comparison, "topic", "missing", "there");
        return;
    }
    compare_partitions(comparison, plan, found);
    if (is->replication_factor < plan->replication_factor) {
        differ_in_number(
            comparison, "replication.factor", is->replication_factor, plan->replication_factor);
    }
    compare_configs(comparison, plan, is);
}

size_t topics_compare(
    const struct topic_plan *plan,
    const struct topics_found *found,
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX]) {
    struct comparison comparison = {.differences = differences};
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        compare_topic(&comparison, plan, found, (enum topic)i);
    }
    return comparison.count;
}
