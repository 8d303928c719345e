/* The signals that an operator sends to a worker, waited for by one thread instead of interrupting
 * any. */
#ifndef SLOTKEEPER_APP_SIGNALS_H
#define SLOTKEEPER_APP_SIGNALS_H

#include "base/status.h"

#include <stdint.h>

enum signal_event {
    SIGNAL_EVENT_NONE,   /* the time is over */
    SIGNAL_EVENT_STOP,   /* SIGTERM, SIGINT: finish what was begun, and end */
    SIGNAL_EVENT_RELOAD, /* SIGHUP: read keys again */
};

/* In the first thread, before any other is started: they inherit that these signals are blocked. */
void signals_block(void);
/* Waits for one of them for at most `timeout_us`; several of a kind may be reported as one. */
enum signal_event signals_wait(int64_t timeout_us) MUST_USE;

#endif
