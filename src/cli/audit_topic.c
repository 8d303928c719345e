/* The audit topic, record by record. Records come again after an operator set offsets back; the
 * same event twice is no finding. */
#include "cli/audit_topic.h"

#include "base/time.h"
#include "cli/audit_event.h"

#include <string.h>

enum { POLL_MS = 100 };

/* One record of the topic. */
struct record_read {
    const rd_kafka_message_t *message;
    struct audit_event event;
    struct audit_place place;
};

static void find(
    struct audit_finding *finding, enum audit_kind kind, const struct record_read *record) {
    *finding = (struct audit_finding){
        .kind = kind,
        .place = record->place,
        .has_event_id = kind != AUDIT_RECORD_UNREADABLE,
        .event_id = record->event.event_id,
        .has_record = true,
        .partition = record->message->partition,
        .offset = record->message->offset,
    };
}

static bool read_record(json_t *rendered, struct record_read *record) {
    const char *schema = rendered_text(rendered, "schema");
    struct audit_event *event = &record->event;
    if (schema == NULL || strcmp(schema, "slotkeeper.event.AuditEvent") != 0
        || !audit_event_from_json(json_object_get(rendered, "value"), event) || event->sequence < 1
        || event->sequence > AUDIT_SEQUENCE_MAX) {
        return false;
    }
    record->place = (struct audit_place){
        event->has_slot_id ? event->slot_id : event->entity_id,
        !event->has_slot_id,
        event->sequence,
    };
    return true;
}

/* An event of a purged slot: only the last one of the chain is still known. */
static bool was_purged(const struct audit_set *set, const struct audit_place *place) {
    struct audit_place marker = {place->chain_id, place->account, 0};
    const struct audit_entry *entry = audit_set_find(set, &marker);
    int64_t last = 0;
    if (entry == NULL || !audit_entry_marked(entry, AUDIT_PURGED)) {
        return false;
    }
    memcpy(&last, entry->hash, sizeof last);
    return place->sequence < last;
}

static void compare(
    const struct audit_topic *topic,
    struct audit_set *set,
    const struct record_read *record,
    struct audit_counts *counts,
    struct audit_finding *finding) {
    struct digest hash;
    const rd_kafka_message_t *message = record->message;
    audit_event_hash(&record->event, &hash);
    if (!digest_equal(&hash, &record->event.hash)) {
        find(finding, AUDIT_RECORD_CHANGED, record);
        return;
    }
    struct audit_entry *entry = audit_set_find(set, &record->place);
    if (entry != NULL) {
        if (memcmp(entry->hash, hash.bytes, sizeof entry->hash) != 0) {
            find(finding, AUDIT_DIFFERS, record);
        }
        audit_entry_mark(entry, AUDIT_SEEN);
        return;
    }
    if (was_purged(set, &record->place)) {
        return;
    }
    if (message->offset < topic->ends_before[message->partition]) {
        find(finding, AUDIT_ONLY_ON_TOPIC, record);
        return;
    }
    counts->newer++;
}

static void take(
    const struct audit_topic *topic,
    struct audit_set *set,
    const rd_kafka_message_t *message,
    struct audit_counts *counts,
    struct audit_finding *finding) {
    struct record_read record = {.message = message};
    json_t *rendered = render_message(topic->renderer, message);
    counts->records++;
    if (read_record(rendered, &record)) {
        compare(topic, set, &record, counts, finding);
    } else {
        find(finding, AUDIT_RECORD_UNREADABLE, &record);
    }
    json_decref(rendered);
}

enum status audit_topic_read(
    const struct audit_topic *topic,
    struct audit_set *set,
    struct audit_counts *counts,
    struct audit_finding *finding,
    struct error *error) {
    int64_t last_us = time_monotonic_us();
    enum status status = STATUS_OK;
    consumer_set_ends(topic->consumer, topic->ends_after);
    while (status == STATUS_OK && finding->kind == AUDIT_NOTHING
           && !consumer_at_end(topic->consumer)) {
        rd_kafka_message_t *message;
        status = consumer_next(topic->consumer, POLL_MS, &message, error);
        if (message != NULL) {
            take(topic, set, message, counts, finding);
            last_us = time_monotonic_us();
            rd_kafka_message_destroy(message);
        } else if (status == STATUS_OK && time_monotonic_us() - last_us > topic->timeout_us) {
            status = error_set(
                error,
                STATUS_RETRY,
                "the audit topic was not readable to its end in time; a transaction may be open on "
                "it: try again");
        }
    }
    return status;
}

void audit_topic_find_missing(
    const struct audit_set *set, struct audit_counts *counts, struct audit_finding *finding) {
    size_t at = 0;
    for (struct audit_entry *entry = audit_set_next(set, &at); entry != NULL;
         entry = audit_set_next(set, &at)) {
        struct audit_place place = audit_entry_place(entry);
        if (audit_entry_marked(entry, AUDIT_SEEN) || audit_entry_marked(entry, AUDIT_PURGED)) {
            continue;
        }
        if (audit_entry_marked(entry, AUDIT_UNPUBLISHED)) {
            counts->unpublished++;
            continue;
        }
        if (finding->kind == AUDIT_NOTHING || audit_place_compare(&place, &finding->place) < 0) {
            *finding = (struct audit_finding){.kind = AUDIT_ONLY_IN_DATABASE, .place = place};
        }
    }
}
