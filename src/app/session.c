/* The life of a session: open, join, batch after batch, close. */
#include "app/session_parts.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "engine/takeover.h"
#include "kafka/client.h"

#include <stdio.h>

enum { GATHER_WAIT_MS = 200, CLUSTER_TIMEOUT_MS = 10000 };

static void name_things(struct session *session) {
    const char *prefix = session->settings->topics_prefix;
    enum topic topic = topic_of_lane(session->host->lane);
    session->request_topic = session->host->request_topic;
    session->dead_letter_topic = topic_name(prefix, topic_dead_letters(topic));
    session->outcome_topic = topic_name(prefix, TOPIC_OUTCOMES);
    session->audit_topic = topic_name(prefix, TOPIC_AUDIT);
    char id[UUID_TEXT_SIZE + 1];
    session->owner.owner = uuid_random();
    uuid_format(session->owner.owner, id);
    (void)snprintf(
        session->group,
        sizeof session->group,
        "%s.%s",
        session->settings->group_prefix,
        topic_suffix(topic));
    (void)snprintf(
        session->transactional_id, sizeof session->transactional_id, "%s.%s", session->group, id);
    if (session->settings->worker_instance_id[0] != '\0') { /* each thread is a member of its own */
        (void)snprintf(
            session->instance_id,
            sizeof session->instance_id,
            "%s.%zu",
            session->settings->worker_instance_id,
            session->host->index);
    }
    session->owner.topic = view_text(session->request_topic.text);
    session->owner.transactional_id = view_text(session->transactional_id);
}

static enum status open_database(struct session *session) {
    enum status status = STATUS_OK;
    session->pipeline = pipeline_open(
        session->settings->database_url,
        session->settings->database_timeout_us,
        &status,
        session->error);
    session->store = (struct store){
        .pipeline = session->pipeline,
        .topic = session->owner.topic,
        .owner = session->owner.owner,
        .secrets = session->host->secrets};
    return status;
}

static enum status open_reader(struct session *session) {
    const struct reader_settings settings = {
        .url = session->settings->database_url,
        .read_url = session->settings->database_read_url,
        .timeout_us = session->settings->database_timeout_us,
        .lag_max_us = session->settings->query_lag_max_us,
    };
    session->store.reader = reader_new(&settings);
    return session->store.reader == NULL
               ? error_set(session->error, STATUS_FATAL, "no memory for a reader")
               : STATUS_OK;
}

static enum status open_publisher(struct session *session) {
    const struct publisher_settings settings = {
        .properties = {session->settings->kafka, session->settings->kafka_count},
        .transactional_id = session->transactional_id,
        .request_topic = session->request_topic.text,
        .dead_letter_topic = session->dead_letter_topic.text,
        .outcome_topic = session->outcome_topic.text,
        .audit_topic = session->audit_topic.text,
        .source = session->settings->event_source,
        .group = session->group,
        .transaction_timeout_us = session->settings->transaction_timeout_us,
        .reply_bar_us = session->settings->reply_bar_us,
        .reply_partitions_max = (size_t)session->settings->reply_partitions_max,
    };
    enum status status = STATUS_OK;
    session->publisher = publisher_new(
        &settings,
        engine_codec(session->host->engine),
        session->host->reply_topics,
        &status,
        session->error);
    if (status == STATUS_OK) {
        status = kafka_cluster_id(
            publisher_client(session->publisher),
            CLUSTER_TIMEOUT_MS,
            session->cluster_id,
            sizeof session->cluster_id,
            session->error);
        session->owner.cluster_id = view_text(session->cluster_id);
    }
    return status;
}

/* Records below next_offset were consumed before: the last of them comes again so that it can be
 * seen to be the same. */
static bool is_new(
    struct session *session, const struct record *record, struct partition *partition) {
    if (record->offset >= partition->next_offset) {
        return true;
    }
    if (record->offset == partition->last_offset
        && !takeover_same_record(partition, record->append_time_us, record->value)) {
        partitions_stop(
            session,
            partition,
            "TOPIC_REMADE",
            "the last record consumed has become another: the topic was made again");
    }
    return false;
}

/* Exactly what is asked for at first, which is all that most batches need. */
static void make_room(struct session *session, size_t count) {
    if (count <= session->requests_size) {
        return;
    }
    size_t size = 2 * session->requests_size > count ? 2 * session->requests_size : count;
    struct request *wider = ARENA_ARRAY(engine_arena(session->host->engine), struct request, size);
    if (session->request_count > 0) {
        memcpy(wider, session->requests, session->request_count * sizeof *wider);
    }
    session->requests = wider;
    session->requests_size = size;
}

/* Makes requests of the records that were not looked at yet. False: one of them needs rows. */
static bool look_at(struct session *session, const struct record *records, size_t count) {
    size_t before = session->request_count;
    make_room(session, before + count - session->records_seen);
    for (size_t i = session->records_seen; i < count; i++) {
        struct partition *partition = partitions_find(session, records[i].partition);
        if (partition != NULL && !partition->stopped && is_new(session, &records[i], partition)
            && !partition->stopped) {
            session->requests[session->request_count++] =
                (struct request){.record = records[i], .partition = partition};
        }
    }
    session->records_seen = count;
    return engine_examine(
        session->host->engine, session->requests + before, session->request_count - before);
}

static bool may_wait(void *self, const struct record *records, size_t count) {
    return look_at(self, records, count);
}

static enum status join(struct session *session) {
    const struct member_settings settings = {
        .properties = {session->settings->kafka, session->settings->kafka_count},
        .group = session->group,
        .topic = session->request_topic.text,
        .instance_id = session->instance_id,
        .batch_max = session->host->batch_max,
        .batch_bytes_max = (size_t)session->settings->batch_bytes_max,
        .interval_us = session->settings->batch_interval_us,
        .linger_us = session->settings->batch_linger_us,
    };
    const struct member_events events = {
        .self = session,
        .assigned = partitions_assigned,
        .revoked = partitions_revoked,
        .reached_end = partitions_reached_end,
        .cannot_read = partitions_cannot_read,
        .may_wait = may_wait,
    };
    session->member = member_new(&settings, &events, session->error);
    return session->member == NULL ? STATUS_FATAL : STATUS_OK;
}

static enum status open_all(struct session *session) {
    enum status status = open_database(session);
    if (status == STATUS_OK && session->host->lane == LANE_QUERIES) {
        status = open_reader(session);
    }
    if (status == STATUS_OK) {
        status = open_publisher(session);
    }
    if (status == STATUS_OK) {
        const struct store_port store = store_port_of(&session->store);
        const struct bus_port bus = publisher_port(session->publisher);
        engine_connect(session->host->engine, &store, &bus, session->owner.cluster_id);
        status = join(session);
    }
    return status;
}

static void close_all(struct session *session) {
    atomic_store(&session->host->joined, false);
    member_close(session->member);
    partitions_revoked(session); /* what a take that failed half-way left */
    publisher_destroy(session->publisher);
    reader_destroy(session->store.reader);
    pipeline_close(session->pipeline);
    arena_reset(engine_arena(session->host->engine));
}

void session_forget_batch(struct session *session) {
    engine_discard(session->host->engine, session->requests, session->request_count);
    session->request_count = 0;
    session->records_seen = 0;
}

static enum status run_batch(struct session *session, const struct record *records, size_t count) {
    (void)look_at(session, records, count);
    size_t kept = session->request_count;
    if (kept == 0) {
        return STATUS_OK;
    }
    session->clean = false;
    enum status status = engine_run(session->host->engine, session->requests, kept);
    session->clean = status == STATUS_OK;
    if (status == STATUS_OK) {
        (void)atomic_fetch_add(&session->host->answered, (long long)kept);
    } else {
        (void)error_set(
            session->error, status, "a batch of %zu records could not be finished", kept);
    }
    return status;
}

/* The next batch finds an arena that is empty. */
static void end_batch(struct session *session) {
    member_release(session->member);
    arena_reset(engine_arena(session->host->engine));
    session->requests = NULL;
    session->requests_size = 0;
    session->request_count = 0;
    session->records_seen = 0;
}

static enum status run_until_told(struct session *session) {
    struct session_host *host = session->host;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !atomic_load(host->stopping)) {
        struct record *records = NULL;
        size_t count = 0;
        atomic_store(&host->progress_us, time_monotonic_us());
        status = member_gather(
            session->member, GATHER_WAIT_MS, engine_arena(host->engine), &records, &count);
        if (status == STATUS_OK && count > 0) {
            status = run_batch(session, records, count);
        } else {
            session_forget_batch(session);
        }
        end_batch(session);
        if (status == STATUS_OK) {
            status = housekeeping_run(session);
        }
    }
    return status;
}

enum status session_run(struct session_host *host, struct error *error) {
    struct session session = {
        .host = host, .settings = host->settings, .error = error, .clean = true};
    (void)error_set(error, STATUS_OK, "the session lost its membership");
    name_things(&session);
    enum status status = open_all(&session);
    if (status == STATUS_OK) {
        status = run_until_told(&session);
    }
    session.clean = session.clean && status == STATUS_OK;
    close_all(&session);
    return status;
}
