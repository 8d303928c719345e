/* "Did you mean": the known name that is nearest to what somebody wrote. */
#ifndef SLOTKEEPER_BASE_NEAREST_H
#define SLOTKEEPER_BASE_NEAREST_H

#include "base/status.h"

#include <stddef.h>

struct nearest {
    const char *wanted;
    const char *name; /* NULL: none was close */
    size_t distance;
};

/* Begin, offer each known name, then look at `name`. */
void nearest_begin(struct nearest *nearest, const char *wanted);
void nearest_offer(struct nearest *nearest, const char *name);

#endif
