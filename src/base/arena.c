/* A list of blocks, each filled from its start. A reset keeps the blocks, so a worker's memory
 * grows to its largest batch and stays there. */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, BLOCK_SIZE = 256 * 1024 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    size_t padding; /* keeps the bytes that follow aligned */
};

struct arena {
    struct block *first;
    struct block *current;
    size_t size; /* of all blocks */
    size_t size_max;
};

_Static_assert(sizeof(struct block) % ALIGNMENT == 0, "blocks would misalign what they hold");

struct arena *arena_new(size_t size_max) {
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL) {
        arena->size_max = size_max;
    }
    return arena;
}

void arena_destroy(struct arena *arena) {
    if (arena == NULL) {
        return;
    }
    for (struct block *block = arena->first; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(arena);
}

static struct block *block_new(struct arena *arena, size_t size) {
    size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct block *block = NULL;
    if (size <= arena->size_max && arena->size <= arena->size_max - block_size) {
        block = calloc(1, sizeof *block + block_size);
    }
    if (block == NULL) {
        (void)fprintf(
            stderr,
            "slotkeeper: no memory for a batch: %zu bytes more than %zu of %zu\n",
            size,
            arena->size,
            arena->size_max);
        abort();
    }
    block->size = block_size;
    arena->size += block_size;
    return block;
}

static struct block *block_with_room(struct arena *arena, size_t size) {
    struct block *last = arena->current;
    for (struct block *block = last; block != NULL; block = block->next) {
        if (block->size - block->used >= size) {
            return block;
        }
        last = block;
    }
    struct block *block = block_new(arena, size);
    if (last == NULL) {
        arena->first = block;
    } else {
        last->next = block;
    }
    return block;
}

void *arena_take(struct arena *arena, size_t size) {
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded < size) {
        abort();
    }
    struct block *block = block_with_room(arena, rounded);
    arena->current = block;
    uint8_t *start = (uint8_t *)(block + 1) + block->used;
    block->used += rounded;
    return memset(start, 0, size);
}

struct view arena_copy(struct arena *arena, struct view bytes) {
    if (bytes.data == NULL) {
        return bytes;
    }
    uint8_t *copy = arena_take(arena, bytes.size + 1);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return view_of(copy, bytes.size);
}

char *arena_text(struct arena *arena, struct view text) {
    char *copy = arena_take(arena, text.size + 1);
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    return copy;
}

void arena_reset(struct arena *arena) {
    for (struct block *block = arena->first; block != NULL; block = block->next) {
        block->used = 0;
    }
    arena->current = arena->first;
}

size_t arena_used(const struct arena *arena) {
    size_t used = 0;
    for (const struct block *block = arena->first; block != NULL; block = block->next) {
        used += block->used;
    }
    return used;
}
