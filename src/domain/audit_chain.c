/* The hash chain of audit events. The canonical form is text, each field after its length, so that
 * a reader in any language can build it from a decoded event; docs/audit.md describes it. */
#include "base/planted.h"
#include "domain/outcome.h"

enum { NUMBER_TEXT_MAX = 20 };

/* Nothing else than a length and decimal digits: this runs for every booking. */
static void add_number(struct digester *digester, int64_t number) {
    char text[NUMBER_TEXT_MAX];
    size_t start = sizeof text;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        text[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        text[--start] = '-';
    }
    digester_add_sized(digester, view_of(text + start, sizeof text - start));
}

static void add_uuid(struct digester *digester, struct uuid uuid) {
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(uuid, text);
    digester_add_sized(digester, view_of(text, UUID_TEXT_SIZE));
}

static void add_uuid_or_null(struct digester *digester, bool present, struct uuid uuid) {
    if (present) {
        add_uuid(digester, uuid);
    } else {
        digester_add_null(digester);
    }
}

static void add_text_or_null(struct digester *digester, const char *text) {
    if (text != NULL) {
        digester_add_sized(digester, view_text(text));
    } else {
        digester_add_null(digester);
    }
}

void audit_event_hash(const struct audit_event *event, struct digest *hash) {
    struct digester digester;
    digester_begin(&digester);
    digester_add(&digester, view_of(event->previous_hash.bytes, sizeof event->previous_hash.bytes));
    add_uuid(&digester, event->event_id);
    add_text_or_null(&digester, entity_symbol(event->entity));
    add_uuid(&digester, event->entity_id);
    add_uuid_or_null(&digester, event->has_slot_id, event->slot_id);
    add_number(&digester, event->sequence);
    add_text_or_null(&digester, event->has_old_state ? state_symbol(event->old_state) : NULL);
    add_text_or_null(&digester, state_symbol(event->new_state));
    add_uuid(&digester, event->actor_id);
    add_text_or_null(&digester, role_symbol(event->actor_role));
    add_uuid(&digester, event->command_id);
    add_text_or_null(&digester, reason_symbol(event->reason));
    add_uuid_or_null(&digester, event->has_related_id, event->related_id);
    add_text_or_null(&digester, event->detail);
    add_number(&digester, event->occurred_at_us);
    digester_end(&digester, hash);
}

void audit_chain_append(struct chain *chain, struct audit_event *event) {
    event->sequence = chain->sequence + (PLANTED_EVERY(10, "sequence_gap") ? 2 : 1);
    event->previous_hash = PLANTED("chain_broken") ? (struct digest){{0}} : chain->head;
    audit_event_hash(event, &event->hash);
    *chain = (struct chain){.sequence = event->sequence, .head = event->hash};
}
