/* Two rounds over what was put: the first record of each topic, then the others. */
#include "kafka/outbox.h"

#include <assert.h>
#include <string.h>

void outbox_begin(struct outbox *outbox, struct arena *arena, size_t capacity) {
    *outbox = (struct outbox){
        .messages = ARENA_ARRAY(arena, struct message, capacity),
        .topics = ARENA_ARRAY(arena, const char *, capacity),
        .capacity = capacity,
    };
}

static bool is_new(const struct outbox *outbox, const char *topic) {
    for (size_t i = 0; i < outbox->topic_count; i++) {
        if (strcmp(outbox->topics[i], topic) == 0) {
            return false;
        }
    }
    return true;
}

void outbox_put(struct outbox *outbox, const struct message *message) {
    assert(outbox->count < outbox->capacity);
    struct message *put = &outbox->messages[outbox->count++];
    *put = *message;
    put->leads = is_new(outbox, message->topic);
    if (put->leads) {
        outbox->topics[outbox->topic_count++] = message->topic;
    }
}

static enum status hand_over_round(
    struct outbox *outbox,
    bool leading,
    enum status (*take)(void *self, const struct message *message),
    void *self) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < outbox->count; i++) {
        struct message *message = &outbox->messages[i];
        if (message->leads == leading) {
            status = take(self, message);
            message->headers = NULL;
        }
    }
    return status;
}

enum status outbox_hand_over(
    struct outbox *outbox,
    enum status (*take)(void *self, const struct message *message),
    void *self) {
    enum status status = hand_over_round(outbox, true, take, self);
    if (status == STATUS_OK) {
        status = hand_over_round(outbox, false, take, self);
    }
    outbox_drop(outbox);
    return status;
}

void outbox_drop(struct outbox *outbox) {
    for (size_t i = 0; i < outbox->count; i++) {
        if (outbox->messages[i].headers != NULL) {
            rd_kafka_headers_destroy(outbox->messages[i].headers);
        }
    }
    outbox->count = 0;
    outbox->topic_count = 0;
}
