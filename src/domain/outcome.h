/* What is said of a request, and of each state change: the domain side of the event schemas. */
#ifndef SLOTKEEPER_DOMAIN_OUTCOME_H
#define SLOTKEEPER_DOMAIN_OUTCOME_H

#include "domain/code.h"
#include "domain/types.h"

struct slot_result {
    struct uuid slot_id;
    struct uuid doctor_id;
    int64_t starts_at_us;
    int64_t ends_at_us;
    enum state state; /* STATE_OPEN, STATE_BOOKED or STATE_WITHDRAWN */
};

struct appointment_result {
    struct uuid appointment_id;
    struct uuid slot_id;
    struct uuid doctor_id;
    struct uuid patient_id;
    int64_t starts_at_us;
    int64_t ends_at_us;
    enum state state; /* STATE_BOOKED, STATE_CANCELLED, STATE_FULFILLED or STATE_NOSHOW */
    bool has_rescheduled_from;
    bool has_rescheduled_to;
    struct uuid rescheduled_from;
    struct uuid rescheduled_to;
};

struct account_result {
    struct uuid account_id;
    enum role role;
    enum state state; /* STATE_ACTIVE, STATE_DEACTIVATED or STATE_ERASED */
};

/* Deciders say for whom; the engine signs the token and seals it before the outcome is encoded. */
struct session_result {
    struct uuid account_id;
    enum role role;
    int32_t token_version;
    struct view sealed; /* a box around slotkeeper.event.Token */
};

struct purged_result {
    int64_t slots;
    int64_t appointments;
    int64_t events;
    bool more; /* are left that might be purged */
};

struct seal_key_result {
    const char *key_id;
    const uint8_t *public_key; /* 32 bytes */
};

struct service_keys_result {
    const struct seal_key_result *seal_keys; /* the one to use first first */
    size_t seal_key_count;
    const char *jwks;
    const char *statement;
};

/* next_cursor: for the page behind this one; data NULL: it is the last. */
struct slot_page_result {
    const struct slot_result *items;
    size_t count;
    struct view next_cursor;
};

struct appointment_page_result {
    const struct appointment_result *items;
    size_t count;
    struct view next_cursor;
};

struct audit_event;

struct history_page_result {
    const struct audit_event *items;
    size_t count;
    struct view next_cursor;
};

enum result_type {
    RESULT_NONE,
    RESULT_SLOT,
    RESULT_APPOINTMENT,
    RESULT_ACCOUNT,
    RESULT_SESSION,
    RESULT_PURGED,
    RESULT_SERVICE_KEYS,
    RESULT_SLOT_PAGE,
    RESULT_APPOINTMENT_PAGE,
    RESULT_HISTORY_PAGE,
    RESULT_TYPE_COUNT
};

struct result {
    enum result_type type;

    union {
        struct slot_result slot;
        struct appointment_result appointment;
        struct account_result account;
        struct session_result session;
        struct purged_result purged;
        struct service_keys_result service_keys;
        struct slot_page_result slot_page;
        struct appointment_page_result appointment_page;
        struct history_page_result history_page;
    } as;
};

struct outcome {
    struct uuid outcome_id;
    bool has_caller;
    bool has_command_id;
    struct uuid caller;
    struct uuid command_id;
    const char *command; /* full name, "slotkeeper.command.BookSlot"; NULL: unreadable */
    enum code code;
    int64_t decided_at_us;
    int64_t retry_after_ms; /* negative: null */
    struct result result;   /* RESULT_NONE unless accepted */
};

struct audit_event {
    struct uuid event_id;
    enum entity entity;
    struct uuid entity_id;
    bool has_slot_id; /* false: an account's chain, and entity_id is the account's */
    struct uuid slot_id;
    int64_t sequence; /* 1, 2, 3 ... in the slot's, or the account's, chain */
    bool has_old_state;
    enum state old_state;
    enum state new_state;
    struct uuid actor_id;
    enum role actor_role;
    struct uuid command_id;
    enum reason reason; /* REASON_NONE: null */
    bool has_related_id;
    struct uuid related_id;
    const char *detail; /* NULL: null */
    int64_t occurred_at_us;
    struct digest previous_hash; /* zeros on the first of a chain */
    struct digest hash;
};

/* A chain's last event. sequence 0 and a hash of zeros: no event yet. */
struct chain {
    int64_t sequence;
    struct digest head;
};

/* Sets sequence, previous_hash and hash of an event whose other fields are final, and moves the
 * chain on. docs/audit.md describes the canonical form that is hashed. */
void audit_chain_append(struct chain *chain, struct audit_event *event);
/* The hash of an event from its fields, previous_hash and sequence included. */
void audit_event_hash(const struct audit_event *event, struct digest *hash);

/* Ids that a replay mints again and no caller can aim at: SHA-256 over a label and where the record
 * stood. `generation` is 0 until an operator accepted a loss. */
struct uuid outcome_id_of(
    struct view cluster_id,
    int64_t generation,
    struct view topic,
    int32_t partition,
    int64_t offset);
struct uuid event_id_of(struct uuid outcome_id, unsigned index);
struct uuid appointment_id_of(struct uuid outcome_id);
struct uuid account_id_of(struct uuid outcome_id);

#endif
