/* What the engine needs of the outside: a store that is PostgreSQL, and a bus that is Kafka. */
#ifndef SLOTKEEPER_ENGINE_PORTS_H
#define SLOTKEEPER_ENGINE_PORTS_H

#include "domain/world.h"
#include "engine/answer.h"

/* A request partition that this thread owns. */
struct partition {
    int32_t number;
    int64_t generation;       /* enters every outcome_id */
    int64_t next_offset;      /* as this thread last read or wrote it in the database: the fence */
    int64_t published_offset; /* everything below is published */
    int64_t noted_offset;     /* published_offset as the database last heard of it */
    int64_t last_offset;      /* of the last record consumed; negative: none */
    int64_t last_append_time_us;
    struct digest last_hash;
    int64_t end_offset; /* the broker said that all below it was read; 0: nothing said */
    bool untidy;        /* rows that only served publication may be left */
    bool stopped;       /* waits for an operator */
};

/* How far a save moves a partition on. */
struct claim {
    struct partition *partition;
    int64_t after_offset; /* next_offset from here on */
    int64_t last_offset;
    int64_t last_append_time_us;
    struct digest last_hash;
};

struct uuid_list {
    struct uuid *items; /* sorted, each once */
    size_t count;
};

struct calendar_window {
    struct uuid doctor_id;
    int64_t starts_at_us;
    int64_t ends_at_us; /* later than starts_at_us */
};

struct recall_key {
    struct uuid caller;
    struct uuid command_id;
};

/* Everything that a batch wants locked and loaded. */
struct load_request {
    const struct claim *claims;
    size_t claim_count;
    bool lock_accounts_for_update; /* after two rounds of conflict */
    struct uuid_list callers;
    struct uuid_list slots;
    struct uuid_list appointments;
    struct uuid_list patients; /* whose booked appointments are wanted */
    struct uuid_list doctors;  /* whose slots to come are counted */
    const struct calendar_window *windows;
    size_t window_count;
    const struct recall_key *recalls;
    size_t recall_count;
    size_t command_count;
};

struct store_port {
    void *self;
    /* BEGIN, claim, lock, load, clock. *now_us is read after the locks are held. STATUS_LOST: a
     * claim found no row. */
    enum status (*load)(
        void *self,
        const struct load_request *request,
        struct arena *arena,
        struct world *world,
        int64_t *now_us);
    /* What changed in the world, and the answers. Row counts are compared. */
    enum status (*save)(
        void *self,
        const struct world *world,
        const struct answer *answers,
        size_t count,
        struct arena *arena);
    /* STATUS_RETRY: its fate is not known. */
    enum status (*commit)(void *self);
    void (*rollback)(void *self);
};

struct bus_port {
    void *self;
    /* Outcomes, events, dead letters and, partition by partition, the offset behind the last
     * answer, in Kafka transactions. STATUS_OK: all are committed. The arena is for scratch. */
    enum status (*publish)(
        void *self, const struct answer *answers, size_t count, struct arena *arena);
};

#endif
