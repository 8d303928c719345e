/* What the publisher's files share. */
#ifndef SLOTKEEPER_KAFKA_PUBLISHER_PARTS_H
#define SLOTKEEPER_KAFKA_PUBLISHER_PARTS_H

#include "kafka/publisher.h"

enum { PRODUCERS = 2 }; /* of a publisher; they take turns */

struct publisher {
    struct publisher_settings settings;
    struct codec *codec;
    struct reply_topics *reply_topics;
    rd_kafka_t *producers[PRODUCERS];
    size_t turn; /* whose transaction is open, or was the last */
    rd_kafka_consumer_group_metadata_t *membership;
    size_t pending;        /* delivery reports still to come; touched by this thread only */
    bool failed;           /* a delivery failed in this transaction */
    bool named_by_clients; /* this transaction holds client-named topics */
    bool displaced;     /* another has our place, or the producer is done, whatever else failed */
    bool culprit_found; /* it failed because of a topic that is barred now */
    bool own_topic_failed; /* it failed because of outcomes, audit or -dlt */
    bool commit_tried;     /* its fate is Kafka's to know */
    bool short_letters;    /* -dlt refuses copies: only their digests go there */
};

/* The producer whose turn it is. */
static inline rd_kafka_t *publisher_producer(const struct publisher *publisher) {
    return publisher->producers[publisher->turn];
}

/* STATUS_FATAL: a setting that librdkafka does not take; STATUS_RETRY: Kafka gives none now. What
 * was opened until then is the caller's to close. */
enum status publisher_open_producers(struct publisher *publisher, struct error *error) MUST_USE;
void publisher_close_producers(struct publisher *publisher);
/* librdkafka's callback; `opaque` is the publisher. */
void publisher_on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque);
/* The transaction that is open has failed with a record of this topic, which is barred if it is to
 * blame. */
void publisher_note_failure(
    struct publisher *publisher,
    const char *topic,
    rd_kafka_resp_err_t error,
    const char *sentence);

/* Classes a transaction step's error, and takes it. STATUS_CONFLICT: the same step may be tried
 * again. */
enum status publisher_step(rd_kafka_error_t *error, const char *what) MUST_USE;

/* Into the transaction that is open: outcome, audit events, dead letter. */
enum status publisher_produce_answer(
    struct publisher *publisher, const struct answer *answer, struct arena *arena) MUST_USE;
/* `answer` NULL: the event answers no request, and goes where its key says. */
enum status publisher_produce_event(
    struct publisher *publisher,
    const struct answer *answer,
    const struct loose_event *loose,
    struct arena *arena) MUST_USE;

/* How many answers from the first on go into one transaction: each reply partition that it touches
 * costs a marker. */
size_t publisher_slice_size(
    struct publisher *publisher,
    const struct answer *answers,
    size_t count,
    struct arena *arena) MUST_USE;

#endif
