/* One attempt at a range of a batch's requests: what the stages hand on to each other. All of it is
 * in the arena. */
#ifndef SLOTKEEPER_ENGINE_ATTEMPT_H
#define SLOTKEEPER_ENGINE_ATTEMPT_H

#include "engine/engine.h"

struct engine {
    struct engine_settings settings;
    struct token_verifier *verifier;
    struct codec *codec;
    struct arena *arena; /* the batch: records and requests */
    struct arena *work;  /* one attempt at it */
    struct store_port store;
    struct bus_port bus;
    struct view cluster_id;
};

struct attempt {
    struct engine *engine;
    struct request *requests;
    size_t count;
    bool answer_internal; /* the one record that fails alone: answered without being decided */
    bool lock_accounts_for_update; /* others keep winning: take the accounts first */
    struct claim *claims;
    size_t claim_count;
    struct load_request load;
    struct world world;
    int64_t now_us;
    struct answer *answers;
};

/* The stages, each in a file of its own. */
void stage_decode(
    struct engine *engine,
    struct request *requests,
    size_t count);                                          /* decode.c, with authenticate */
void stage_collect(struct attempt *attempt);                /* collect.c: fills claims and load */
enum status stage_decide(struct attempt *attempt) MUST_USE; /* decide.c: fills answers */

#endif
