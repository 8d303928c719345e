/* The records of one Kafka transaction, made before the first of them is produced.
 *
 * librdkafka adds a partition to the transaction when a record names it, in one request at a time:
 * a partition that is named after the first request has left waits for its answer, a millisecond
 * and a request of its own. So nothing is made in between, and the first record of each topic comes
 * ahead of all others; within a topic, and so within a partition, the order stays. */
#ifndef SLOTKEEPER_KAFKA_OUTBOX_H
#define SLOTKEEPER_KAFKA_OUTBOX_H

#include "kafka/message.h"

struct outbox {
    struct message *messages; /* in the order in which they were put */
    size_t count;
    size_t capacity;
    const char **topics; /* each once, in the order in which they were put */
    size_t topic_count;
};

/* An empty one, from the arena, which it must not outlive: for at most `capacity` records. */
void outbox_begin(struct outbox *outbox, struct arena *arena, size_t capacity);

/* Takes the headers; the rest must live as long as the outbox. No more than its capacity
 * (asserted). */
void outbox_put(struct outbox *outbox, const struct message *message);

/* Hands each record over, in the order told above, until one is not taken; what takes a record
 * takes its headers. Afterwards the outbox is empty, and holds no headers. */
enum status outbox_hand_over(
    struct outbox *outbox,
    enum status (*take)(void *self, const struct message *message),
    void *self) MUST_USE;

/* Empties it without handing anything over. */
void outbox_drop(struct outbox *outbox);

#endif
