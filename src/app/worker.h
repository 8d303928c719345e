/* The worker: threads that each run sessions until they are told to stop, and what watches over
 * them. */
#ifndef SLOTKEEPER_APP_WORKER_H
#define SLOTKEEPER_APP_WORKER_H

#include "app/settings.h"

/* Runs until SIGTERM or SIGINT; SIGHUP reloads keys. Returns an exit status: 0 drained, 1 failed.
 */
int worker_main(const struct settings *settings);

#endif
