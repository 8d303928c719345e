/* A sorted list of names with their partition counts, read from the cluster's metadata. */
#include "kafka/reply_topics.h"

#include "base/log.h"
#include "base/time.h"
#include "kafka/client.h"

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
    unsigned met;            /* a bit a client: its number */
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

/* Bars outlive the picture, and so do acquaintances. */
static void copy_wanted(struct reply_topics *topics, const rd_kafka_metadata_t *metadata) {
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
            items[count].met = before == NULL ? 0 : before->met;
            items[count].barred_until_us = before == NULL ? 0 : before->barred_until_us;
            count++;
        }
    }
    free(topics->items);
    topics->items = items;
    topics->count = count;
}

static void look(struct reply_topics *topics, rd_kafka_t *client) {
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 1, NULL, &metadata, METADATA_TIMEOUT_MS);
    topics->tried_at_us = time_monotonic_us();
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_warning(
            "the cluster's topics cannot be listed", LOG_TEXT("error", rd_kafka_err2name(error)));
        return;
    }
    copy_wanted(topics, metadata);
    rd_kafka_metadata_destroy(metadata);
    topics->seen_at_us = topics->tried_at_us;
}

/* Once, whether a broker answers or not. */
static void meet(struct reply_topic *topic, rd_kafka_t *client, size_t number) {
    if ((topic->met & (1U << number)) == 0) {
        topic->met |= 1U << number;
        (void)kafka_meet_topic(client, topic->name, METADATA_TIMEOUT_MS);
    }
}

int32_t reply_topics_partitions(
    struct reply_topics *topics, rd_kafka_t *client, size_t number, struct view name) {
    int64_t now_us = time_monotonic_us();
    if (topics->tried_at_us == 0 || now_us - topics->tried_at_us > PICTURE_AGE_MAX_US) {
        look(topics, client);
    }
    if (topics->seen_at_us == 0 || now_us - topics->seen_at_us > PICTURE_BELIEVED_US) {
        return -1;
    }
    struct reply_topic *topic = find(topics, name);
    bool barred =
        topic != NULL && (topic->barred_until_us > now_us || topics->all_barred_until_us > now_us);
    if (topic == NULL || barred) {
        return 0;
    }
    meet(topic, client, number);
    return topic->partitions;
}

void reply_topics_met_by_none(struct reply_topics *topics) {
    for (size_t i = 0; i < topics->count; i++) {
        topics->items[i].met = 0;
    }
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
