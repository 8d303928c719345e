/* One Admin API request on its way, and what a cluster says of topics: shared by the files that
 * make, read and verify them. */
#ifndef SLOTKEEPER_KAFKA_TOPIC_REQUEST_H
#define SLOTKEEPER_KAFKA_TOPIC_REQUEST_H

#include "kafka/topics.h"

#include <librdkafka/rdkafka.h>

struct topic_request {
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event; /* the result; NULL: not yet */
    int timeout_ms;
};

/* End it in any case. */
enum status topic_request_begin(
    struct topic_request *request,
    rd_kafka_t *client,
    rd_kafka_admin_op_t operation,
    int timeout_ms,
    struct error *error) MUST_USE;
/* STATUS_RETRY: no answer, or one that passes; STATUS_INVALID: the broker refuses. */
enum status topic_request_await(struct topic_request *request, struct error *error) MUST_USE;
void topic_request_end(struct topic_request *request);

/* Whether it is worth another try as it is. */
bool kafka_error_passes(rd_kafka_resp_err_t failure) MUST_USE;

/* Partition and replica counts alone. */
enum status topics_read_counts(
    rd_kafka_t *client,
    const struct topic_plan *plan,
    int timeout_ms,
    struct topics_found *found,
    struct error *error) MUST_USE;

/* Then the configuration of the topics that are there: all, or `only` (TOPIC_COUNT: all). */
struct topic_question {
    rd_kafka_t *client;
    const struct topic_plan *plan;
    enum topic only;
    int timeout_ms;
};
enum status topics_read_configs(
    const struct topic_question *question,
    struct topics_found *found,
    struct error *error) MUST_USE;

#endif
