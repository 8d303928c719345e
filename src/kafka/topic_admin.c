/* Topics on a live cluster, through librdkafka's Admin API: a request goes out, its one result is
 * awaited on a queue of our own. */
#include "kafka/topic_admin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADMIN_TIMEOUT_MS = 30000, VERIFY_TIMEOUT_MS = 5000, REFUSAL_SIZE = 256 };

/* One Admin API request on its way. */
struct request {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event; /* the result; NULL: not yet */
    int timeout_ms;
};

static enum status request_begin(
    struct request *request,
    rd_kafka_t *client,
    rd_kafka_admin_op_t operation,
    int timeout_ms,
    struct error *error) {
    char reason[REFUSAL_SIZE];
    *request = (struct request){.client = client, .timeout_ms = timeout_ms};
    request->queue = rd_kafka_queue_new(client);
    request->options = rd_kafka_AdminOptions_new(client, operation);
    if (request->queue == NULL || request->options == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a Kafka request");
    }
    rd_kafka_resp_err_t failure = rd_kafka_AdminOptions_set_request_timeout(
        request->options, timeout_ms, reason, sizeof reason);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, STATUS_FATAL, "Kafka request timeout: %s", reason);
    }
    return STATUS_OK;
}

static void request_end(struct request *request) {
    if (request->event != NULL) {
        rd_kafka_event_destroy(request->event);
    }
    if (request->options != NULL) {
        rd_kafka_AdminOptions_destroy(request->options);
    }
    if (request->queue != NULL) {
        rd_kafka_queue_destroy(request->queue);
    }
}

static bool is_transient(rd_kafka_resp_err_t failure) {
    return failure == RD_KAFKA_RESP_ERR__TIMED_OUT || failure == RD_KAFKA_RESP_ERR__TRANSPORT
           || failure == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
           || failure == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT
           || failure == RD_KAFKA_RESP_ERR_NOT_CONTROLLER;
}

/* A second more than the request's own timeout, which answers first. */
static enum status request_await(struct request *request, struct error *error) {
    request->event = rd_kafka_queue_poll(request->queue, request->timeout_ms + 1000);
    if (request->event == NULL) {
        return error_set(
            error, STATUS_RETRY, "no Kafka broker answered within %d ms", request->timeout_ms);
    }
    rd_kafka_resp_err_t failure = rd_kafka_event_error(request->event);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            is_transient(failure) ? STATUS_RETRY : STATUS_INVALID,
            "Kafka: %s",
            rd_kafka_event_error_string(request->event));
    }
    return STATUS_OK;
}

/* Partition and replica counts, from the list of all topics: to ask for one by name may create it.
 */
static enum status read_counts(
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
    for (int i = 0; i < TOPIC_COUNT * metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i / TOPIC_COUNT];
        enum topic candidate = (enum topic)(i % TOPIC_COUNT);
        struct topic_name name = topic_name(plan->prefix, candidate);
        if (strcmp(topic->topic, name.text) == 0 && topic->partition_cnt > 0) {
            found->topics[candidate].partitions = topic->partition_cnt;
            found->topics[candidate].replication_factor = topic->partitions[0].replica_cnt;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
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
struct config_question {
    rd_kafka_ConfigResource_t *resources[TOPIC_COUNT];
    enum topic topics[TOPIC_COUNT];
    size_t count;
};

/* Only topics that are there. `only`: that one, or TOPIC_COUNT for all. */
static void question_set(
    struct config_question *question,
    const struct topic_plan *plan,
    struct topics_found *found,
    enum topic only) {
    question->count = 0;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        struct topic_found *topic = &found->topics[i];
        if (topic->partitions == 0 || (only != TOPIC_COUNT && only != (enum topic)i)) {
            continue;
        }
        topic->config_count = topic_configs(plan, (enum topic)i, topic->configs);
        for (size_t k = 0; k < topic->config_count; k++) {
            topic->configs[k].value[0] = '\0';
        }
        struct topic_name name = topic_name(plan->prefix, (enum topic)i);
        question->topics[question->count] = (enum topic)i;
        question->resources[question->count++] =
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.text);
    }
}

/* Answers stand in the order of the questions. */
static enum status ask(
    struct request *request,
    struct config_question *question,
    struct topics_found *found,
    struct error *error) {
    rd_kafka_DescribeConfigs(
        request->client, question->resources, question->count, request->options, request->queue);
    enum status status = request_await(request, error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t count = 0;
    const rd_kafka_ConfigResource_t **answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(request->event), &count);
    if (count != question->count) {
        return error_set(error, STATUS_INVALID, "Kafka answers for another number of topics");
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = take_resource(answers[i], &found->topics[question->topics[i]], error);
    }
    return status;
}

static enum status read_configs(
    rd_kafka_t *client,
    struct config_question *question,
    int timeout_ms,
    struct topics_found *found,
    struct error *error) {
    if (question->count == 0) {
        return STATUS_OK;
    }
    struct request request;
    enum status status =
        request_begin(&request, client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms, error);
    if (status == STATUS_OK) {
        status = ask(&request, question, found, error);
    }
    request_end(&request);
    rd_kafka_ConfigResource_destroy_array(question->resources, question->count);
    return status;
}

enum status kafka_topics_read(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    int timeout_ms,
    struct topics_found *found,
    struct error *error) {
    struct config_question question;
    enum status status = read_counts(client, plan, timeout_ms, found, error);
    if (status != STATUS_OK) {
        return status;
    }
    question_set(&question, plan, found, TOPIC_COUNT);
    return read_configs(client, &question, timeout_ms, found, error);
}

static rd_kafka_NewTopic_t *new_topic(
    const struct topic_plan *plan,
    const struct topics_found *found,
    enum topic topic,
    struct error *error) {
    char reason[REFUSAL_SIZE];
    struct topic_name name = topic_name(plan->prefix, topic);
    struct topic_config configs[TOPIC_CONFIGS_MAX];
    size_t count = topic_configs(plan, topic, configs);
    rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(
        name.text,
        topic_partitions_needed(plan, found, topic),
        plan->replication_factor,
        reason,
        sizeof reason);
    if (made == NULL) {
        (void)error_set(error, STATUS_INVALID, "topic %s: %s", name.text, reason);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t failure =
            rd_kafka_NewTopic_set_config(made, configs[i].name, configs[i].value);
        assert(failure == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    return made;
}

/* One topic a request, so that a refusal says whose it is. Somebody else may have been faster. */
static enum status take_created(struct request *request, bool *made, struct error *error) {
    size_t count = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(request->event), &count);
    if (count != 1) {
        return error_set(error, STATUS_INVALID, "Kafka answers for another number of topics");
    }
    rd_kafka_resp_err_t failure = rd_kafka_topic_result_error(results[0]);
    *made = failure == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (*made || failure == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        return STATUS_OK;
    }
    return error_set(
        error,
        is_transient(failure) ? STATUS_RETRY : STATUS_INVALID,
        "Kafka does not make topic %s: %s",
        rd_kafka_topic_result_name(results[0]),
        rd_kafka_topic_result_error_string(results[0]));
}

static enum status create_one(
    rd_kafka_t *client, rd_kafka_NewTopic_t *topic, bool *made, struct error *error) {
    struct request request;
    enum status status =
        request_begin(&request, client, RD_KAFKA_ADMIN_OP_CREATETOPICS, ADMIN_TIMEOUT_MS, error);
    if (status == STATUS_OK) {
        rd_kafka_CreateTopics(client, &topic, 1, request.options, request.queue);
        status = request_await(&request, error);
    }
    if (status == STATUS_OK) {
        status = take_created(&request, made, error);
    }
    request_end(&request);
    return status;
}

enum status kafka_topics_create(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    const struct topics_found *found,
    bool made[TOPIC_COUNT],
    struct error *error) {
    memset(made, 0, TOPIC_COUNT * sizeof *made);
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (found->topics[i].partitions > 0) {
            continue;
        }
        rd_kafka_NewTopic_t *topic = new_topic(plan, found, (enum topic)i, error);
        if (topic == NULL) {
            return STATUS_INVALID;
        }
        enum status status = create_one(client, topic, &made[i], error);
        rd_kafka_NewTopic_destroy(topic);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status judge_configs(
    const struct topic_plan *plan,
    const struct topic_found *found,
    enum topic request,
    struct error *error) {
    struct topic_config should_be[TOPIC_CONFIGS_MAX];
    size_t count = topic_configs(plan, request, should_be);
    struct topic_name name = topic_name(plan->prefix, request);
    for (size_t i = 0; i < count; i++) {
        if (should_be[i].vital && strcmp(found->configs[i].value, should_be[i].value) != 0) {
            return error_set(
                error,
                STATUS_INVALID,
                "topic %s has %s=%s, the worker relies on %s",
                name.text,
                should_be[i].name,
                found->configs[i].value,
                should_be[i].value);
        }
    }
    return STATUS_OK;
}

static enum status judge_partitions(
    const struct topic_plan *plan,
    const struct topics_found *found,
    enum topic request,
    int32_t *usable,
    struct error *error) {
    const enum topic twins[] = {topic_dead_letters(request), TOPIC_AUDIT};

    int32_t partitions = found->topics[request].partitions;
    *usable = partitions;
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++) {
        int32_t twin_partitions = found->topics[twins[i]].partitions;
        if (twin_partitions < *usable) {
            struct topic_name name = topic_name(plan->prefix, twins[i]);
            *usable = twin_partitions;
            (void)error_set(
                error,
                STATUS_INVALID,
                "topic %s has %d partitions, the requests that it belongs to have %d",
                name.text,
                twin_partitions,
                partitions);
        }
    }
    return *usable < partitions ? STATUS_INVALID : STATUS_OK;
}

enum status kafka_topics_verify(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    enum topic request,
    int32_t *usable,
    struct error *error) {
    struct topics_found found;
    struct config_question question;
    struct topic_name name = topic_name(plan->prefix, request);
    assert(topic_takes_requests(request));
    *usable = 0;
    enum status status = read_counts(client, plan, VERIFY_TIMEOUT_MS, &found, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (found.topics[request].partitions == 0) {
        return error_set(error, STATUS_INVALID, "there is no topic %s", name.text);
    }
    question_set(&question, plan, &found, request);
    status = read_configs(client, &question, VERIFY_TIMEOUT_MS, &found, error);
    if (status == STATUS_OK) {
        status = judge_configs(plan, &found.topics[request], request, error);
    }
    return status == STATUS_OK ? judge_partitions(plan, &found, request, usable, error) : status;
}
