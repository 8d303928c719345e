/* A request on its way through the stages. */
#ifndef SLOTKEEPER_ENGINE_REQUEST_H
#define SLOTKEEPER_ENGINE_REQUEST_H

#include "domain/decision.h"
#include "engine/ports.h"
#include "security/token.h"
#include "wire/codec.h"

struct request {
    struct record record; /* set by whoever gathers the batch; views into the broker's message */
    struct partition *partition;

    struct request_headers headers;
    struct decoded decoded;
    struct claims claims;
    bool authenticated;
    enum code early; /* the answer of steps 1 to 3, or CODE_ACCEPTED: go on to the rows */
    struct digest content_hash;
};

#endif
