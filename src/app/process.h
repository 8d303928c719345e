/* What every process of ours does to itself first. */
#ifndef SLOTKEEPER_APP_PROCESS_H
#define SLOTKEEPER_APP_PROCESS_H

/* No core files, no tracing by others of the same user, no new privileges, no death by SIGPIPE, and
 * few malloc arenas. Call before there are threads. What the system does not grant is logged. */
void process_harden(void);

#endif
