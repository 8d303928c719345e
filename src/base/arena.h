/* Memory for one batch: taken piece by piece, given back all at once. Not thread-safe. */
#ifndef SLOTKEEPER_BASE_ARENA_H
#define SLOTKEEPER_BASE_ARENA_H

#include "base/status.h"
#include "base/view.h"

#include <stddef.h>

struct arena;

/* A new arena of at most `size_max` bytes in all; blocks come from malloc as they are needed and
 * are kept over a reset. NULL: no memory. */
struct arena *arena_new(size_t size_max) MUST_USE;
void arena_destroy(struct arena *arena);

/* `size` zeroed bytes, aligned to 16, valid until the next reset. Never NULL: a caller bounds what
 * it asks for before it asks, so running past size_max or out of memory ends the process with a
 * message; what was not committed is done by the next worker. */
void *arena_take(struct arena *arena, size_t size) MUST_USE __attribute__((returns_nonnull));
struct view arena_copy(struct arena *arena, struct view bytes) MUST_USE;
/* A NUL-terminated copy. */
char *arena_text(struct arena *arena, struct view text) MUST_USE __attribute__((returns_nonnull));

/* Overwrites bytes that were taken from the arena (asserted), so that no later reader of the memory
 * finds them. */
void arena_wipe(struct arena *arena, struct view bytes);

/* Gives everything back; pointers into the arena are void from here on. */
void arena_reset(struct arena *arena);
size_t arena_used(const struct arena *arena);

/* `count` elements of `size` bytes; more than memory can hold ends the process like arena_take. */
static inline void *arena_take_array(struct arena *arena, size_t size, size_t count) {
    size_t bytes;
    return arena_take(arena, __builtin_mul_overflow(size, count, &bytes) ? SIZE_MAX : bytes);
}

#define ARENA_ARRAY(arena, type, count) ((type *)arena_take_array((arena), sizeof(type), (count)))

#endif
