/* Producing one record and seeing it acknowledged. */
#ifndef SLOTKEEPER_CLI_DELIVERY_H
#define SLOTKEEPER_CLI_DELIVERY_H

#include "app/settings.h"
#include "cli/request.h"

struct delivery {
    int32_t partition;
    int64_t offset;
};

/* Blocks until every replica that must has it, for at most timeout_ms. The partition is murmur2's
 * of the key, as all producers agree, or any for a null key. */
enum status deliver(
    const struct settings *settings,
    const struct request *request,
    int timeout_ms,
    struct delivery *delivery,
    struct error *error) MUST_USE;

#endif
