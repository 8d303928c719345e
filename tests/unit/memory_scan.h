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

/* Parts that begin in the first `size` bytes. */
static inline size_t count_canaries(const uint8_t *bytes, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        for (size_t from = 0; from < CANARY_SIZE; from += CANARY_PART_SIZE) {
            bool found =
                bytes[i] == canary_at(from)
                && (is_canary_part(bytes + i, 1, from) || is_canary_part(bytes + i, 4, from));
            count += found ? 1 : 0;
        }
    }
    return count;
}

static uint8_t scan_buffer[SCAN_SIZE + PART_BYTES_MAX];

static inline size_t scan_range(int memory, uint64_t from, uint64_t until) {
    size_t count = 0;
    for (uint64_t at = from; at < until; at += SCAN_SIZE) {
        uint64_t left = until - at;
        memset(scan_buffer, 0, sizeof scan_buffer);
        ssize_t size = pread(
            memory, scan_buffer, left < sizeof scan_buffer ? left : sizeof scan_buffer, (off_t)at);
        count += size > 0 ? count_canaries(scan_buffer, SCAN_SIZE) : 0;
    }
    return count;
}

/* The buffer does not look at itself. */
static inline size_t scan_region(int memory, uint64_t from, uint64_t until) {
    uint64_t buffer = (uint64_t)(uintptr_t)scan_buffer;
    if (buffer < from || buffer >= until) {
        return scan_range(memory, from, until);
    }
    return scan_range(memory, from, buffer)
           + scan_range(memory, buffer + sizeof scan_buffer, until);
}

/* How many parts of the canary there are. */
static inline size_t scan_memory(void) {
    char line[512];
    size_t count = 0;
    FILE *regions = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_non_null(regions);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, regions) != NULL) {
        char *after = NULL;
        uint64_t from = strtoull(line, &after, 16);
        uint64_t until = strtoull(after + 1, &after, 16);
        if (strncmp(after, " rw", 3) == 0 && until - from <= SCAN_REGION_SIZE_MAX) {
            count += scan_region(memory, from, until);
        }
    }
    (void)fclose(regions);
    (void)close(memory);
    return count;
}

#endif
