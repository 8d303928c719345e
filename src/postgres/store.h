/* The engine's store port on PostgreSQL. */
#ifndef SLOTKEEPER_POSTGRES_STORE_H
#define SLOTKEEPER_POSTGRES_STORE_H

#include "engine/ports.h"
#include "postgres/pipeline.h"

struct secrets;
struct reader;

struct store {
    struct pipeline *pipeline;
    struct view topic;             /* the request topic */
    struct uuid owner;             /* this session's */
    const struct secrets *secrets; /* of the lane of accounts; else NULL */
    struct reader *reader;         /* of the lane of queries; else NULL */
    bool locked_for_update;
    int constraint_failures; /* in a row, while the accounts were locked for update */
};

/* The port's `self` is the store, which must outlive it. */
struct store_port store_port_of(struct store *store);

/* The parts, each in a file of its own. */
enum status store_load(
    struct store *store,
    const struct load_request *request,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) MUST_USE;
enum status store_save(
    struct store *store,
    const struct world *world,
    const struct answer *answers,
    size_t count,
    struct arena *arena) MUST_USE;
enum status store_find_devices(
    struct store *store, struct preparation *preparation, struct arena *arena) MUST_USE;
enum status store_lock_throttles(
    struct store *store, struct preparation *preparation, struct arena *arena) MUST_USE;
enum status store_note_attempts(
    struct store *store, const struct preparation *preparation, struct arena *arena) MUST_USE;

enum status store_look(
    struct store *store,
    const struct uuid_list *accounts,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) MUST_USE;

#endif
