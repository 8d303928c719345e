/* Records on their way out: their headers. */
#ifndef SLOTKEEPER_KAFKA_MESSAGE_H
#define SLOTKEEPER_KAFKA_MESSAGE_H

#include "engine/answer.h"

#include <librdkafka/rdkafka.h>

struct message {
    const char *topic;
    int32_t partition; /* RD_KAFKA_PARTITION_UA: by the key */
    struct view key;
    struct view value;
    rd_kafka_headers_t *headers;
};

/* librdkafka takes what it does not change as void *. */
static inline void *view_pointer(struct view bytes) {
    union {
        const void *in;
        void *out;
    } pointer = {.in = bytes.data};

    return pointer.out;
}

/* New headers, which rd_kafka_produceva takes. */
rd_kafka_headers_t *message_outcome_headers(
    const struct answer *answer, const char *source, bool reply_refused);
/* `answer` NULL: the event answers no request. */
rd_kafka_headers_t *message_event_headers(
    const struct answer *answer, const struct answer_event *event, const char *source);
rd_kafka_headers_t *message_dead_letter_headers(
    const struct answer *answer, const char *request_topic, const char *group);

#endif
