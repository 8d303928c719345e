/* GetServiceKeys: what a client needs before it can seal anything. A query: read, not decided. */
#include "domain/decision.h"

const struct command_definition command_get_service_keys = {
    .name = "GetServiceKeys",
    .lane = LANE_QUERIES,
    .open_to_all = true,
};
