/* Ends the process that has no memory to go on with. */
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static _Noreturn void no_memory(const char *what) {
    (void)fprintf(stderr, "slotkeeper: no memory %s\n", what);
    abort();
}

void memory_check(void) {
    if (errno == ENOMEM) {
        no_memory("to verify a token");
    }
}

void *memory_new(size_t size) {
    void *memory = malloc(size);
    if (memory == NULL && size > 0) {
        no_memory("for JSON");
    }
    return memory;
}

void *memory_change(void *context, void *memory, size_t old_size, size_t new_size) {
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(memory);
        return NULL;
    }
    void *changed = realloc(memory, new_size);
    if (changed == NULL) {
        no_memory("for an Avro value");
    }
    return changed;
}
