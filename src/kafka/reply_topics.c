/* A sorted list of names with their partition counts, read from the cluster's metadata. */
#include "kafka/reply_topics.h"

#include "base/log.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    NAME_SIZE = 250,
    PICTURE_AGE_MAX_US = 1000000,
    PICTURE_BELIEVED_US = 30000000,
    METADATA_TIMEOUT_MS = 2000
};

struct reply_topic {
    char name[NAME_SIZE];
    int32_t partitions;
    int64_t appeared_at_us;  /* monotonic */
    int64_t barred_until_us; /* monotonic */
};

struct reply_topics {
    char prefix[NAME_SIZE];
    size_t topics_max;
    int64_t tried_at_us;         /* monotonic; 0: never */
    int64_t seen_at_us;          /* monotonic; 0: never */
    int64_t all_barred_until_us; /* monotonic */
    size_t count;
    struct reply_topic *items;
};

struct reply_topics *reply_topics_new(const char *prefix, size_t topics_max) {
    struct reply_topics *topics = calloc(1, sizeof *topics);
    if (topics == NULL) {
        return NULL;
    }
    (void)snprintf(topics->prefix, sizeof topics->prefix, "%s", prefix);
    topics->topics_max = topics_max;
    return topics;
}

void reply_topics_destroy(struct reply_topics *topics) {
    if (topics != NULL) {
        free(topics->items);
        free(topics);
    }
}

static struct reply_topic *find(const struct reply_topics *topics, struct view name) {
    for (size_t i = 0; i < topics->count; i++) {
        if (view_is(name, topics->items[i].name)) {
            return &topics->items[i];
        }
    }
    return NULL;
}

static bool is_wanted(const struct reply_topics *topics, const rd_kafka_metadata_topic_t *topic) {
    return topic->err == RD_KAFKA_RESP_ERR_NO_ERROR
           && view_starts_with(view_text(topic->topic), view_text(topics->prefix))
           && strlen(topic->topic) < NAME_SIZE;
}

/* Bars outlive the picture. */
static void copy_wanted(
    struct reply_topics *topics, const rd_kafka_metadata_t *metadata, int64_t now_us) {
    size_t capacity = 0;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        capacity += is_wanted(topics, &metadata->topics[i]) ? 1U : 0U;
    }
    capacity = capacity < topics->topics_max ? capacity : topics->topics_max;
    struct reply_topic *items = calloc(capacity + 1, sizeof *items);
    if (items == NULL) {
        return;
    }
    size_t count = 0;
    for (int i = 0; i < metadata->topic_cnt && count < capacity; i++) {
        const rd_kafka_metadata_topic_t *topic = &metadata->topics[i];
        if (is_wanted(topics, topic)) {
            const struct reply_topic *before = find(topics, view_text(topic->topic));
            (void)snprintf(items[count].name, NAME_SIZE, "%s", topic->topic);
            items[count].partitions = topic->partition_cnt;
            items[count].appeared_at_us = before == NULL ? now_us : before->appeared_at_us;
            items[count].barred_until_us = before == NULL ? 0 : before->barred_until_us;
            count++;
        }
    }
    free(topics->items);
    topics->items = items;
    topics->count = count;
}

static void look(struct reply_topics *topics, rd_kafka_t *client, int64_t *looked_at_us) {
    const rd_kafka_metadata_t *metadata = NULL;
    topics->tried_at_us = time_monotonic_us();
    *looked_at_us = topics->tried_at_us;
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 1, NULL, &metadata, METADATA_TIMEOUT_MS);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_warning(
            "the cluster's topics cannot be listed", LOG_TEXT("error", rd_kafka_err2name(error)));
        return;
    }
    copy_wanted(topics, metadata, topics->tried_at_us);
    rd_kafka_metadata_destroy(metadata);
    topics->seen_at_us = time_monotonic_us();
}

int32_t reply_topics_partitions(
    struct reply_topics *topics, rd_kafka_t *client, int64_t *looked_at_us, struct view name) {
    int64_t now_us = time_monotonic_us();
    if (topics->tried_at_us == 0 || now_us - topics->tried_at_us > PICTURE_AGE_MAX_US) {
        look(topics, client, looked_at_us);
    }
    if (topics->seen_at_us == 0 || now_us - topics->seen_at_us > PICTURE_BELIEVED_US) {
        return -1;
    }
    const struct reply_topic *topic = find(topics, name);
    if (topic != NULL && topic->appeared_at_us > *looked_at_us) {
        look(topics, client, looked_at_us);
        topic = find(topics, name);
    }
    bool barred =
        topic != NULL && (topic->barred_until_us > now_us || topics->all_barred_until_us > now_us);
    return topic == NULL || barred ? 0 : topic->partitions;
}

bool reply_topics_bar(struct reply_topics *topics, struct view name, int64_t bar_us) {
    int64_t until_us = time_monotonic_us() + bar_us;
    if (name.data == NULL) {
        topics->all_barred_until_us = until_us;
        return true;
    }
    struct reply_topic *topic = find(topics, name);
    if (topic != NULL) {
        topic->barred_until_us = until_us;
    }
    return topic != NULL;
}
