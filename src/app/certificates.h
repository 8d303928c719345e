/* How long the certificates that the settings name are still good, for /metrics. */
#ifndef SLOTKEEPER_APP_CERTIFICATES_H
#define SLOTKEEPER_APP_CERTIFICATES_H

#include "app/settings.h"

/* Reads the files; at most once in ten seconds, by one thread. */
void certificates_measure(const struct settings *settings);

#endif
