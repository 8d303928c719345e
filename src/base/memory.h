/* Libraries that answer yes or no say no, too, when memory is short. Where such a no would be told
 * to somebody for good, it is no answer: the process ends, as it does when a batch finds no memory,
 * and the next worker is asked again.
 *
 * The C library sets errno with every allocation that fails, and only then to ENOMEM. */
#ifndef SLOTKEEPER_BASE_MEMORY_H
#define SLOTKEEPER_BASE_MEMORY_H

#include <errno.h>
#include <stddef.h>

/* Before the library is asked. */
static inline void memory_watch(void) {
    errno = 0;
}

/* After it has said no: returns if that was not for want of memory, as far as errno still tells. */
void memory_check(void);

/* For libraries that go on without looking: jansson leaves characters out, avro-c writes to what it
 * did not get. Each ends the process if there is no memory; what they give is free's to give back.
 */
void *memory_new(size_t size);
/* As realloc, or free with new_size 0; the signature is avro-c's. */
void *memory_change(void *context, void *memory, size_t old_size, size_t new_size);

#endif
