/* The coordinator: knows the order of the stages, and what each failure asks for.
 *
 * A conflict rolls back and decides again from fresh rows; poison halves the range until one record
 * stands alone, and if that is refused again, it is answered INTERNAL; everything else ends the
 * session, whose successor publishes what was committed. */
#include "engine/engine.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/attempt.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CONFLICT_ROUNDS_BEFORE_LOCK = 2, /* then the accounts are locked for update */
    CONFLICT_ROUNDS_MAX = 12,        /* then it is the environment's trouble */
    POISON_MAX = 3,                  /* more in one batch is nobody's record */
    RANGES_MAX = 64,                 /* a stack of halves: log2 of any batch, and one */
};

/* How often a record that stands alone has been refused. */
enum refusals { REFUSED_NEVER, REFUSED_ONCE, REFUSED_TWICE };

struct range {
    size_t from;
    size_t count;
    enum refusals refusals;
};

struct engine *engine_new(
    const struct engine_settings *settings,
    const struct schemas *schemas,
    const struct engine_security *security,
    struct error *error) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for an engine");
        return NULL;
    }
    engine->settings = *settings;
    engine->security = *security;
    engine->least_delay_us = INT64_MAX;
    engine->arena = arena_new(settings->arena_size_max);
    engine->work = arena_new(settings->arena_size_max);
    if (engine->arena == NULL || engine->work == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for an engine");
    } else {
        engine->codec = codec_new(schemas, settings->lane, settings->record_size_max, error);
    }
    if (engine->codec == NULL) {
        engine_destroy(engine);
        return NULL;
    }
    return engine;
}

void engine_destroy(struct engine *engine) {
    if (engine != NULL) {
        codec_destroy(engine->codec);
        arena_destroy(engine->arena);
        arena_destroy(engine->work);
        free(engine);
    }
}

void engine_connect(
    struct engine *engine,
    const struct store_port *store,
    const struct bus_port *bus,
    struct view cluster_id) {
    engine->store = *store;
    engine->bus = *bus;
    engine->cluster_id = cluster_id;
}

struct arena *engine_arena(struct engine *engine) {
    return engine->arena;
}

struct codec *engine_codec(struct engine *engine) {
    return engine->codec;
}

/* The stages behind the bars: one database transaction. A row a stage. What stage_prepare does is
 * over before that begins. */
static enum status load(struct attempt *attempt) {
    struct engine *engine = attempt->engine;
    stage_collect(attempt);
    return engine->store.load(
        engine->store.self, &attempt->load, engine->work, &attempt->world, &attempt->now_us);
}

static enum status save(struct attempt *attempt) {
    struct engine *engine = attempt->engine;
    return engine->store.save(
        engine->store.self, &attempt->world, attempt->answers, attempt->count, engine->work);
}

static enum status publish(struct attempt *attempt) {
    struct engine *engine = attempt->engine;
    return engine->bus.publish(engine->bus.self, attempt->answers, attempt->count, engine->work);
}

static enum status commit(struct attempt *attempt) {
    if (PLANTED_EVERY(40, "publish_before_commit")) {
        (void)publish(attempt);
        planted_crash();
    }
    return attempt->engine->store.commit(attempt->engine->store.self);
}

static enum status run_stage(
    const char *name, enum status (*stage)(struct attempt *), struct attempt *attempt) {
    int64_t began_us = time_monotonic_us();
    enum status status = stage(attempt);
    metrics_observe(METRIC_STAGE_SECONDS, name, (double)(time_monotonic_us() - began_us) / 1e6);
    return status;
}

static enum status transact(struct attempt *attempt) {
    static const struct {
        const char *name;
        enum status (*run)(struct attempt *attempt);
    } stages[] = {
        {"prepare", stage_prepare},
        {"load", load},
        {"decide", stage_decide},
        {"save", save},
        {"commit", commit},
    };

    if (PLANTED("leak")) {
        planted_leak();
    }
    arena_reset(attempt->engine->work);
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        enum status status = run_stage(stages[i].name, stages[i].run, attempt);
        if (status != STATUS_OK) {
            attempt->engine->store.rollback(attempt->engine->store.self);
            return status;
        }
    }
    return STATUS_OK;
}

int64_t engine_least_delay_us(struct engine *engine) {
    int64_t least_us = engine->least_delay_us;
    engine->least_delay_us = INT64_MAX;
    return least_us;
}

/* What is true once the transaction is durable. */
static void move_on(struct attempt *attempt) {
    for (size_t i = 0; i < attempt->claim_count; i++) {
        const struct claim *claim = &attempt->claims[i];
        int64_t delay_us = attempt->now_us - claim->last_append_time_us;
        if (delay_us < attempt->engine->least_delay_us) {
            attempt->engine->least_delay_us = delay_us;
        }
        claim->partition->next_offset = claim->after_offset;
        claim->partition->untidy = true;
        claim->partition->noted_offset = claim->partition->published_offset;
        claim->partition->last_offset = claim->last_offset;
        claim->partition->last_append_time_us = claim->last_append_time_us;
        claim->partition->last_hash = claim->last_hash;
    }
}

void attempt_count(const struct attempt *attempt) {
    for (size_t i = 0; i < attempt->count; i++) {
        const struct answer *answer = &attempt->answers[i];
        const struct command_definition *definition =
            attempt->requests[i].decoded.command.definition;
        metrics_add(
            METRIC_RECORDS,
            answer->code == CODE_ACCEPTED ? "ACCEPTED" : code_text(answer->code),
            1);
        if (definition != NULL) {
            metrics_add(METRIC_COMMANDS, definition->name, 1);
        }
        if (answer->route.duplicate) {
            metrics_add(METRIC_DUPLICATES, "", 1);
        }
    }
    metrics_add(METRIC_BATCHES, "", 1);
    metrics_observe(METRIC_BATCH_RECORDS, "", (double)attempt->count);
}

static enum status attempt_until_settled(struct attempt *attempt) {
    for (int round = 0; round < CONFLICT_ROUNDS_MAX; round++) {
        attempt->lock_accounts_for_update = round >= CONFLICT_ROUNDS_BEFORE_LOCK;
        enum status status = transact(attempt);
        if (status != STATUS_CONFLICT) {
            return status;
        }
        metrics_add(METRIC_CONFLICTS, "", 1);
    }
    log_warning("a batch kept meeting conflicts", LOG_INT("records", attempt->count));
    return STATUS_RETRY;
}

/* range->count afterwards: how many the attempt was about, which may be fewer. */
static enum status run_range(struct engine *engine, struct request *requests, struct range *range) {
    struct attempt attempt = {
        .engine = engine,
        .requests = requests + range->from,
        .count = range->count,
        .answer_internal = range->refusals == REFUSED_TWICE,
    };
    enum status status = attempt_until_settled(&attempt);
    range->count = attempt.count;
    if (status != STATUS_OK) {
        return status;
    }
    move_on(&attempt);
    attempt_count(&attempt);
    status = run_stage("publish", publish, &attempt);
    for (size_t i = 0; status == STATUS_OK && i < attempt.claim_count; i++) {
        attempt.claims[i].partition->published_offset = attempt.claims[i].after_offset;
    }
    return status;
}

/* Ranges still to run, the next one on top. */
struct ranges {
    struct range items[RANGES_MAX];
    size_t count;
    int poisoned;
};

static void push(struct ranges *ranges, size_t from, size_t count, enum refusals refusals) {
    assert(ranges->count < RANGES_MAX);
    ranges->items[ranges->count++] = (struct range){from, count, refusals};
}

/* The record is to be answered INTERNAL, unless there are too many of its kind, or that is what was
 * refused. */
static enum status give_up(
    struct ranges *ranges, struct range range, const struct request *requests) {
    bool defect = range.refusals == REFUSED_TWICE || ranges->poisoned == POISON_MAX;
    log_error(
        defect ? "PostgreSQL refuses what cannot be the record's fault"
               : "PostgreSQL refuses this record's data; it is answered INTERNAL",
        LOG_INT("partition", requests[range.from].record.partition),
        LOG_INT("offset", requests[range.from].record.offset));
    if (defect) {
        return STATUS_FATAL;
    }
    ranges->poisoned++;
    push(ranges, range.from, 1, REFUSED_TWICE);
    return STATUS_OK;
}

/* PostgreSQL refuses something in the range: look at its halves, or once more at the one record
 * that is left. */
static enum status narrow_down(
    struct ranges *ranges, struct range range, const struct request *requests) {
    size_t half = range.count / 2;
    if (half > 0) {
        push(ranges, range.from + half, range.count - half, REFUSED_NEVER);
        push(ranges, range.from, half, REFUSED_NEVER);
        return STATUS_OK;
    }
    if (range.refusals == REFUSED_NEVER) {
        push(ranges, range.from, 1, REFUSED_ONCE);
        return STATUS_OK;
    }
    return give_up(ranges, range, requests);
}

static enum status run_halving(struct engine *engine, struct request *requests, size_t count) {
    struct ranges ranges = {.count = 0};
    enum status status = STATUS_OK;
    push(&ranges, 0, count, REFUSED_NEVER);
    while (status == STATUS_OK && ranges.count > 0) {
        struct range range = ranges.items[--ranges.count];
        size_t whole = range.count;
        status = run_range(engine, requests, &range);
        if (range.count < whole) {
            push(&ranges, range.from + range.count, whole - range.count, REFUSED_NEVER);
        }
        if (status == STATUS_POISON) {
            status = narrow_down(&ranges, range, requests);
        }
    }
    return status;
}

bool engine_examine(struct engine *engine, struct request *requests, size_t count) {
    int64_t began_us = time_monotonic_us();
    stage_decode(engine, requests, count);
    metrics_observe(METRIC_STAGE_SECONDS, "decode", (double)(time_monotonic_us() - began_us) / 1e6);
    for (size_t i = 0; i < count; i++) {
        if (requests[i].early == CODE_ACCEPTED) {
            return false;
        }
    }
    return true;
}

void engine_discard(struct engine *engine, struct request *requests, size_t count) {
    uncharge(engine, requests, count);
    unseal_wipe(requests, count);
}

enum status engine_run(struct engine *engine, struct request *requests, size_t count) {
    (void)engine_examine(engine, requests, count);
    enum status status = engine->settings.lane == LANE_QUERIES
                             ? run_queries(engine, requests, count)
                             : run_halving(engine, requests, count);
    if (status != STATUS_OK) {
        uncharge(engine, requests, count);
    }
    arena_reset(engine->work);
    unseal_wipe(requests, count);
    return status;
}
