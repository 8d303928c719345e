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

/* The marker of a purged slot whose chain was that long at least; NULL: none. */
static struct audit_entry *purged_marker(
    const struct audit_set *set, const struct audit_place *place) {
    struct audit_place first = {place->chain_id, place->account, 0};
    struct audit_entry *marker = audit_set_find(set, &first);
    int64_t last = 0;
    if (marker == NULL || !audit_entry_marked(marker, AUDIT_PURGED)) {
        return NULL;
    }
    memcpy(&last, marker->hash, sizeof last);
    return place->sequence <= last ? marker : NULL;
}

/* Whether the set has, or now gets, this hash at this place of a purged chain. */
static bool agrees(
    struct audit_set *set,
    const struct audit_place *place,
    const struct digest *hash,
    unsigned marks) {
    struct audit_entry *entry = audit_set_find(set, place);
    if (entry == NULL) {
        entry = audit_set_put(set, place, AUDIT_PURGED);
        if (entry == NULL) {
            return false; /* there is room for each event that the notes count */
        }
        memcpy(entry->hash, hash->bytes, sizeof entry->hash);
    }
    if (marks != 0) {
        audit_entry_mark(entry, (enum audit_mark)marks);
    }
    return memcmp(entry->hash, hash->bytes, sizeof entry->hash) == 0;
}

/* An event of a purged slot. Of its chain only the last hash is known; each event vouches for the
 * one before it, whichever comes first. */
static void compare_purged(
    struct audit_set *set, const struct record_read *record, struct audit_finding *finding) {
    const struct audit_event *event = &record->event;
    struct audit_place before = record->place;
    before.sequence--;
    static const struct digest nothing = {{0}};
    bool follows = before.sequence == 0 ? digest_equal(&event->previous_hash, &nothing)
                                        : agrees(set, &before, &event->previous_hash, 0);
    if (!agrees(set, &record->place, &event->hash, AUDIT_SEEN) || !follows) {
        find(finding, AUDIT_DIFFERS, record);
    }
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
    struct audit_entry *marker = purged_marker(set, &record->place);
    if (marker != NULL) {
        audit_entry_mark(marker, AUDIT_SEEN);
        compare_purged(set, record, finding);
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

/* Of a purged chain the topic has all events or, made again after the purge, none. */
static bool chain_was_seen(const struct audit_set *set, const struct audit_place *place) {
    struct audit_place first = {place->chain_id, place->account, 0};
    const struct audit_entry *marker = audit_set_find(set, &first);
    return place->sequence > 0 && marker != NULL && audit_entry_marked(marker, AUDIT_SEEN);
}

void audit_topic_find_missing(
    const struct audit_set *set, struct audit_counts *counts, struct audit_finding *finding) {
    size_t at = 0;
    for (struct audit_entry *entry = audit_set_next(set, &at); entry != NULL;
         entry = audit_set_next(set, &at)) {
        struct audit_place place = audit_entry_place(entry);
        bool purged = audit_entry_marked(entry, AUDIT_PURGED);
        if (audit_entry_marked(entry, AUDIT_SEEN) || (purged && !chain_was_seen(set, &place))) {
            continue;
        }
        if (audit_entry_marked(entry, AUDIT_UNPUBLISHED)) {
            counts->unpublished++;
            continue;
        }
        if (finding->kind == AUDIT_NOTHING || audit_place_compare(&place, &finding->place) < 0) {
            *finding = (struct audit_finding){
                .kind = purged ? AUDIT_PURGED_ON_TOPIC : AUDIT_ONLY_IN_DATABASE, .place = place};
        }
    }
}
