/* Reading a topic from the shell: every partition, read committed, no consumer group, nothing ever
 * committed. */
#ifndef SLOTKEEPER_CLI_CONSUMER_H
#define SLOTKEEPER_CLI_CONSUMER_H

#include "app/settings.h"

#include <librdkafka/rdkafka.h>

struct consumer;

enum consumer_start { CONSUMER_FROM_BEGINNING, CONSUMER_FROM_END };

/* Returns when the place to begin at is fixed in every partition: what is written after that will
 * be read. NULL with *error set: also when there is no such topic. */
struct consumer *consumer_new(
    const struct settings *settings,
    const char *topic,
    enum consumer_start start,
    struct error *error) MUST_USE;
/* NULL is allowed. */
void consumer_destroy(struct consumer *consumer);

/* The next record, which the caller gives to rd_kafka_message_destroy; NULL: none within
 * timeout_ms, or a partition's end. STATUS_INVALID, STATUS_RETRY: the broker does not let us read.
 */
enum status consumer_next(
    struct consumer *consumer,
    int timeout_ms,
    rd_kafka_message_t **message,
    struct error *error) MUST_USE;

/* Whether every partition was read to its end: the one at consumer_new, or the one set since. */
bool consumer_at_end(const struct consumer *consumer) MUST_USE;

int32_t consumer_partition_count(const struct consumer *consumer) MUST_USE;
/* `ends`: an offset a partition; committed records below it count. Copied. */
void consumer_set_ends(struct consumer *consumer, const int64_t *ends);
/* The first offset that was there at consumer_new. */
int64_t consumer_low_offset(const struct consumer *consumer, int32_t partition) MUST_USE;

/* High watermarks of all partitions, open transactions included, into `ends`, which has room for
 * `partition_count`. */
enum status topic_high_watermarks(
    const struct settings *settings,
    const char *topic,
    int64_t *ends,
    int32_t partition_count,
    struct error *error) MUST_USE;

#endif
