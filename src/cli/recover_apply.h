/* Going on after a loss that somebody has accepted. */
#ifndef SLOTKEEPER_CLI_RECOVER_APPLY_H
#define SLOTKEEPER_CLI_RECOVER_APPLY_H

#include "cli/recover_facts.h"

/* STATUS_INVALID: a worker runs, nothing was changed. */
enum status recovery_check_idle(const struct recovery *recovery, struct error *error) MUST_USE;

/* Carries out every row's plan: PostgreSQL in one transaction, then Kafka's offsets. If it fails in
 * between, every partition concerned stays stopped, and it may be done again. */
enum status recovery_apply(const struct recovery *recovery, struct error *error) MUST_USE;

#endif
