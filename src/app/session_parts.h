/* What session.c and partitions.c share. */
#ifndef SLOTKEEPER_APP_SESSION_PARTS_H
#define SLOTKEEPER_APP_SESSION_PARTS_H

#include "app/session.h"
#include "kafka/member.h"
#include "kafka/publisher.h"
#include "postgres/progress.h"
#include "postgres/reader.h"
#include "postgres/store.h"

struct session {
    struct session_host *host;
    const struct settings *settings;
    struct topic_name request_topic, dead_letter_topic, outcome_topic, audit_topic;
    char group[160];
    char instance_id[160];
    char transactional_id[256];
    char cluster_id[128];
    struct pipeline *pipeline;
    struct publisher *publisher;
    struct member *member;
    struct store store;
    struct progress_owner owner;
    struct partition *partitions;
    size_t partition_count;
    int32_t usable; /* partitions below this number could be taken when they were given */
    bool clean;     /* nothing is under way in the database or in Kafka whose fate is not known */
    int64_t housekept_us; /* monotonic */
    int64_t verified_us;  /* monotonic */
    int64_t expired_us;   /* monotonic */
    int64_t forgotten_us; /* monotonic */
    int64_t measured_us;  /* monotonic */
    int64_t skew_us;      /* monotonic: when it was last measured */
    struct error *error;
    /* The batch that is being gathered or run; in the engine's arena. */
    struct request *requests;
    size_t requests_size; /* how many there is room for */
    size_t request_count;
    size_t records_seen; /* of the batch's records, those that were looked at */
};

/* The records that were gathered are of no use any more. */
void session_forget_batch(struct session *session);

/* The member's events; `self` is the session. */
enum status partitions_assigned(void *self, struct assigned_partition *assigned, size_t count);
void partitions_revoked(void *self);
void partitions_reached_end(void *self, int32_t number, int64_t offset);
void partitions_cannot_read(void *self, int32_t number, const char *why);

/* What is due between batches, at most once a second. */
enum status housekeeping_run(struct session *session) MUST_USE;

/* watch.c: brings the metrics of a partition up to date; of the database, and of this thread, at
 * longer intervals. */
void watch_partition(struct session *session, struct partition *partition);
void watch_end(const char *label); /* the partition is given away */
enum status watch_round(struct session *session, int64_t now_us) MUST_USE;

/* Publishes what `admin` left to publish; done by whoever owns partition 0. */
enum status pending_publish(struct session *session) MUST_USE;

/* STATUS_LOST: partitions that were unusable when they were given may be usable now, so join again.
 */
enum status partitions_verify_again(struct session *session) MUST_USE;

enum { LABEL_SIZE = 32 };

void partitions_label(const struct session *session, int32_t number, char label[LABEL_SIZE]);

struct partition *partitions_find(const struct session *session, int32_t number);
void partitions_stop(
    struct session *session, struct partition *partition, const char *word, const char *why);

#endif
