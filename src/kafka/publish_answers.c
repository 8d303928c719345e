/* An answer's records: where its outcome goes, what its events and its dead letter look like. */
#include "base/log.h"
#include "base/metrics.h"
#include "base/pace.h"
#include "base/planted.h"
#include "base/time.h"
#include "kafka/message.h"
#include "kafka/publisher_parts.h"

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
        rd_kafka_error_t *error = rd_kafka_produceva(
            publisher_producer(publisher), parts, sizeof parts / sizeof parts[0]);
        if (error == NULL) {
            publisher->pending++;
            return STATUS_OK;
        }
        if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_headers_destroy(message->headers);
            publisher_note_failure(
                publisher,
                message->topic,
                rd_kafka_error_code(error),
                rd_kafka_error_string(error));
            rd_kafka_error_destroy(error);
            return STATUS_RETRY;
        }
        rd_kafka_error_destroy(error);
        (void)rd_kafka_poll(publisher_producer(publisher), 10);
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
    int32_t partitions = reply_topics_partitions(
        publisher->reply_topics,
        publisher_producer(publisher),
        publisher->turn,
        route->reply_topic);
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

/* Any client can bring it about with every record. */
static void report_refused(const struct answer *answer) {
    static struct pace pace;
    int64_t silent = 0;
    metrics_add(METRIC_REPLY_ROUTES_REFUSED, "", 1);
    if (pace_admits(&pace, time_monotonic_us(), &silent)) {
        log_info(
            "a reply topic cannot be used; the outcome goes to the default topic without its "
            "result",
            LOG_INT("partition", answer->partition),
            LOG_INT("offset", answer->offset),
            LOG_INT("untold", silent));
    }
}

static enum status produce_outcome(
    struct publisher *publisher, const struct answer *answer, struct arena *arena) {
    struct destination destination;
    struct view body = answer->outcome;
    if (!find_destination(publisher, answer, arena, &destination)) {
        return STATUS_RETRY;
    }
    if (destination.refused) {
        body = codec_outcome_without_result(
            publisher->codec, arena, answer->outcome_fingerprint, body);
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
enum status publisher_produce_event(
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

enum status publisher_produce_answer(
    struct publisher *publisher, const struct answer *answer, struct arena *arena) {
    bool silent = answer->dead_letter.needed && PLANTED("poison_skipped");
    enum status status = silent ? STATUS_OK : produce_outcome(publisher, answer, arena);
    if (status == STATUS_OK && PLANTED_EVERY(30, "outcome_twice")) {
        status = produce_outcome(publisher, answer, arena);
    }
    for (size_t i = 0; status == STATUS_OK && i < answer->event_count; i++) {
        const struct loose_event event = {answer->events[i], answer->event_fingerprint};
        int times = PLANTED_EVERY(30, "event_dropped") ? 0 : 1;
        times += PLANTED_EVERY(30, "event_twice") ? 1 : 0;
        for (; status == STATUS_OK && times > 0; times--) {
            status = publisher_produce_event(publisher, answer, &event, arena);
        }
    }
    if (status == STATUS_OK && answer->dead_letter.needed
        && !PLANTED_EVERY(3, "dead_letter_dropped")) {
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
size_t publisher_slice_size(
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
            topic->partitions = reply_topics_partitions(
                publisher->reply_topics, publisher_producer(publisher), publisher->turn, name);
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
