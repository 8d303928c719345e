/* What fuzz targets share. libFuzzer calls LLVMFuzzerInitialize once and LLVMFuzzerTestOneInput
 * with each input, which lies in memory of exactly its size, so that AddressSanitizer sees what is
 * read behind it. An assert that fails is a finding. */
#ifndef SLOTKEEPER_TESTS_FUZZ_H
#define SLOTKEEPER_TESTS_FUZZ_H

#include "base/arena.h"
#include "base/status.h"
#include "base/view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FUZZ_ARENA_MAX = 32 * 1024 * 1024, FUZZ_PATH_SIZE = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes the first byte off, which says what of several things the rest is; 0: there is none. */
static inline uint8_t fuzz_take_byte(struct view *input) {
    uint8_t byte = input->size == 0 ? 0 : input->data[0];
    *input = view_from(*input, 1);
    return byte;
}

/* Takes what stands before the first `mark` off, and the mark; without one all of it. */
static inline struct view fuzz_take_until(struct view *input, uint8_t mark) {
    const uint8_t *end = input->size == 0 ? NULL : memchr(input->data, mark, input->size);
    size_t size = end == NULL ? input->size : (size_t)(end - input->data);
    struct view taken = view_of(input->data, size);
    *input = view_from(*input, size + 1);
    return taken;
}

/* Takes `size` bytes off, or as many as there are. */
static inline struct view fuzz_take(struct view *input, size_t size) {
    struct view taken = view_of(input->data, size < input->size ? size : input->size);
    *input = view_from(*input, taken.size);
    return taken;
}

/* A copy of its own size; free it with fuzz_drop. */
static inline struct view fuzz_exact(struct view bytes) {
    uint8_t *copy = malloc(bytes.size == 0 ? 1 : bytes.size);
    assert(copy != NULL);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return view_of(copy, bytes.size);
}

static inline void fuzz_drop(struct view copy) {
    void *bytes = NULL;
    memcpy(&bytes, &copy.data, sizeof bytes);
    free(bytes);
}

static inline bool fuzz_is_inside(struct view part, struct view whole) {
    return part.data >= whole.data && part.data + part.size <= whole.data + whole.size;
}

/* Makes a nameless file, and the path under which this process finds it. */
static inline int fuzz_file_new(char path[FUZZ_PATH_SIZE]) {
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    assert(file >= 0);
    (void)snprintf(path, FUZZ_PATH_SIZE, "/proc/self/fd/%d", file);
    return file;
}

static inline void fuzz_file_write(int file, struct view content) {
    assert(ftruncate(file, 0) == 0);
    assert(pwrite(file, content.data, content.size, 0) == (ssize_t)content.size);
}

static inline void fuzz_file_with(char path[FUZZ_PATH_SIZE], const char *content) {
    fuzz_file_write(fuzz_file_new(path), view_text(content));
}

#endif
