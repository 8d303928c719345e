/* The engine: a batch of request records becomes durable state, then published answers.
 *
 *     decode -> authenticate -> | load -> decide -> save -> commit | -> publish
 *
 * The stages compute and return; engine_run knows their order and reacts to failures. One engine a
 * thread. */
#ifndef SLOTKEEPER_ENGINE_ENGINE_H
#define SLOTKEEPER_ENGINE_ENGINE_H

#include "domain/limits.h"
#include "engine/request.h"

struct engine_settings {
    enum lane lane;
    struct limits limits;
    struct view topic;        /* the request topic */
    struct view reply_prefix; /* "scheduling.replies." */
    size_t batch_max;
    size_t arena_size_max; /* of the batch, and again of one attempt at it */
    size_t record_size_max;
    size_t hashes_max; /* passwords hashed for one transaction */
    int64_t seal_age_max_us;
    int64_t token_ttl_us;
};

/* What the process has one of; outlives the engine. Only the verifier is there in every lane; the
 * hasher only in that of accounts. */
struct engine_security {
    struct token_verifier *verifier;
    struct rate_limiter *rate; /* NULL: nobody sends too fast */
    struct seal_keys *seal_keys;
    struct signer *signer;
    struct secrets *secrets;
    struct hasher *hasher;
};

struct engine;

/* The settings' views, schemas and ports must outlive the engine. NULL with *error set:
 * no memory, or schemas that do not fit. */
struct engine *engine_new(
    const struct engine_settings *settings,
    const struct schemas *schemas,
    const struct engine_security *security,
    struct error *error) MUST_USE;
void engine_destroy(struct engine *engine);

/* Where this session stores and publishes, and the cluster whose records these are. */
void engine_connect(
    struct engine *engine,
    const struct store_port *store,
    const struct bus_port *bus,
    struct view cluster_id);

/* Memory for the batch to come; whoever gathers it resets it. */
struct arena *engine_arena(struct engine *engine);
struct codec *engine_codec(struct engine *engine);

/* The least time between a record's append, by the broker's clock, and its decision, by the
 * database's, since this was asked last. INT64_MAX: nothing was decided. */
int64_t engine_least_delay_us(struct engine *engine);

/* Decodes and authenticates ahead of engine_run. True: all of them are refused already, without a
 * look at a row, so it does not matter to anybody else when they are answered. */
bool engine_examine(struct engine *engine, struct request *requests, size_t count);

/* Forgets requests that will not be run: they come again. */
void engine_discard(struct engine *engine, struct request *requests, size_t count);

/* Runs requests[0 .. count) through all stages; records of one partition are in offset order.
 * STATUS_OK: all are answered and published, and their partitions have moved on. STATUS_LOST,
 * STATUS_RETRY: the session ends, what is committed is published by the next owner. STATUS_FATAL:
 * more records of one batch failed alone than can be the records' own fault. */
enum status engine_run(struct engine *engine, struct request *requests, size_t count) MUST_USE;

#endif
