/* What a thread of one lane works with: its engine, its memory, its settings. */
#ifndef SLOTKEEPER_APP_HOST_H
#define SLOTKEEPER_APP_HOST_H

#include "app/session.h"

/* Fills the rest of *host, whose lane, index, settings and stopping are set. On failure *error is
 * set, and host_close still due. All that is given outlives the host. */
enum status host_open(
    struct session_host *host,
    const struct schemas *schemas,
    const struct engine_security *security,
    struct error *error) MUST_USE;
void host_close(struct session_host *host);

#endif
