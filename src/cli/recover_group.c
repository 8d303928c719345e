/* A consumer that names a group may read its offsets without joining; they are changed by an
 * administrator's request, which the broker grants only for a group that is empty. */
#include "cli/recover_group.h"

#include "base/time.h"
#include "cli/clients.h"
#include "kafka/topic_request.h"

#include <stdio.h>

enum { AGAIN_MS = 200 };

struct group_name group_of_topic(const struct settings *settings, enum topic topic) {
    struct group_name name;
    (void)snprintf(
        name.text, sizeof name.text, "%s.%s", settings->group_prefix, topic_suffix(topic));
    return name;
}

/* A broker that has just become the group's coordinator, or is about to. */
static bool passes(rd_kafka_resp_err_t failure) {
    return failure == RD_KAFKA_RESP_ERR_NOT_COORDINATOR
           || failure == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE
           || failure == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS
           || failure == RD_KAFKA_RESP_ERR__WAIT_COORD || kafka_error_passes(failure);
}

static rd_kafka_resp_err_t ask_once(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
    rd_kafka_resp_err_t failure = rd_kafka_committed(client, list, CLIENT_TIMEOUT_MS);
    for (int i = 0; failure == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
        failure = list->elems[i].err;
    }
    return failure;
}

static rd_kafka_resp_err_t ask(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
    int64_t deadline_us = time_monotonic_us() + CLIENT_TIMEOUT_MS * INT64_C(1000);
    rd_kafka_resp_err_t failure = ask_once(client, list);
    while (passes(failure) && time_monotonic_us() < deadline_us) {
        (void)rd_kafka_poll(client, AGAIN_MS);
        failure = ask_once(client, list);
    }
    return failure;
}

static enum status read_committed(
    rd_kafka_t *client,
    const char *topic,
    int64_t *offsets,
    int32_t partition_count,
    struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partition_count + 1);
    for (int32_t i = 0; i < partition_count; i++) {
        (void)rd_kafka_topic_partition_list_add(list, topic, i);
    }
    rd_kafka_resp_err_t failure = ask(client, list);
    for (int32_t i = 0; i < partition_count; i++) {
        offsets[i] = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            STATUS_RETRY,
            "Kafka does not tell the committed offsets of topic %.249s: %s",
            topic,
            rd_kafka_err2str(failure));
    }
    return STATUS_OK;
}

enum status group_committed(
    const struct settings *settings,
    enum topic topic,
    int64_t *offsets,
    int32_t partition_count,
    struct error *error) {
    struct group_name group = group_of_topic(settings, topic);
    struct topic_name name = topic_name(settings->topics_prefix, topic);
    const char *const fixed[] = {
        "group.id",
        group.text,
        "enable.auto.commit",
        "false",
        "isolation.level",
        "read_committed",
        NULL};
    struct client_request request = {.type = RD_KAFKA_CONSUMER, .fixed = fixed};
    rd_kafka_t *client = cli_client_new(settings, &request, error);
    if (client == NULL) {
        return STATUS_INVALID;
    }
    enum status status = read_committed(client, name.text, offsets, partition_count, error);
    rd_kafka_destroy(client);
    return status;
}

enum status group_count_members(
    rd_kafka_t *client, const struct group_name *group, int *count, struct error *error) {
    const struct rd_kafka_group_list *groups = NULL;
    rd_kafka_resp_err_t failure =
        rd_kafka_list_groups(client, group->text, &groups, CLIENT_TIMEOUT_MS);
    *count = 0;
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            STATUS_RETRY,
            "Kafka does not tell who is in group %s: %s",
            group->text,
            rd_kafka_err2str(failure));
    }
    for (int i = 0; i < groups->group_cnt; i++) {
        *count += groups->groups[i].member_cnt;
    }
    rd_kafka_group_list_destroy(groups);
    return STATUS_OK;
}

static rd_kafka_resp_err_t first_failure(rd_kafka_event_t *event) {
    size_t count = 0;
    const rd_kafka_group_result_t **results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
    rd_kafka_resp_err_t failure = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; failure == RD_KAFKA_RESP_ERR_NO_ERROR && i < count; i++) {
        const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(results[i]);
        failure = rd_kafka_error_code(rd_kafka_group_result_error(results[i]));
        for (int j = 0; list != NULL && failure == RD_KAFKA_RESP_ERR_NO_ERROR && j < list->cnt;
             j++) {
            failure = list->elems[j].err;
        }
    }
    return failure;
}

static enum status alter(
    struct topic_request *request,
    const struct group_name *group,
    const rd_kafka_topic_partition_list_t *offsets,
    struct error *error) {
    rd_kafka_AlterConsumerGroupOffsets_t *alteration =
        rd_kafka_AlterConsumerGroupOffsets_new(group->text, offsets);
    rd_kafka_AlterConsumerGroupOffsets(
        request->client, &alteration, 1, request->options, request->queue);
    enum status status = topic_request_await(request, error);
    rd_kafka_AlterConsumerGroupOffsets_destroy(alteration);
    if (status != STATUS_OK) {
        return status;
    }
    rd_kafka_resp_err_t failure = first_failure(request->event);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            STATUS_INVALID,
            "Kafka does not set the offsets of group %s: %s",
            group->text,
            rd_kafka_err2str(failure));
    }
    return STATUS_OK;
}

enum status group_set_offsets(
    rd_kafka_t *client,
    const struct group_name *group,
    const rd_kafka_topic_partition_list_t *offsets,
    struct error *error) {
    struct topic_request request;
    enum status status = topic_request_begin(
        &request, client, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, CLIENT_TIMEOUT_MS, error);
    if (status == STATUS_OK) {
        status = alter(&request, group, offsets, error);
    }
    topic_request_end(&request);
    return status;
}
