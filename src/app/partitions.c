/* Taking partitions that the group gives, and giving them back. The order is what makes it safe:
 * the row first (from then on nothing of an owner before can commit in the database), then its
 * producers are fenced, then our membership is proven, and only then is Kafka's committed offset
 * believed. */
#include "app/session_parts.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "engine/takeover.h"
#include "kafka/topic_admin.h"

#include <stdio.h>
#include <stdlib.h>

enum { BROKER_TIMEOUT_MS = 10000, VERIFY_AGAIN_US = 30000000 };

/* One partition on its way from assigned to owned. */
struct taking {
    struct assigned_partition *assigned;
    struct progress_taken taken;
    struct takeover takeover;
};

/* Partitions of the lane of slots, which is most of what runs, by their number alone. */
void partitions_label(const struct session *session, int32_t number, char label[LABEL_SIZE]) {
    const char *lane = topic_suffix(topic_of_lane(session->host->lane));
    if (session->host->lane == LANE_SLOTS) {
        (void)snprintf(label, LABEL_SIZE, "%d", (int)number);
    } else {
        (void)snprintf(label, LABEL_SIZE, "%s/%d", lane, (int)number);
    }
}

struct partition *partitions_find(const struct session *session, int32_t number) {
    for (size_t i = 0; i < session->partition_count; i++) {
        if (session->partitions[i].number == number) {
            return &session->partitions[i];
        }
    }
    return NULL;
}

void partitions_stop(
    struct session *session, struct partition *partition, const char *word, const char *why) {
    char label[LABEL_SIZE];
    partitions_label(session, partition->number, label);
    if (!partition->stopped) {
        partition->stopped = true;
        (void)atomic_fetch_add(&session->host->partitions_stopped, 1);
        metrics_set(METRIC_PARTITION_STOPPED, label, 1);
    }
    log_error(
        "a partition is stopped and waits for an operator",
        LOG_TEXT("topic", session->request_topic.text),
        LOG_INT("partition", partition->number),
        LOG_TEXT("found", word),
        LOG_TEXT("detail", why));
}

void partitions_cannot_read(void *self, int32_t number, const char *why) {
    struct session *session = self;
    struct partition *partition = partitions_find(session, number);
    if (partition != NULL) {
        partitions_stop(session, partition, "OFFSET_GONE", why);
    }
}

void partitions_reached_end(void *self, int32_t number, int64_t offset) {
    struct partition *partition = partitions_find(self, number);
    if (partition != NULL) {
        partition->end_offset = offset;
    }
}

/* Between the steps of a take, each of which may wait for a broker. */
static enum status go_on(struct session *session) {
    atomic_store(&session->host->progress_us, time_monotonic_us());
    return atomic_load(session->host->stopping)
               ? error_set(session->error, STATUS_LOST, "told to stop while taking partitions")
               : STATUS_OK;
}

static enum status read_watermarks(struct session *session, struct taking *taking) {
    rd_kafka_resp_err_t failed = rd_kafka_query_watermark_offsets(
        member_client(session->member),
        session->request_topic.text,
        taking->assigned->number,
        &taking->takeover.low_watermark,
        &taking->takeover.high_watermark,
        BROKER_TIMEOUT_MS);
    return failed == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK
                                                : error_set(
                                                    session->error,
                                                    STATUS_RETRY,
                                                    "the partition's bounds cannot be read: %s",
                                                    rd_kafka_err2str(failed));
}

static enum status take_rows(struct session *session, struct taking *takings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct taking *taking = &takings[i];
        enum status status = go_on(session);
        if (status == STATUS_OK) {
            status = read_watermarks(session, taking);
        }
        if (status == STATUS_OK) {
            taking->taken.number = taking->assigned->number;
            taking->taken.low_offset = taking->takeover.low_watermark;
            status = progress_take(
                session->pipeline, &session->owner, session->host->scratch, &taking->taken);
        }
        if (status != STATUS_OK) {
            return status;
        }
        session->partitions[i] = taking->taken.partition;
    }
    return STATUS_OK;
}

static bool fenced_before(const struct taking *takings, size_t index, const char *id) {
    for (size_t i = 0; i < index; i++) {
        if (strstr(takings[i].taken.to_fence, id) != NULL) {
            return true;
        }
    }
    return false;
}

/* Several partitions mostly name the same predecessor, which is fenced once. */
static enum status fence(struct session *session, struct taking *takings, size_t index) {
    struct kafka_properties properties = {session->settings->kafka, session->settings->kafka_count};
    char *ids = arena_text(session->host->scratch, view_text(takings[index].taken.to_fence));
    char *rest = NULL;
    for (char *id = strtok_r(ids, " ", &rest); id != NULL; id = strtok_r(NULL, " ", &rest)) {
        enum status status = fenced_before(takings, index, id)
                                 ? STATUS_OK
                                 : publisher_fence(&properties, id, session->error);
        if (status == STATUS_OK) {
            status = progress_drop_fenced(
                session->pipeline,
                &session->owner,
                takings[index].assigned->number,
                view_text(id),
                session->host->scratch);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status fence_all(struct session *session, struct taking *takings, size_t count) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = go_on(session);
        status = status == STATUS_OK ? fence(session, takings, i) : status;
    }
    return status;
}

static enum status read_committed(struct session *session, struct taking *takings, size_t count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        (void)rd_kafka_topic_partition_list_add(
            list, session->request_topic.text, takings[i].assigned->number);
    }
    rd_kafka_resp_err_t failed =
        rd_kafka_committed(member_client(session->member), list, BROKER_TIMEOUT_MS);
    for (size_t i = 0; i < count; i++) {
        takings[i].takeover.committed_offset = list->elems[i].offset;
        failed = failed == RD_KAFKA_RESP_ERR_NO_ERROR ? list->elems[i].err : failed;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (failed == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return STATUS_OK;
    }
    /* librdkafka asks again and again while a transaction holds an offset open, and says no more
     * than that time is over. */
    const char *why = failed == RD_KAFKA_RESP_ERR__TIMED_OUT
                          ? "no answer, or a transaction holds them open that nobody ends"
                          : rd_kafka_err2str(failed);
    return error_set(
        session->error,
        STATUS_RETRY,
        "the offsets that the group has committed cannot be read: %s",
        why);
}

static void examine(struct session *session, struct taking *taking, struct partition *partition) {
    struct error why;
    taking->takeover.partition = partition;
    taking->takeover.cluster_in_database = taking->taken.cluster_id;
    taking->takeover.cluster_here = session->cluster_id;
    if (session->host->lane == LANE_QUERIES) { /* nothing of them is in the database */
        partition->next_offset = takeover_first_query(&taking->takeover);
        partition->published_offset = partition->next_offset;
        taking->takeover.committed_offset = partition->next_offset;
        taking->assigned->consume = true;
        taking->assigned->start_offset = partition->next_offset;
        return;
    }
    const char *refusal = takeover_refusal(&taking->takeover, &why);
    taking->assigned->consume = refusal == NULL;
    taking->assigned->start_offset = takeover_start_offset(&taking->takeover);
    if (refusal != NULL) {
        partitions_stop(session, partition, refusal, why.text);
    }
}

/* Only a current member of the group can commit this, and a new partition's first offset stands
 * from here on. */
static enum status prove_membership(
    struct session *session, const struct taking *takings, size_t count) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        if (takings[i].assigned->consume) {
            rd_kafka_topic_partition_list_add(
                list, session->request_topic.text, takings[i].assigned->number)
                ->offset = takeover_publish_from(&takings[i].takeover);
        }
    }
    enum status status = publisher_represent(session->publisher, member_client(session->member));
    if (status == STATUS_OK && list->cnt > 0) {
        status = publisher_commit_offsets(session->publisher, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

static enum status publish_rest(
    struct session *session, const struct taking *taking, struct partition *partition) {
    struct bus_port bus = publisher_port(session->publisher);
    struct unpublished_window window = {
        .number = partition->number,
        .from_offset = takeover_publish_from(&taking->takeover),
        .below_offset = partition->next_offset};
    struct answer_reader reader = {
        .arena = session->host->scratch, .codec = engine_codec(session->host->engine)};
    enum status status = STATUS_OK;
    do {
        arena_reset(session->host->scratch);
        status = go_on(session);
        if (status != STATUS_OK) {
            return status;
        }
        status = progress_load_unpublished(session->pipeline, &session->owner, &window, &reader);
        if (status == STATUS_OK && reader.count > 0) {
            status = bus.publish(bus.self, reader.answers, reader.count, reader.arena);
            window.from_offset = reader.answers[reader.count - 1].offset + 1;
            metrics_add(METRIC_REPUBLISHED, "", (double)reader.count);
        }
    } while (status == STATUS_OK && reader.count > 0);
    if (status == STATUS_OK) {
        partition->published_offset = partition->next_offset;
    }
    return status;
}

static enum status publish_all(
    struct session *session, const struct taking *takings, size_t count) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (takings[i].assigned->consume) {
            status = publish_rest(session, &takings[i], &session->partitions[i]);
        }
    }
    return status;
}

static enum status take(struct session *session, struct taking *takings, size_t count) {
    enum status status = take_rows(session, takings, count);
    if (status == STATUS_OK) {
        status = fence_all(session, takings, count);
    }
    if (status == STATUS_OK) {
        status = read_committed(session, takings, count);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        examine(session, &takings[i], &session->partitions[i]);
    }
    if (status == STATUS_OK) {
        status = prove_membership(session, takings, count);
    }
    return status == STATUS_OK ? publish_all(session, takings, count) : status;
}

/* Partitions without a twin on -dlt or audit, and topics set up otherwise than we rely on, are left
 * alone. */
static enum status verify_topic(struct session *session, int32_t *usable) {
    const struct topic_plan plan = {.prefix = session->settings->topics_prefix};
    struct error why;
    enum status status = kafka_topics_verify(
        member_client(session->member), &plan, topic_of_lane(session->host->lane), usable, &why);
    if (status == STATUS_RETRY) {
        *session->error = why;
        return STATUS_RETRY;
    }
    if (status != STATUS_OK) {
        log_error("the topics are not as the worker needs them", LOG_TEXT("detail", why.text));
    }
    return STATUS_OK;
}

static enum status take_usable(
    struct session *session, struct assigned_partition *assigned, size_t count, int32_t usable) {
    struct taking *takings = calloc(count + 1, sizeof *takings);
    session->partitions = calloc(count + 1, sizeof *session->partitions);
    if (takings == NULL || session->partitions == NULL) {
        free(takings);
        return error_set(session->error, STATUS_FATAL, "no memory for %zu partitions", count);
    }
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        if (assigned[i].number < usable) {
            takings[taken++].assigned = &assigned[i];
        }
    }
    session->partition_count = taken;
    atomic_store(&session->host->partitions_unusable, (int)(count - taken));
    session->clean = false;
    enum status status = take(session, takings, taken);
    session->clean = status == STATUS_OK;
    arena_reset(session->host->scratch);
    free(takings);
    return status;
}

enum status partitions_assigned(void *self, struct assigned_partition *assigned, size_t count) {
    struct session *session = self;
    int32_t usable = 0;
    session_forget_batch(session);
    enum status status = verify_topic(session, &usable);
    if (status == STATUS_OK) {
        session->usable = usable;
        status = take_usable(session, assigned, count, usable);
    }
    if (status == STATUS_OK) {
        atomic_store(&session->host->partitions_owned, (int)session->partition_count);
        atomic_store(&session->host->joined, true);
        log_info(
            "partitions taken",
            LOG_TEXT("topic", session->request_topic.text),
            LOG_INT("given", count),
            LOG_INT("taken", session->partition_count));
    }
    return status;
}

/* A session in trouble leaves its rows as they are: whoever takes them fences its producer first.
 */
static void release(struct session *session, struct partition *partition) {
    if (session->clean) {
        enum status status =
            progress_release(session->pipeline, &session->owner, partition, session->host->scratch);
        session->clean = status == STATUS_OK || status == STATUS_LOST;
    }
    char label[LABEL_SIZE];
    partitions_label(session, partition->number, label);
    watch_end(label);
    if (partition->stopped) {
        metrics_hide(METRIC_PARTITION_STOPPED, label);
        (void)atomic_fetch_sub(&session->host->partitions_stopped, 1);
    }
}

void partitions_revoked(void *self) {
    struct session *session = self;
    session_forget_batch(session);
    for (size_t i = 0; i < session->partition_count; i++) {
        release(session, &session->partitions[i]);
    }
    arena_reset(session->host->scratch);
    free(session->partitions);
    session->partitions = NULL;
    session->partition_count = 0;
    atomic_store(&session->host->partitions_owned, 0);
    atomic_store(&session->host->partitions_unusable, 0);
}

enum status partitions_verify_again(struct session *session) {
    int32_t usable = 0;
    int unusable = atomic_load(&session->host->partitions_unusable);
    int64_t now_us = time_monotonic_us();
    if (unusable == 0 || now_us - session->verified_us < VERIFY_AGAIN_US) {
        return STATUS_OK;
    }
    session->verified_us = now_us;
    enum status status = verify_topic(session, &usable);
    if (status != STATUS_OK || usable <= session->usable) {
        return status;
    }
    return error_set(
        session->error, STATUS_LOST, "the topics have changed; joining the group again");
}
