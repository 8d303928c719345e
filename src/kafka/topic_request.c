/* A request goes out through librdkafka's Admin API, its one result is awaited on a queue of our
 * own. */
#include "kafka/topic_request.h"

enum { REFUSAL_SIZE = 256 };

enum status topic_request_begin(
    struct topic_request *request,
    rd_kafka_t *client,
    rd_kafka_admin_op_t operation,
    int timeout_ms,
    struct error *error) {
    char reason[REFUSAL_SIZE];
    *request = (struct topic_request){.client = client, .timeout_ms = timeout_ms};
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

void topic_request_end(struct topic_request *request) {
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

bool kafka_error_passes(rd_kafka_resp_err_t failure) {
    return failure == RD_KAFKA_RESP_ERR__TIMED_OUT || failure == RD_KAFKA_RESP_ERR__TRANSPORT
           || failure == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
           || failure == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT
           || failure == RD_KAFKA_RESP_ERR_NOT_CONTROLLER;
}

/* A second more than the request's own timeout, which answers first. */
enum status topic_request_await(struct topic_request *request, struct error *error) {
    request->event = rd_kafka_queue_poll(request->queue, request->timeout_ms + 1000);
    if (request->event == NULL) {
        return error_set(
            error, STATUS_RETRY, "no Kafka broker answered within %d ms", request->timeout_ms);
    }
    rd_kafka_resp_err_t failure = rd_kafka_event_error(request->event);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            kafka_error_passes(failure) ? STATUS_RETRY : STATUS_INVALID,
            "Kafka: %s",
            rd_kafka_event_error_string(request->event));
    }
    return STATUS_OK;
}
