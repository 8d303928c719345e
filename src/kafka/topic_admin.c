/* Making topics, and judging those that a worker is about to take. */
#include "kafka/topic_admin.h"

#include "kafka/topic_request.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ADMIN_TIMEOUT_MS = 30000, VERIFY_TIMEOUT_MS = 5000, REFUSAL_SIZE = 256 };

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
static enum status take_created(struct topic_request *request, bool *made, struct error *error) {
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
        kafka_error_passes(failure) ? STATUS_RETRY : STATUS_INVALID,
        "Kafka does not make topic %s: %s",
        rd_kafka_topic_result_name(results[0]),
        rd_kafka_topic_result_error_string(results[0]));
}

static enum status create_one(
    rd_kafka_t *client, rd_kafka_NewTopic_t *topic, bool *made, struct error *error) {
    struct topic_request request;
    enum status status = topic_request_begin(
        &request, client, RD_KAFKA_ADMIN_OP_CREATETOPICS, ADMIN_TIMEOUT_MS, error);
    if (status == STATUS_OK) {
        rd_kafka_CreateTopics(client, &topic, 1, request.options, request.queue);
        status = topic_request_await(&request, error);
    }
    if (status == STATUS_OK) {
        status = take_created(&request, made, error);
    }
    topic_request_end(&request);
    return status;
}

static enum status create_missing(
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

static bool all_there(const struct topics_found *found) {
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (found->topics[i].partitions == 0) {
            return false;
        }
    }
    return true;
}

/* A topic that was made is not known to every broker at once. */
static enum status await_all(
    rd_kafka_t *client, const struct topic_plan *plan, struct error *error) {
    enum { WAIT_US = 50000, ROUNDS = ADMIN_TIMEOUT_MS * 1000 / WAIT_US };
    struct topics_found found;
    for (int round = 0; round < ROUNDS; round++) {
        enum status status = topics_read_counts(client, plan, ADMIN_TIMEOUT_MS, &found, error);
        if (status != STATUS_OK || all_there(&found)) {
            return status;
        }
        (void)usleep(WAIT_US);
    }
    return error_set(error, STATUS_RETRY, "Kafka made the topics but does not list them all");
}

enum status kafka_topics_create(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    const struct topics_found *found,
    bool made[TOPIC_COUNT],
    struct error *error) {
    enum status status = create_missing(client, plan, found, made, error);
    return status == STATUS_OK ? await_all(client, plan, error) : status;
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

/* A cluster does not tell the two apart. */
static enum status not_there(const struct topic_name *name, struct error *error) {
    return error_set(
        error,
        STATUS_INVALID,
        "there is no topic %s, or this Kafka user has no right to it",
        name->text);
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
        struct topic_name name = topic_name(plan->prefix, twins[i]);
        if (twin_partitions == 0) {
            *usable = 0;
            return not_there(&name, error);
        }
        if (twin_partitions < *usable) {
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
    struct topic_question question = {client, plan, request, VERIFY_TIMEOUT_MS};
    struct topic_name name = topic_name(plan->prefix, request);
    assert(topic_takes_requests(request));
    *usable = 0;
    enum status status = topics_read_counts(client, plan, VERIFY_TIMEOUT_MS, &found, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (found.topics[request].partitions == 0) {
        return not_there(&name, error);
    }
    status = topics_read_configs(&question, &found, error);
    if (status == STATUS_OK) {
        status = judge_configs(plan, &found.topics[request], request, error);
    }
    return status == STATUS_OK ? judge_partitions(plan, &found, request, usable, error) : status;
}
