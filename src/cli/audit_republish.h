/* `audit republish`: the same bytes again to a lost or new audit topic. */
#ifndef SLOTKEEPER_CLI_AUDIT_REPUBLISH_H
#define SLOTKEEPER_CLI_AUDIT_REPUBLISH_H

#include "cli/cli.h"

/* `all`: also what is on the topic already. `timeout_us`: without anything from Kafka. Returns an
 * exit status. */
int audit_republish(const struct cli *cli, bool all, int64_t timeout_us);

#endif
