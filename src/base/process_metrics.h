/* What Prometheus expects of every process: memory, processor time, start. */
#ifndef SLOTKEEPER_BASE_PROCESS_METRICS_H
#define SLOTKEEPER_BASE_PROCESS_METRICS_H

#include <stdio.h>

/* In the text format. What the system does not tell is left out. */
void process_metrics_write(FILE *out);

#endif
