/* One Kafka transaction a publication. Two producers take turns, because a transaction begun while
 * the markers of the same producer's last one are still being written is put off by 20 or 100 ms;
 * one is committed before the next one begins, so the order stays. Delivery reports are awaited
 * before the commit, because librdkafka's own flush inside commit_transaction polls in steps of 10
 * ms. A transaction that a client's reply topic broke is tried again without that topic; after any
 * other failure the session ends: its successor publishes what is durable again, under the same
 * ids. */
#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "kafka/publisher_parts.h"

#include <stdlib.h>

enum {
    STEP_TIMEOUT_MS = 2000,
    ABORT_TIMEOUT_MS = 2000,
    ATTEMPTS_MAX = 4,         /* of which the last goes without any reply topic */
    UNNAMED_BAR_US = 10000000 /* a topic that is gone is seen to be gone long before */
};

/* Of a producer that is fenced or has failed for good, or of a member that is none any more. */
static bool tells_displacement(rd_kafka_resp_err_t error) {
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
        return true;
    default: /* librdkafka has a few hundred */
        return false;
    }
}

/* Of a record whose transaction had failed by then, with whatever failed first. */
static bool tells_nothing_new(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT
           || error == RD_KAFKA_RESP_ERR__STATE;
}

/* A topic that takes nothing for a while is not one that refuses. */
static int64_t bar_time_us(const struct publisher *publisher, rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ? UNNAMED_BAR_US
                                                     : publisher->settings.reply_bar_us;
}

static void note_culprit(
    struct publisher *publisher, const char *topic, rd_kafka_resp_err_t error) {
    if (reply_topics_bar(
            publisher->reply_topics, view_text(topic), bar_time_us(publisher, error))) {
        publisher->culprit_found = true;
    } else if (
        strcmp(topic, publisher->settings.dead_letter_topic) == 0 && !publisher->short_letters) {
        publisher->short_letters = true;
        publisher->culprit_found = true;
    } else {
        publisher->own_topic_failed = true;
    }
}

void publisher_note_failure(
    struct publisher *publisher,
    const char *topic,
    rd_kafka_resp_err_t error,
    const char *sentence) {
    if (!publisher->failed) {
        log_warning(
            "a record was not delivered",
            LOG_TEXT("topic", topic),
            LOG_TEXT("error", rd_kafka_err2name(error)),
            LOG_TEXT("text", sentence));
    }
    publisher->failed = true;
    publisher->displaced = publisher->displaced || tells_displacement(error);
    if (!tells_nothing_new(error) && !publisher->displaced) {
        note_culprit(publisher, topic, error);
    }
}

void publisher_on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    struct publisher *publisher = opaque;
    publisher->pending--;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        publisher_note_failure(
            publisher,
            rd_kafka_topic_name(message->rkt),
            message->err,
            rd_kafka_err2str(message->err));
    }
}

/* Classes a transaction step's error; takes it. */
enum status publisher_step(rd_kafka_error_t *error, const char *what) {
    if (error == NULL) {
        return STATUS_OK;
    }
    log_warning(
        "a Kafka transaction failed",
        LOG_TEXT("step", what),
        LOG_TEXT("error", rd_kafka_error_name(error)),
        LOG_TEXT("text", rd_kafka_error_string(error)),
        LOG_BOOL("fatal", rd_kafka_error_is_fatal(error) != 0),
        LOG_BOOL("retriable", rd_kafka_error_is_retriable(error) != 0));
    bool retriable =
        rd_kafka_error_is_retriable(error) != 0 && rd_kafka_error_txn_requires_abort(error) == 0;
    rd_kafka_error_destroy(error);
    return retriable ? STATUS_CONFLICT
                     : STATUS_RETRY; /* CONFLICT here: the same step may be tried again */
}

struct publisher *publisher_new(
    const struct publisher_settings *settings,
    struct codec *codec,
    struct reply_topics *reply_topics,
    enum status *status,
    struct error *error) {
    struct publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        *status = error_set(error, STATUS_FATAL, "no memory for a publisher");
        return NULL;
    }
    publisher->settings = *settings;
    publisher->codec = codec;
    publisher->reply_topics = reply_topics;
    reply_topics_met_by_none(reply_topics);
    *status = publisher_open_producers(publisher, error);
    if (*status == STATUS_OK) {
        return publisher;
    }
    publisher_destroy(publisher);
    return NULL;
}

static void forget_membership(struct publisher *publisher) {
    if (publisher->membership != NULL) {
        rd_kafka_consumer_group_metadata_destroy(publisher->membership);
    }
}

void publisher_destroy(struct publisher *publisher) {
    if (publisher != NULL) {
        publisher_close_producers(publisher);
        forget_membership(publisher);
        free(publisher);
    }
}

rd_kafka_t *publisher_client(struct publisher *publisher) {
    return publisher->producers[0];
}

enum status publisher_represent(struct publisher *publisher, rd_kafka_t *consumer) {
    forget_membership(publisher);
    publisher->membership = rd_kafka_consumer_group_metadata(consumer);
    return publisher->membership == NULL ? STATUS_RETRY : STATUS_OK;
}

/* Repeats a step that librdkafka says may be repeated, until the transaction's own timeout. */
static enum status until_done(
    struct publisher *publisher,
    rd_kafka_error_t *(*run)(struct publisher *publisher, const void *argument),
    const void *argument,
    const char *what) {
    int64_t deadline_us = time_monotonic_us() + publisher->settings.transaction_timeout_us;
    enum status status = STATUS_CONFLICT;
    while (status == STATUS_CONFLICT && time_monotonic_us() < deadline_us) {
        rd_kafka_error_t *error = run(publisher, argument);
        publisher->displaced =
            publisher->displaced || tells_displacement(rd_kafka_error_code(error));
        status = publisher_step(error, what);
    }
    return status == STATUS_CONFLICT ? STATUS_RETRY : status;
}

static rd_kafka_error_t *send_offsets(struct publisher *publisher, const void *argument) {
    const rd_kafka_topic_partition_list_t *offsets = argument;
    return rd_kafka_send_offsets_to_transaction(
        publisher_producer(publisher), offsets, publisher->membership, STEP_TIMEOUT_MS);
}

static rd_kafka_error_t *commit(struct publisher *publisher, const void *argument) {
    (void)argument;
    return rd_kafka_commit_transaction(publisher_producer(publisher), STEP_TIMEOUT_MS);
}

static enum status await_deliveries(struct publisher *publisher) {
    int64_t deadline_us = time_monotonic_us() + publisher->settings.transaction_timeout_us;
    while (publisher->pending > 0 && !publisher->failed) {
        if (time_monotonic_us() > deadline_us) {
            log_warning("deliveries take too long", LOG_INT("pending", publisher->pending));
            return STATUS_RETRY;
        }
        (void)rd_kafka_poll(publisher_producer(publisher), 100);
    }
    return publisher->failed ? STATUS_RETRY : STATUS_OK;
}

static enum status finish(
    struct publisher *publisher, const rd_kafka_topic_partition_list_t *offsets) {
    enum status status = until_done(publisher, send_offsets, offsets, "send offsets");
    if (status == STATUS_OK) {
        status = await_deliveries(publisher);
    }
    publisher->commit_tried = status == STATUS_OK;
    return status == STATUS_OK ? until_done(publisher, commit, NULL, "commit") : status;
}

/* The abort serves the delivery reports that are left, so only afterwards it is known who is to
 * blame. STATUS_CONFLICT: a reply topic, or a dead letter; the answers may be published again
 * without it. Once a commit was tried, only Kafka's committed offset can say what became of it, and
 * the next session reads that. */
static enum status give_up(struct publisher *publisher, enum status status) {
    bool aborted =
        publisher_step(
            rd_kafka_abort_transaction(publisher_producer(publisher), ABORT_TIMEOUT_MS), "abort")
        == STATUS_OK;
    bool blameless = publisher->displaced || publisher->own_topic_failed;
    if (!blameless && !publisher->culprit_found && publisher->named_by_clients) {
        /* An AddPartitions that fails, or a delivery that never comes, names nobody. */
        (void)reply_topics_bar(publisher->reply_topics, view_of(NULL, 0), UNNAMED_BAR_US);
        publisher->culprit_found = true;
    }
    bool again = aborted && !blameless && !publisher->commit_tried && publisher->culprit_found;
    return again ? STATUS_CONFLICT : status;
}

static enum status begin(struct publisher *publisher) {
    publisher->failed = false;
    publisher->named_by_clients = false;
    publisher->displaced = false;
    publisher->culprit_found = false;
    publisher->own_topic_failed = false;
    publisher->commit_tried = false;
    publisher->turn = (publisher->turn + 1) % PRODUCERS;
    return publisher_step(rd_kafka_begin_transaction(publisher_producer(publisher)), "begin")
                   == STATUS_OK
               ? STATUS_OK
               : STATUS_RETRY;
}

enum status publisher_commit_offsets(
    struct publisher *publisher, const rd_kafka_topic_partition_list_t *offsets) {
    enum status status = begin(publisher);
    if (status != STATUS_OK) {
        return status;
    }
    status = finish(publisher, offsets);
    return status == STATUS_OK ? STATUS_OK : give_up(publisher, status);
}

static void note_offset(
    rd_kafka_topic_partition_list_t *offsets, const char *topic, const struct answer *answer) {
    rd_kafka_topic_partition_t *entry =
        rd_kafka_topic_partition_list_find(offsets, topic, answer->partition);
    if (entry == NULL) {
        entry = rd_kafka_topic_partition_list_add(offsets, topic, answer->partition);
    }
    entry->offset = answer->offset + (PLANTED("offset_early") ? 2 : 1);
}

static enum status publish_slice(
    struct publisher *publisher, const struct answer *answers, size_t count, struct arena *arena) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(8);
    enum status status = begin(publisher);
    bool begun = status == STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        note_offset(offsets, publisher->settings.request_topic, &answers[i]);
        size_t next = PLANTED("published_backwards") ? count - 1 - i : i;
        status = publisher_produce_answer(publisher, &answers[next], arena);
    }
    if (status == STATUS_OK) {
        status = finish(publisher, offsets);
    }
    rd_kafka_topic_partition_list_destroy(offsets);
    return begun && status != STATUS_OK ? give_up(publisher, status) : status;
}

static enum status publish_until_done(
    struct publisher *publisher, const struct answer *answers, size_t count, struct arena *arena) {
    enum status status = STATUS_CONFLICT;
    for (int attempt = 1; status == STATUS_CONFLICT && attempt <= ATTEMPTS_MAX; attempt++) {
        if (attempt == ATTEMPTS_MAX) {
            (void)reply_topics_bar(publisher->reply_topics, view_of(NULL, 0), UNNAMED_BAR_US);
        }
        status = publish_slice(publisher, answers, count, arena);
    }
    return status == STATUS_CONFLICT ? STATUS_RETRY : status;
}

static enum status publish(
    void *self, const struct answer *answers, size_t count, struct arena *arena) {
    struct publisher *publisher = self;
    enum status status = STATUS_OK;
    for (size_t done = 0; status == STATUS_OK && done < count;) {
        size_t size = publisher_slice_size(publisher, answers + done, count - done, arena);
        status = publish_until_done(publisher, answers + done, size, arena);
        done += size;
    }
    return status;
}

struct bus_port publisher_port(struct publisher *publisher) {
    return (struct bus_port){.self = publisher, .publish = publish};
}

enum status publisher_publish_events(
    struct publisher *publisher,
    const struct loose_event *events,
    size_t count,
    int64_t position,
    struct arena *arena) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(offsets, publisher->settings.audit_topic, 0)->offset =
        position;
    enum status status = begin(publisher);
    bool begun = status == STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = publisher_produce_event(publisher, NULL, &events[i], arena);
    }
    if (status == STATUS_OK) {
        status = finish(publisher, offsets);
    }
    rd_kafka_topic_partition_list_destroy(offsets);
    return begun && status != STATUS_OK ? give_up(publisher, status) : status;
}
