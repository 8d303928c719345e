/* What `audit verify` finds, and how far it has looked. */
#ifndef SLOTKEEPER_CLI_AUDIT_FINDING_H
#define SLOTKEEPER_CLI_AUDIT_FINDING_H

#include "cli/audit_set.h"

enum audit_kind {
    AUDIT_NOTHING,
    AUDIT_CHANGED,           /* a row of the database is not what its hash was made of */
    AUDIT_GAP,               /* an event is missing in the database: its successor is there */
    AUDIT_RECORD_UNREADABLE, /* a record on the topic is no audit event */
    AUDIT_RECORD_CHANGED,    /* a record on the topic is not what its hash was made of */
    AUDIT_DIFFERS,           /* topic and database have different events at one place */
    AUDIT_ONLY_ON_TOPIC,     /* missing in the database, or added to the topic */
    AUDIT_ONLY_IN_DATABASE,  /* missing on the topic, or added to the database */
    AUDIT_PURGED_ON_TOPIC,   /* of a purged chain the topic has some events, and this one not */
    AUDIT_UNACCOUNTED,       /* what is noted as purged is not what an admin's event says */
};

struct audit_finding {
    enum audit_kind kind;
    struct audit_place place; /* not of AUDIT_RECORD_UNREADABLE */
    bool has_event_id;
    struct uuid event_id;
    bool has_record;
    int32_t partition; /* of the record on the topic */
    int64_t offset;
};

struct audit_counts {
    int64_t chains;
    int64_t events;      /* in the database */
    int64_t records;     /* on the topic, published again ones included */
    int64_t unpublished; /* in the database, not on the topic yet, which is as it should be */
    int64_t newer;       /* on the topic, written after verifying began */
    int64_t purged;      /* chains that are gone, and accounted for */
};

/* A word for programs, a sentence for people. */
const char *audit_kind_name(enum audit_kind kind);
const char *audit_kind_sentence(enum audit_kind kind);

#endif
