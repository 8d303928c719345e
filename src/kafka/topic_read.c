/* What a cluster says of the service's topics. */
#include "kafka/topic_admin.h"
#include "kafka/topic_request.h"

#include <stdio.h>
#include <string.h>

/* A topic that was just made has none for a moment, and is not there yet. */
static bool has_leaders(const struct rd_kafka_metadata_topic *topic) {
    for (int i = 0; i < topic->partition_cnt; i++) {
        if (topic->partitions[i].err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
            return false;
        }
    }
    return topic->partition_cnt > 0;
}

/* Partition and replica counts, from the list of all topics: to ask for one by name may create it.
 */
enum status topics_read_counts(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    int timeout_ms,
    struct topics_found *found,
    struct error *error) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t failure = rd_kafka_metadata(client, 1, NULL, &metadata, timeout_ms);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error, STATUS_RETRY, "Kafka does not list its topics: %s", rd_kafka_err2str(failure));
    }
    memset(found, 0, sizeof *found);
    enum status status = STATUS_OK;
    for (int i = 0; i < TOPIC_COUNT * metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i / TOPIC_COUNT];
        enum topic candidate = (enum topic)(i % TOPIC_COUNT);
        struct topic_name name = topic_name(plan->prefix, candidate);
        if (strcmp(topic->topic, name.text) != 0) {
            continue;
        }
        if (!has_leaders(topic)) {
            status = error_set(
                error, STATUS_RETRY, "topic %s has a partition without a leader", name.text);
        } else {
            found->topics[candidate].partitions = topic->partition_cnt;
            found->topics[candidate].replication_factor = topic->partitions[0].replica_cnt;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return status;
}

static void take_config(struct topic_found *found, const char *name, const char *value) {
    for (size_t i = 0; i < found->config_count; i++) {
        struct topic_config *config = &found->configs[i];
        if (value != NULL && strcmp(config->name, name) == 0) {
            (void)snprintf(config->value, sizeof config->value, "%s", value);
        }
    }
}

static enum status take_resource(
    const rd_kafka_ConfigResource_t *resource, struct topic_found *found, struct error *error) {
    if (rd_kafka_ConfigResource_error(resource) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            STATUS_INVALID,
            "Kafka does not tell the configuration of topic %s: %s",
            rd_kafka_ConfigResource_name(resource),
            rd_kafka_ConfigResource_error_string(resource));
    }
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++) {
        take_config(
            found, rd_kafka_ConfigEntry_name(entries[i]), rd_kafka_ConfigEntry_value(entries[i]));
    }
    return STATUS_OK;
}

/* The topics whose configuration is read, and what is asked for each. */
struct selection {
    rd_kafka_ConfigResource_t *resources[TOPIC_COUNT];
    enum topic topics[TOPIC_COUNT];
    size_t count;
};

/* Only topics that are there. */
static void select_topics(
    struct selection *selection,
    const struct topic_question *question,
    struct topics_found *found) {
    selection->count = 0;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        struct topic_found *topic = &found->topics[i];
        if (topic->partitions == 0
            || (question->only != TOPIC_COUNT && question->only != (enum topic)i)) {
            continue;
        }
        topic->config_count = topic_configs(question->plan, (enum topic)i, topic->configs);
        for (size_t k = 0; k < topic->config_count; k++) {
            topic->configs[k].value[0] = '\0';
        }
        struct topic_name name = topic_name(question->plan->prefix, (enum topic)i);
        selection->topics[selection->count] = (enum topic)i;
        selection->resources[selection->count++] =
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.text);
    }
}

/* Answers stand in the order of the questions. */
static enum status ask(
    struct topic_request *request,
    struct selection *selection,
    struct topics_found *found,
    struct error *error) {
    rd_kafka_DescribeConfigs(
        request->client, selection->resources, selection->count, request->options, request->queue);
    enum status status = topic_request_await(request, error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t count = 0;
    const rd_kafka_ConfigResource_t **answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(request->event), &count);
    if (count != selection->count) {
        return error_set(error, STATUS_INVALID, "Kafka answers for another number of topics");
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = take_resource(answers[i], &found->topics[selection->topics[i]], error);
    }
    return status;
}

enum status topics_read_configs(
    const struct topic_question *question, struct topics_found *found, struct error *error) {
    struct selection selection;
    struct topic_request request;
    select_topics(&selection, question, found);
    if (selection.count == 0) {
        return STATUS_OK;
    }
    enum status status = topic_request_begin(
        &request, question->client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, question->timeout_ms, error);
    if (status == STATUS_OK) {
        status = ask(&request, &selection, found, error);
    }
    topic_request_end(&request);
    rd_kafka_ConfigResource_destroy_array(selection.resources, selection.count);
    return status;
}

enum status kafka_topics_read(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    int timeout_ms,
    struct topics_found *found,
    struct error *error) {
    struct topic_question question = {client, plan, TOPIC_COUNT, timeout_ms};
    enum status status = topics_read_counts(client, plan, timeout_ms, found, error);
    return status == STATUS_OK ? topics_read_configs(&question, found, error) : status;
}
