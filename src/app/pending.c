/* Events of `admin` have no request record whose offset could say that they are published. So the
 * transaction that publishes them also commits their position, as the worker group's offset of
 * audit partition 0; a successor reads it before it publishes, and rows below it are only deleted.
 */
#include "postgres/pending.h"

#include "app/session_parts.h"
#include "base/log.h"
#include "base/time.h"

enum { BROKER_TIMEOUT_MS = 10000, PENDING_BAR_US = 60000000 };

/* The position that the group has committed; negative: none yet. */
static enum status read_position(struct session *session, int64_t *position) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, session->audit_topic.text, 0);
    rd_kafka_resp_err_t failed =
        rd_kafka_committed(member_client(session->member), list, BROKER_TIMEOUT_MS);
    *position = list->elems[0].offset;
    failed = failed == RD_KAFKA_RESP_ERR_NO_ERROR ? list->elems[0].err : failed;
    rd_kafka_topic_partition_list_destroy(list);
    return failed == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : STATUS_RETRY;
}

static enum status to_loose_events(
    struct session *session,
    const struct pending_event *events,
    size_t count,
    struct loose_event *loose) {
    for (size_t i = 0; i < count; i++) {
        struct event_summary summary;
        if (!codec_read_event(
                engine_codec(session->host->engine),
                events[i].fingerprint,
                events[i].body,
                &summary)) {
            log_error("a pending event cannot be read", LOG_INT("position", events[i].position));
            return STATUS_FATAL;
        }
        loose[i] = (struct loose_event){
            .event =
                {.event_id = summary.event_id,
                 .chain_id = summary.chain_id,
                 .occurred_at_us = summary.occurred_at_us,
                 .body = events[i].body},
            .fingerprint = events[i].fingerprint};
    }
    return STATUS_OK;
}

/* Events from `first` on are not published yet. */
static enum status publish(
    struct session *session, const struct pending_event *events, size_t count) {
    struct arena *arena = session->host->scratch;
    struct loose_event *loose = ARENA_ARRAY(arena, struct loose_event, count);
    enum status status = to_loose_events(session, events, count, loose);
    if (status == STATUS_OK) {
        status = publisher_publish_events(
            session->publisher, loose, count, events[count - 1].position + 1, arena);
    }
    return status;
}

/* A cluster that refuses these events, by its ACLs say, must not end session after session. */
static enum status bar_pending(struct session *session, enum status status) {
    if (status != STATUS_OK) {
        session->host->pending_barred_us = time_monotonic_us() + PENDING_BAR_US;
        log_error(
            "events of admin cannot be published now; see the ACLs in docs/operations.md",
            LOG_TEXT("status", status_name(status)));
    }
    return status;
}

enum status pending_publish(struct session *session) {
    if (time_monotonic_us() < session->host->pending_barred_us) {
        return STATUS_OK;
    }
    struct pending_event *events = NULL;
    size_t count = 0;
    int64_t position = -1;
    enum status status = pending_load(session->pipeline, session->host->scratch, &events, &count);
    if (status != STATUS_OK || count == 0) {
        return status;
    }
    status = read_position(session, &position);
    size_t first = 0;
    while (first < count && events[first].position < position) {
        first++;
    }
    if (status == STATUS_OK && first < count) {
        status = bar_pending(session, publish(session, events + first, count - first));
    }
    return status == STATUS_OK ? pending_delete(
               session->pipeline, session->host->scratch, events[count - 1].position + 1)
                               : status;
}
