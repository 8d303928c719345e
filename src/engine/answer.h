/* An answer: everything that is durable about a request record once it is decided, and all that
 * publishing its outcome, its audit events and its dead letter needs. It is saved in command_log
 * and, after a crash, read back. */
#ifndef SLOTKEEPER_ENGINE_ANSWER_H
#define SLOTKEEPER_ENGINE_ANSWER_H

#include "base/arena.h"
#include "domain/command.h"
#include "domain/outcome.h"
#include "wire/record.h"

/* A request may have a key as long as its topic takes, which other topics need not. */
enum { ROUTE_KEY_BYTES_MAX = 65536 };

/* How the outcome travels. Views; data NULL is absent. */
struct route {
    struct view key; /* the request's; NULL: null, or longer than ROUTE_KEY_BYTES_MAX */
    struct view correlation_id;
    struct view traceparent;
    struct view tracestate;
    struct view reply_topic; /* inside the allowed prefix, or absent; whether it exists is seen at
                                publication */
    int32_t reply_partition; /* negative: by the key */
    enum framing_kind framing;
    bool duplicate;           /* an answer from the log */
    bool traceparent_valid;   /* goes onto audit events too */
    bool reply_topic_refused; /* a reply topic was named that is outside the prefix */
};

/* An INVALID record as it came, but for `authorization`, of which a digest is kept. */
struct dead_letter {
    bool needed;
    struct view key;
    struct view value;
    const struct header *headers;
    size_t header_count;
};

struct answer_event {
    struct uuid event_id;
    struct uuid chain_id; /* slot, or account: the record key */
    int64_t occurred_at_us;
    struct view body;
};

/* What an answer does to the records of attempts. */
struct settlement {
    bool forgives; /* failures under throttle_key are forgotten */
    struct digest throttle_key;
    bool remembers_device;
    struct uuid account_id;
    struct digest device_key;
};

struct answer {
    int32_t partition;
    int64_t offset;
    int64_t append_time_us;
    bool has_caller;
    bool has_command_id;
    bool recallable; /* decided in step 10: a repeat is answered from here */
    struct uuid caller;
    struct uuid command_id;
    struct digest content_hash;
    int64_t decided_at_us; /* of this row; a duplicate's body keeps the first one's */

    struct uuid outcome_id; /* these four as the body says: of the first answer, for a duplicate */
    enum code code;
    int64_t outcome_time_us;
    int64_t retry_after_ms; /* as the body says; not known of one that comes from the log */
    struct view outcome;    /* bare body */
    uint64_t outcome_fingerprint;

    struct answer_event *events;
    size_t event_count;
    uint64_t event_fingerprint;

    struct route route;
    struct dead_letter dead_letter;
    const struct settlement *settlement; /* NULL: it was no attempt at a password */
};

/* The durable encodings: a list of fields, each a tag byte, a 32-bit big-endian length and the
 * bytes, so that a later release can add fields that this one skips. docs/database.md lists the
 * tags. Decoding fails on what is cut or overlong; views point into `bytes`. */
struct view route_encode(struct arena *arena, const struct route *route) MUST_USE;
bool route_decode(struct view bytes, struct route *route) MUST_USE;
struct view dead_letter_encode(struct arena *arena, const struct dead_letter *dead_letter) MUST_USE;
bool dead_letter_decode(
    struct arena *arena, struct view bytes, struct dead_letter *dead_letter) MUST_USE;
/* Bodies one after the other, each behind its 32-bit big-endian length. */
struct view event_bodies_encode(struct arena *arena, const struct answer *answer) MUST_USE;
/* Into events[].body, the array in the arena; false: cut. */
bool event_bodies_decode(struct arena *arena, struct view bytes, struct answer *answer) MUST_USE;

#endif
