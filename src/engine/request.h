/* A request on its way through the stages. */
#ifndef SLOTKEEPER_ENGINE_REQUEST_H
#define SLOTKEEPER_ENGINE_REQUEST_H

#include "domain/decision.h"
#include "engine/ports.h"
#include "engine/sealed.h"
#include "security/token.h"
#include "wire/codec.h"

struct request {
    struct record record; /* set by whoever gathers the batch; views into the broker's message */
    struct partition *partition;

    struct request_headers headers;
    struct decoded decoded;
    struct claims claims;
    bool authenticated;
    struct uuid caller; /* claims.subject; of a sealed request without a token, its reply_key's */
    struct sealed *sealed;  /* NULL: holds no credentials */
    bool would_end_account; /* a rehearsal accepted it */
    bool examined;          /* steps 1 to 4 are done */
    enum code early;        /* the answer of steps 1 to 4, or CODE_ACCEPTED: go on to the rows */
    int64_t retry_after_ms; /* of RATE_LIMITED */
    bool charged;           /* to the caller's rate */
    struct digest content_hash;
};

#endif
