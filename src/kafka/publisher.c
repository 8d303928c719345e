/* One Kafka transaction a publication. Delivery reports are awaited before the commit, because
 * librdkafka's own flush inside commit_transaction polls in steps of 10 ms. A transaction that a
 * client's reply topic broke is tried again without that topic; after any other failure the session
 * ends: its successor publishes what is durable again, under the same ids. */
#include "kafka/publisher.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "kafka/client.h"
#include "kafka/message.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    INIT_TIMEOUT_MS = 15000,
    STEP_TIMEOUT_MS = 2000,
    ABORT_TIMEOUT_MS = 2000,
    ATTEMPTS_MAX = 4,         /* of which the last goes without any reply topic */
    UNNAMED_BAR_US = 10000000 /* a topic that is gone is seen to be gone long before */
};

struct publisher {
    struct publisher_settings settings;
    struct codec *codec;
    struct reply_topics *reply_topics;
    rd_kafka_t *client;
    rd_kafka_t *consumer;
    size_t pending;        /* delivery reports still to come; touched by this thread only */
    bool failed;           /* a delivery failed in this transaction */
    bool named_by_clients; /* this transaction holds client-named topics */
    bool displaced;     /* it failed because another has our place, whatever else failed with it */
    bool culprit_found; /* it failed because of a topic that is barred now */
    bool own_topic_failed; /* it failed because of outcomes, audit or -dlt */
    bool commit_tried;     /* its fate is Kafka's to know */
    bool short_letters;    /* -dlt refuses copies: only their digests go there */
};

/* Errors of a producer that has been fenced, or of a member that is none any more. */
static bool tells_displacement(rd_kafka_resp_err_t error) {
    switch ((int)error) {
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

static bool is_purged(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
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

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    struct publisher *publisher = opaque;
    publisher->pending--;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    bool first = !publisher->failed;
    publisher->failed = true;
    const char *topic = rd_kafka_topic_name(message->rkt);
    if (first) {
        log_warning(
            "a record was not delivered",
            LOG_TEXT("topic", topic),
            LOG_TEXT("error", rd_kafka_err2name(message->err)));
    }
    publisher->displaced = publisher->displaced || tells_displacement(message->err);
    if (!is_purged(message->err) && !publisher->displaced) {
        note_culprit(publisher, topic, message->err);
    }
}

static rd_kafka_t *make_client(
    const struct kafka_properties *properties,
    const char *id,
    void *opaque,
    int64_t timeout_us,
    struct error *error) {
    char timeout_ms[24];
    (void)snprintf(timeout_ms, sizeof timeout_ms, "%lld", (long long)(timeout_us / 1000));
    const char *const fixed[] = {
        "transactional.id",
        id,
        "transaction.timeout.ms",
        timeout_ms,
        "message.timeout.ms",
        timeout_ms,
        "enable.idempotence",
        "true",
        "acks",
        "all",
        "linger.ms",
        "0",
        "partitioner",
        "murmur2_random",
        "message.max.bytes",
        "8388608",
        "queue.buffering.max.kbytes",
        "65536",
        NULL};
    rd_kafka_conf_t *conf = kafka_conf_new(properties, fixed, error);
    if (conf == NULL) {
        return NULL;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, opaque);
    return kafka_client_new(RD_KAFKA_PRODUCER, conf, error);
}

/* Classes a transaction step's error; takes it. */
static enum status step(rd_kafka_error_t *error, const char *what) {
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
    publisher->client = make_client(
        &settings->properties,
        settings->transactional_id,
        publisher,
        settings->transaction_timeout_us,
        error);
    if (publisher->client == NULL) {
        *status = STATUS_FATAL;
    } else if (
        step(rd_kafka_init_transactions(publisher->client, INIT_TIMEOUT_MS), "init") != STATUS_OK) {
        *status = error_set(
            error, STATUS_RETRY, "Kafka does not give this worker a transactional producer");
    } else {
        *status = STATUS_OK;
        return publisher;
    }
    publisher_destroy(publisher);
    return NULL;
}

void publisher_destroy(struct publisher *publisher) {
    if (publisher != NULL) {
        if (publisher->client != NULL) {
            (void)rd_kafka_purge(
                publisher->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
            rd_kafka_destroy(publisher->client);
        }
        free(publisher);
    }
}

rd_kafka_t *publisher_client(struct publisher *publisher) {
    return publisher->client;
}

void publisher_set_consumer(struct publisher *publisher, rd_kafka_t *consumer) {
    publisher->consumer = consumer;
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
        status = step(error, what);
    }
    return status == STATUS_CONFLICT ? STATUS_RETRY : status;
}

static rd_kafka_error_t *send_offsets(struct publisher *publisher, const void *argument) {
    const rd_kafka_topic_partition_list_t *offsets = argument;
    rd_kafka_consumer_group_metadata_t *metadata =
        rd_kafka_consumer_group_metadata(publisher->consumer);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(publisher->client, offsets, metadata, STEP_TIMEOUT_MS);
    rd_kafka_consumer_group_metadata_destroy(metadata);
    return error;
}

static rd_kafka_error_t *commit(struct publisher *publisher, const void *argument) {
    (void)argument;
    return rd_kafka_commit_transaction(publisher->client, STEP_TIMEOUT_MS);
}

static enum status await_deliveries(struct publisher *publisher) {
    int64_t deadline_us = time_monotonic_us() + publisher->settings.transaction_timeout_us;
    while (publisher->pending > 0 && !publisher->failed) {
        if (time_monotonic_us() > deadline_us) {
            log_warning("deliveries take too long", LOG_INT("pending", publisher->pending));
            return STATUS_RETRY;
        }
        (void)rd_kafka_poll(publisher->client, 100);
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
        step(rd_kafka_abort_transaction(publisher->client, ABORT_TIMEOUT_MS), "abort") == STATUS_OK;
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
    return step(rd_kafka_begin_transaction(publisher->client), "begin") == STATUS_OK ? STATUS_OK
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

/* One record; takes the headers. */
static enum status produce(struct publisher *publisher, const struct message *message) {
    for (;;) {
        rd_kafka_vu_t parts[6] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = message->topic},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition},
            {.vtype = RD_KAFKA_VTYPE_VALUE,
             .u.mem = {view_pointer(message->value), message->value.size}},
            {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {view_pointer(message->key), message->key.size}},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
            {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = message->headers},
        };
        rd_kafka_error_t *error =
            rd_kafka_produceva(publisher->client, parts, sizeof parts / sizeof parts[0]);
        if (error == NULL) {
            publisher->pending++;
            return STATUS_OK;
        }
        bool full = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
        if (!full) {
            rd_kafka_headers_destroy(message->headers);
            return step(error, "produce") == STATUS_OK ? STATUS_OK : STATUS_RETRY;
        }
        rd_kafka_error_destroy(error);
        (void)rd_kafka_poll(publisher->client, 10);
    }
}

/* Where an answer goes: to the client's topic, or to the default one. */
struct destination {
    const char *topic;
    int32_t partition;
    bool refused;
};

/* False: whether the client's topic can be used is not known now, so the answer waits. */
static bool find_destination(
    struct publisher *publisher,
    const struct answer *answer,
    struct arena *arena,
    struct destination *destination) {
    const struct route *route = &answer->route;
    *destination = (struct destination){
        .topic = publisher->settings.outcome_topic,
        .partition = RD_KAFKA_PARTITION_UA,
        .refused = route->reply_topic_refused};
    if (route->reply_topic.data == NULL) {
        return true;
    }
    int32_t partitions =
        reply_topics_partitions(publisher->reply_topics, publisher->client, route->reply_topic);
    if (partitions <= 0) {
        destination->refused = true;
        return partitions == 0;
    }
    destination->topic = arena_text(arena, route->reply_topic);
    if (route->reply_partition >= 0 && route->reply_partition < partitions) {
        destination->partition = route->reply_partition;
    }
    return true;
}

static void report_refused(const struct answer *answer) {
    metrics_add(METRIC_REPLY_ROUTES_REFUSED, "", 1);
    log_info(
        "a reply topic cannot be used; the outcome goes to the default topic without its result",
        LOG_INT("partition", answer->partition),
        LOG_INT("offset", answer->offset));
}

static enum status produce_outcome(
    struct publisher *publisher, const struct answer *answer, struct arena *arena) {
    struct destination destination;
    struct view body = answer->outcome;
    if (!find_destination(publisher, answer, arena, &destination)) {
        return STATUS_RETRY;
    }
    if (destination.refused) {
        body = codec_outcome_without_result(publisher->codec, arena, body);
        report_refused(answer);
    }
    publisher->named_by_clients =
        publisher->named_by_clients || destination.topic != publisher->settings.outcome_topic;
    struct message message = {
        .topic = destination.topic,
        .partition = destination.partition,
        .key = answer->route.key,
        .value = frame_single_object(arena, answer->outcome_fingerprint, body),
        .headers = message_outcome_headers(answer, publisher->settings.source, destination.refused),
    };
    return produce(publisher, &message);
}

/* `answer` NULL: the event answers no request, and goes where its key says. */
static enum status produce_event(
    struct publisher *publisher,
    const struct answer *answer,
    const struct loose_event *loose,
    struct arena *arena) {
    const struct answer_event *event = &loose->event;
    char *key = arena_take(arena, UUID_TEXT_SIZE + 1);
    uuid_format(event->chain_id, key);
    struct message message = {
        .topic = publisher->settings.audit_topic,
        .partition = answer == NULL ? RD_KAFKA_PARTITION_UA : answer->partition,
        .key = view_of(key, UUID_TEXT_SIZE),
        .value = frame_single_object(arena, loose->fingerprint, event->body),
        .headers = message_event_headers(answer, event, publisher->settings.source),
    };
    return produce(publisher, &message);
}

/* `sha256:` and 64 digits, in place of a copy that -dlt does not take. */
static struct view digest_of_letter(struct arena *arena, struct view value) {
    static const char prefix[] = "sha256:";
    struct digest digest;
    char *text = arena_take(arena, sizeof prefix + DIGEST_TEXT_SIZE);
    digest_of(value, &digest);
    memcpy(text, prefix, sizeof prefix);
    digest_format(&digest, text + sizeof prefix - 1);
    return view_text(text);
}

static enum status produce_dead_letter(
    struct publisher *publisher, const struct answer *answer, struct arena *arena) {
    const struct dead_letter *letter = &answer->dead_letter;
    struct message message = {
        .topic = publisher->settings.dead_letter_topic,
        .partition = answer->partition,
        .key = publisher->short_letters && letter->key.size > ROUTE_KEY_BYTES_MAX ? view_of(NULL, 0)
                                                                                  : letter->key,
        .value = publisher->short_letters ? digest_of_letter(arena, letter->value) : letter->value,
        .headers = message_dead_letter_headers(
            answer, publisher->settings.request_topic, publisher->settings.group),
    };
    metrics_add(METRIC_DEAD_LETTERS, "", 1);
    return produce(publisher, &message);
}

static enum status produce_answer(
    struct publisher *publisher, const struct answer *answer, struct arena *arena) {
    enum status status = produce_outcome(publisher, answer, arena);
    for (size_t i = 0; status == STATUS_OK && i < answer->event_count; i++) {
        const struct loose_event event = {answer->events[i], answer->event_fingerprint};
        status = produce_event(publisher, answer, &event, arena);
    }
    if (status == STATUS_OK && answer->dead_letter.needed) {
        status = produce_dead_letter(publisher, answer, arena);
    }
    return status;
}

/* Reply partitions that a slice touches, at most: of each topic as many as answers go there, or as
 * it has. */
struct touched {
    struct view topic;
    int32_t partitions;
    int32_t count;
};

static struct touched *find_touched(struct touched *touched, size_t *count, struct view topic) {
    for (size_t i = 0; i < *count; i++) {
        if (view_equal(touched[i].topic, topic)) {
            return &touched[i];
        }
    }
    touched[*count] = (struct touched){.topic = topic};
    return &touched[(*count)++];
}

/* How many answers from the first on go into one transaction: each reply partition that it touches
 * costs a marker. */
static size_t slice_size(
    struct publisher *publisher, const struct answer *answers, size_t count, struct arena *arena) {
    struct touched *touched = ARENA_ARRAY(arena, struct touched, count);
    size_t topics = 0;
    size_t partitions = 0;
    for (size_t i = 0; i < count; i++) {
        struct view name = answers[i].route.reply_topic;
        if (name.data == NULL) {
            continue;
        }
        struct touched *topic = find_touched(touched, &topics, name);
        if (topic->count == 0) {
            topic->partitions =
                reply_topics_partitions(publisher->reply_topics, publisher->client, name);
        }
        if (topic->count < topic->partitions) {
            topic->count++;
            partitions++;
        }
        if (partitions > publisher->settings.reply_partitions_max) {
            return i;
        }
    }
    return count;
}

static void note_offset(
    rd_kafka_topic_partition_list_t *offsets, const char *topic, const struct answer *answer) {
    rd_kafka_topic_partition_t *entry =
        rd_kafka_topic_partition_list_find(offsets, topic, answer->partition);
    if (entry == NULL) {
        entry = rd_kafka_topic_partition_list_add(offsets, topic, answer->partition);
    }
    entry->offset = answer->offset + 1;
}

static enum status publish_slice(
    struct publisher *publisher, const struct answer *answers, size_t count, struct arena *arena) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(8);
    enum status status = begin(publisher);
    bool begun = status == STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        note_offset(offsets, publisher->settings.request_topic, &answers[i]);
        status = produce_answer(publisher, &answers[i], arena);
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
        size_t size = slice_size(publisher, answers + done, count - done, arena);
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
        status = produce_event(publisher, NULL, &events[i], arena);
    }
    if (status == STATUS_OK) {
        status = finish(publisher, offsets);
    }
    rd_kafka_topic_partition_list_destroy(offsets);
    return begun && status != STATUS_OK ? give_up(publisher, status) : status;
}

enum status publisher_fence(
    const struct kafka_properties *properties, const char *transactional_id, struct error *error) {
    struct publisher fencing = {.pending = 0};
    rd_kafka_t *client =
        make_client(properties, transactional_id, &fencing, TIME_SECOND_US * 10, error);
    if (client == NULL) {
        return STATUS_FATAL;
    }
    enum status status = step(rd_kafka_init_transactions(client, INIT_TIMEOUT_MS), "fence");
    rd_kafka_destroy(client);
    return status == STATUS_OK
               ? STATUS_OK
               : error_set(error, STATUS_RETRY, "a predecessor's producer cannot be fenced now");
}
