/* One attempt at a range of a batch's requests: what the stages hand on to each other. All of it is
 * in the arena. */
#ifndef SLOTKEEPER_ENGINE_ATTEMPT_H
#define SLOTKEEPER_ENGINE_ATTEMPT_H

#include "engine/engine.h"

struct engine {
    struct engine_settings settings;
    struct engine_security security;
    struct codec *codec;
    struct arena *arena; /* the batch: records and requests */
    struct arena *work;  /* one attempt at it */
    struct store_port store;
    struct bus_port bus;
    struct view cluster_id;
    int64_t least_delay_us; /* see engine_least_delay_us */
};

struct attempt {
    struct engine *engine;
    struct request *requests;
    size_t count;
    bool answer_internal; /* the one record that fails alone: answered without being decided */
    bool rehearsal;
    bool lock_accounts_for_update; /* others keep winning: take the accounts first */
    struct claim *claims;
    size_t claim_count;
    struct load_request load;
    struct world world;
    int64_t now_us;
    struct answer *answers;
};

/* decide.c. What there is to decide of a request, against attempt->world. */
struct decision attempt_decision(
    struct attempt *attempt, const struct request *request, struct uuid outcome_id);
/* What stands in the answer whatever is decided. */
void answer_begin(
    const struct attempt *attempt, const struct request *request, struct answer *answer);
/* Code, body and dead letter of an answer without events; `result` counts if it is accepted. */
void answer_finish(
    const struct attempt *attempt,
    const struct request *request,
    enum code code,
    const struct result *result,
    struct answer *answer);
/* engine.c. Adds the answers to the metrics. */
void attempt_count(const struct attempt *attempt);

/* The stages, each in a file of its own. */
void stage_decode(
    struct engine *engine,
    struct request *requests,
    size_t count); /* decode.c, with authenticate and rates */
/* decode.c: those that will come again are not to be counted twice. */
void uncharge(struct engine *engine, struct request *requests, size_t count);
void stage_collect(struct attempt *attempt); /* collect.c: fills claims and load */
/* prepare.c: counts attempts at passwords, hashes them, announces ends. May shorten `count`. */
enum status stage_prepare(struct attempt *attempt) MUST_USE;
enum status stage_decide(struct attempt *attempt) MUST_USE; /* decide.c: fills answers */

/* session_token.c: signs and seals what a RESULT_SESSION is to hold. */
enum status seal_session(
    const struct attempt *attempt,
    const struct request *request,
    struct session_result *session) MUST_USE;
/* query.c: answers a batch of queries. */
enum status run_queries(struct engine *engine, struct request *requests, size_t count) MUST_USE;

/* unseal.c. CODE_ACCEPTED: request->sealed is set. */
enum code unseal(struct engine *engine, struct request *request) MUST_USE;
/* Overwrites what is secret of the requests. */
void unseal_wipe(struct request *requests, size_t count);

#endif
