/* What the preset faulty adds to the program; see base/planted.h. */
#include "base/planted.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LEAK_SIZE = 1 << 20 };

/* Set once, and only read afterwards. */
static const char *chosen;

__attribute__((constructor)) static void choose(void) {
    chosen = getenv("SLOTKEEPER_PLANTED");
}

bool planted(const char *name, unsigned every) {
    static atomic_uint asked;
    return chosen != NULL && strcmp(chosen, name) == 0
           && (atomic_fetch_add(&asked, 1) + 1) % every == 0;
}

void planted_leak(void) {
    static void *volatile last;
    last = malloc(LEAK_SIZE);
    if (last != NULL) {
        memset(last, 1, LEAK_SIZE);
    }
}

void planted_crash(void) {
    (void)raise(SIGKILL);
}
