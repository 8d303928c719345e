/* What the engine needs of the outside: a store that is PostgreSQL, and a bus that is Kafka. */
#ifndef SLOTKEEPER_ENGINE_PORTS_H
#define SLOTKEEPER_ENGINE_PORTS_H

#include "domain/command.h"
#include "domain/page.h"
#include "domain/throttle.h"
#include "domain/world.h"
#include "engine/answer.h"

/* Since when a partition has been as it is, by the wall clock; 0: it is not so. */
struct partition_watch {
    int64_t next_offset; /* when last looked at; 0: never */
    int64_t undecided_since_us;
    int64_t withheld_since_us; /* by an open transaction */
};

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
    /* Both only since a loss was accepted: records below settled_below were answered before it, so
     * their age counts as of when they were appended; in the others a token that was issued before
     * tokens_valid_from_us is refused. */
    int64_t settled_below;
    int64_t tokens_valid_from_us;
    bool untidy;  /* rows that only served publication may be left */
    bool stopped; /* waits for an operator */
    struct partition_watch watch;
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

/* uuid_list.c. The caller has seen to room in `items`. */
void uuid_list_add(struct uuid_list *list, struct uuid id);
void uuid_list_sort_unique(struct uuid_list *list);

struct calendar_window {
    struct uuid doctor_id;
    int64_t starts_at_us;
    int64_t ends_at_us; /* later than starts_at_us */
};

/* What a PurgeHistory may delete. */
struct purge_window {
    bool wanted;
    int64_t before_us;
    int64_t minimum_us; /* and nothing that ended less than this ago */
    int64_t slots_max;
};

struct recall_key {
    struct uuid caller;
    struct uuid command_id;
};

struct view_list {
    struct view *items;
    size_t count;
};

/* Everything that a batch wants locked and loaded. */
struct load_request {
    enum lane lane;
    bool rehearsal; /* claims nothing and locks no row: only makes sure that the partitions are
                       still ours, until commit or rollback */
    const struct claim *claims;
    size_t claim_count;
    bool lock_accounts_for_update; /* after two rounds of conflict, and to end an account */
    struct uuid_list accounts;     /* callers, and accounts that commands name */
    struct view_list logins;       /* accounts are also wanted by these */
    struct uuid_list holdings;     /* accounts as LOAD_TARGETS_HOLDINGS says */
    struct purge_window purge;     /* not looked at in a rehearsal */
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

/* Whether an account has logged in with a device before. */
struct device {
    struct uuid account_id;
    struct digest device_key;
    bool known;
};

struct throttle_row {
    struct digest key;
    struct throttle throttle;
};

/* An attempt at a password, counted before the password is looked at, under the place of its
 * record: decided again after a crash, it is not counted again. */
struct reservation {
    int32_t partition;
    int64_t offset;
    struct digest key;
    bool counted; /* before */
};

/* What is read and noted before passwords are hashed, in the transaction of a rehearsal. */
struct preparation {
    struct device *devices;
    size_t device_count;
    struct throttle_row *throttles; /* sorted by key, each once */
    size_t throttle_count;
    struct reservation *reservations;
    size_t reservation_count;
    struct uuid_list closing; /* accounts whose end is announced */
    int64_t now_us;
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

    /* Of the lane of accounts, within a rehearsal; each step may be left out but in this order. */
    /* Fills devices[].known. */
    enum status (*find_devices)(void *self, struct preparation *preparation, struct arena *arena);
    /* Locks throttles, and fills them and reservations[].counted. */
    enum status (*lock_throttles)(void *self, struct preparation *preparation, struct arena *arena);
    /* Writes throttles, the reservations not counted before, and the announcements. */
    enum status (*note_attempts)(
        void *self, const struct preparation *preparation, struct arena *arena);

    /* Of the lane of queries, each without a transaction. */
    /* Accounts into the world, as they are now where they are written, and the time there. */
    enum status (*look)(
        void *self,
        const struct uuid_list *accounts,
        struct arena *arena,
        struct world *world,
        int64_t *now_us);
    /* Fills pages, after a look; possibly from a replica. STATUS_POISON: one of them is refused. */
    enum status (*read)(void *self, struct page *const *pages, size_t count, struct arena *arena);
};

struct bus_port {
    void *self;
    /* Outcomes, events, dead letters and, partition by partition, the offset behind the last
     * answer, in Kafka transactions. STATUS_OK: all are committed. The arena is for scratch. */
    enum status (*publish)(
        void *self, const struct answer *answers, size_t count, struct arena *arena);
};

#endif
