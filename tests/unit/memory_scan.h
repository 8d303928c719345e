/* Looks for a password in all memory of the process that can be written: heap, stacks and data. The
 * password is made letter by letter, so that it lies nowhere but where a test puts it. */
#ifndef SLOTKEEPER_TESTS_MEMORY_SCAN_H
#define SLOTKEEPER_TESTS_MEMORY_SCAN_H

#include "unit.h"

enum {
    CANARY_SIZE = 24,
    CANARY_PART_SIZE = 8, /* found in any part of that many characters */
    PART_BYTES_MAX = 4 * CANARY_PART_SIZE,
    SCAN_SIZE = 1 << 16,
    SCAN_REGION_SIZE_MAX = 1 << 28, /* larger ones are the sanitizers' shadows */
};

static inline uint8_t canary_at(size_t i) {
    return (uint8_t)('a' + (i * i * i * 3 + i * i * 5 + i * 11 + 7) % 26);
}

/* Whether a part begins at `bytes`, as characters of `width` bytes. */
static inline bool is_canary_part(const uint8_t *bytes, size_t width, size_t from) {
    for (size_t i = 0; i < CANARY_PART_SIZE; i++) {
        const uint8_t *at = bytes + i * width;
        if (at[0] != canary_at(from + i) || (width > 1 && (at[1] | at[2] | at[3]) != 0)) {
            return false;
        }
    }
    return true;
}

/* Parts from the canary's character `from` on that begin in the first `size` bytes. */
static inline size_t count_parts(const uint8_t *bytes, size_t size, size_t from) {
    size_t count = 0;
    const uint8_t *end = bytes + size;
    const uint8_t *at = memchr(bytes, canary_at(from), size);
    while (at != NULL) {
        count += is_canary_part(at, 1, from) || is_canary_part(at, 4, from) ? 1 : 0;
        at++;
        at = at < end ? memchr(at, canary_at(from), (size_t)(end - at)) : NULL;
    }
    return count;
}

struct scan {
    int memory;
    int pages; /* an eight-byte word a page, which says whether there is any */
};

static uint8_t scan_buffer[SCAN_SIZE + PART_BYTES_MAX];

/* Whether any page was ever written; most of what sanitizers and stacks reserve never was. */
static inline bool is_in_use(const struct scan *scan, uint64_t from, uint64_t until) {
    uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    for (uint64_t page = from / page_size; page * page_size < until; page++) {
        uint64_t about = 0;
        ssize_t size = pread(scan->pages, &about, sizeof about, (off_t)(page * sizeof about));
        if (size != sizeof about || about >> 62U != 0) {
            return true;
        }
    }
    return false;
}

static inline size_t scan_range(const struct scan *scan, uint64_t from, uint64_t until) {
    size_t count = 0;
    for (uint64_t at = from; at < until; at += SCAN_SIZE) {
        uint64_t left = until - at;
        size_t wanted = left < sizeof scan_buffer ? left : sizeof scan_buffer;
        if (!is_in_use(scan, at, at + wanted)) {
            continue;
        }
        memset(scan_buffer, 0, sizeof scan_buffer);
        ssize_t size = pread(scan->memory, scan_buffer, wanted, (off_t)at);
        for (size_t i = 0; size > 0 && i < CANARY_SIZE; i += CANARY_PART_SIZE) {
            count += count_parts(scan_buffer, SCAN_SIZE, i);
        }
    }
    return count;
}

/* The buffer does not look at itself. */
static inline size_t scan_region(const struct scan *scan, uint64_t from, uint64_t until) {
    uint64_t buffer = (uint64_t)(uintptr_t)scan_buffer;
    if (buffer < from || buffer >= until) {
        return scan_range(scan, from, until);
    }
    return scan_range(scan, from, buffer) + scan_range(scan, buffer + sizeof scan_buffer, until);
}

/* Begins a test that looks for copies. ThreadSanitizer's runtime makes its own: whenever its trace
 * is full it puts all registers on the stack, and in them what was copied last. */
static inline void skip_where_others_copy(void) {
#ifdef __SANITIZE_THREAD__
    skip();
#endif
}

/* How many parts of the canary there are. */
static inline size_t scan_memory(void) {
    char line[512];
    size_t count = 0;
    FILE *regions = fopen("/proc/self/maps", "r");
    struct scan scan = {
        .memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC),
        .pages = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC),
    };
    assert_non_null(regions);
    assert_true(scan.memory >= 0 && scan.pages >= 0);
    while (fgets(line, sizeof line, regions) != NULL) {
        char *after = NULL;
        uint64_t from = strtoull(line, &after, 16);
        uint64_t until = strtoull(after + 1, &after, 16);
        if (strncmp(after, " rw", 3) == 0 && until - from <= SCAN_REGION_SIZE_MAX) {
            count += scan_region(&scan, from, until);
        }
    }
    (void)fclose(regions);
    (void)close(scan.memory);
    (void)close(scan.pages);
    return count;
}

#endif
