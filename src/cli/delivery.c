/* One producer for one record. */
#include "cli/delivery.h"

#include "base/time.h"
#include "cli/clients.h"
#include "kafka/message.h"

#include <inttypes.h>
#include <stdio.h>

enum { POLL_MS = 50, REPORT_GRACE_MS = 2000 };

struct report {
    bool arrived;
    rd_kafka_resp_err_t failure;
    struct delivery delivery;
};

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    struct report *report = opaque;
    report->arrived = true;
    report->failure = message->err;
    report->delivery = (struct delivery){message->partition, message->offset};
}

/* Takes a copy of the headers, which librdkafka then owns. */
static enum status produce(rd_kafka_t *client, const struct request *request, struct error *error) {
    rd_kafka_headers_t *headers = rd_kafka_headers_copy(request->headers);
    const rd_kafka_vu_t values[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = request->topic.text},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = RD_KAFKA_PARTITION_UA},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {view_pointer(request->key), request->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {view_pointer(request->value), request->value.size}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *failure =
        rd_kafka_produceva(client, values, sizeof values / sizeof values[0]);
    if (failure == NULL) {
        return STATUS_OK;
    }
    enum status status =
        error_set(error, STATUS_INVALID, "not sent: %s", rd_kafka_error_string(failure));
    rd_kafka_error_destroy(failure);
    rd_kafka_headers_destroy(headers);
    return status;
}

static enum status await(
    rd_kafka_t *client,
    const struct request *request,
    int timeout_ms,
    struct report *report,
    struct error *error) {
    int64_t end_us = time_monotonic_us() + (timeout_ms + REPORT_GRACE_MS) * INT64_C(1000);
    while (!report->arrived && time_monotonic_us() < end_us) {
        (void)rd_kafka_poll(client, POLL_MS);
    }
    if (!report->arrived) {
        return error_set(
            error, STATUS_RETRY, "no broker confirmed the record within %d ms", timeout_ms);
    }
    if (report->failure == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
        || report->failure == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        return error_set(
            error,
            STATUS_INVALID,
            "there is no topic %s; `slotkeeper topics create` makes the service's own",
            request->topic.text);
    }
    if (report->failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(
            error,
            STATUS_RETRY,
            "topic %s did not take the record: %s",
            request->topic.text,
            rd_kafka_err2str(report->failure));
    }
    return STATUS_OK;
}

enum status deliver(
    const struct settings *settings,
    const struct request *request,
    int timeout_ms,
    struct delivery *delivery,
    struct error *error) {
    char timeout_text[16];
    char bytes_text[16];
    (void)snprintf(timeout_text, sizeof timeout_text, "%d", timeout_ms);
    (void)snprintf(bytes_text, sizeof bytes_text, "%d", REQUEST_VALUE_MAX + 1024 * 1024);
    const char *const fixed[] = {
        "partitioner",
        "murmur2_random",
        "acks",
        "all",
        "enable.idempotence",
        "true",
        "linger.ms",
        "0",
        "message.max.bytes",
        bytes_text,
        "message.timeout.ms",
        timeout_text,
        NULL,
    };
    struct report report = {0};
    struct client_request wanted = {RD_KAFKA_PRODUCER, fixed, on_report, &report};
    rd_kafka_t *client = cli_client_new(settings, &wanted, error);
    if (client == NULL) {
        return STATUS_INVALID;
    }
    enum status status = produce(client, request, error);
    if (status == STATUS_OK) {
        status = await(client, request, timeout_ms, &report, error);
    }
    *delivery = report.delivery;
    (void)rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(client);
    return status;
}
