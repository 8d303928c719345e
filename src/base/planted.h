/* Faults that tests plant in the service, to see that the checker of tests/chaos finds them. Only a
 * build made for that (the preset faulty) holds any; in all others PLANTED is plainly false, and
 * the name of no fault is left in the program. */
#ifndef SLOTKEEPER_BASE_PLANTED_H
#define SLOTKEEPER_BASE_PLANTED_H

#include <stdbool.h>

#ifdef SLOTKEEPER_PLANTED_FAULTS
/* Whether this process was started with SLOTKEEPER_PLANTED=name; then each `every`-th time that it
 * is asked. Thread-safe. */
bool planted(const char *name, unsigned every);
#define PLANTED(name)              planted(name, 1)
#define PLANTED_EVERY(every, name) planted(name, every)
#else
#define PLANTED(name)              false
#define PLANTED_EVERY(every, name) false
#endif

/* Defined in such a build alone. One mebibyte that nobody gives back; and SIGKILL. */
void planted_leak(void);
void planted_crash(void);

#endif
