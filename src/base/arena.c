/* A list of blocks, each filled from its start. A reset keeps the blocks, so a worker's memory
 * grows to its largest batch and stays there. What is larger than a piece is put into any later
 * block that has room without passing by the blocks before it: batches that take large and small in
 * another order would otherwise leave blocks empty and take new ones, up to the limit. */
#include "base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, BLOCK_SIZE = 256 * 1024, PIECE_SIZE = 4 * 1024 };

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

static _Noreturn void no_memory(const struct arena *arena, size_t size) {
    (void)fprintf(
        stderr,
        "slotkeeper: no memory for a batch: %zu bytes more than %zu of %zu\n",
        size,
        arena->size,
        arena->size_max);
    abort();
}

/* Frees the blocks that only earlier batches needed. */
static void drop_unused(struct arena *arena) {
    struct block **link = &arena->first;
    while (*link != NULL) {
        struct block *block = *link;
        if (block->used == 0 && block != arena->current) {
            *link = block->next;
            arena->size -= block->size;
            free(block);
        } else {
            link = &block->next;
        }
    }
}

static size_t size_of_block(size_t size) {
    size_t block_size = BLOCK_SIZE;
    while (block_size < size && block_size <= SIZE_MAX / 2) {
        block_size *= 2;
    }
    return block_size;
}

static struct block *block_new(struct arena *arena, size_t size) {
    size_t block_size = size_of_block(size);
    if (block_size > arena->size_max - arena->size) {
        drop_unused(arena);
    }
    size_t left = arena->size_max - arena->size;
    block_size = block_size < left ? block_size : left;
    struct block *block = size <= block_size ? malloc(sizeof *block + block_size) : NULL;
    if (block == NULL) {
        no_memory(arena, size);
    }
    *block = (struct block){.size = block_size};
    arena->size += block_size;
    return block;
}

static void append(struct arena *arena, struct block *block) {
    struct block **link = &arena->first;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = block;
}

static struct block *block_with_room(struct arena *arena, size_t size) {
    for (struct block *block = arena->current; block != NULL; block = block->next) {
        if (block->size - block->used >= size) {
            return block;
        }
    }
    struct block *block = block_new(arena, size);
    append(arena, block);
    return block;
}

void *arena_take(struct arena *arena, size_t size) {
    if (size > SIZE_MAX - ALIGNMENT) {
        no_memory(arena, size);
    }
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct block *block = block_with_room(arena, rounded);
    if (rounded <= PIECE_SIZE || arena->current == NULL) {
        arena->current = block;
    }
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

void arena_wipe(struct arena *arena, struct view bytes) {
    uintptr_t from = (uintptr_t)bytes.data;
    struct block *block = arena->first;
    while (block != NULL
           && (from < (uintptr_t)(block + 1) || from - (uintptr_t)(block + 1) >= block->used)) {
        block = block->next;
    }
    assert(block != NULL);
    explicit_bzero((uint8_t *)(block + 1) + (from - (uintptr_t)(block + 1)), bytes.size);
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
