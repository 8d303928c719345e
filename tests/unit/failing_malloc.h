/* Stands before malloc: lets the Nth allocation of this thread fail, keeps count of what is given
 * back, and takes an abort for what it is, the end of the process, without ending it. Only the
 * program that includes it sees this malloc. A failed assert still ends it. */
#ifndef SLOTKEEPER_TESTS_FAILING_MALLOC_H
#define SLOTKEEPER_TESTS_FAILING_MALLOC_H

#include "unit.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>

/* For what runs before a sanitizer has made itself ready. */
#define UNCHECKED                                                                                  \
    __attribute__((no_sanitize("address"), no_sanitize("undefined"), no_sanitize("thread")))

enum { PLACES = 1 << 18 }; /* allocations that may be there at once */

/* AddressSanitizer's and ThreadSanitizer's, if one of them is there, else glibc's. */
extern void *__interceptor_malloc(size_t size) __attribute__((weak));
extern void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
extern void *__interceptor_realloc(void *memory, size_t size) __attribute__((weak));
extern void __interceptor_free(void *memory) __attribute__((weak));
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static _Thread_local struct {
    bool watches;
    bool fails;
    size_t left; /* allocations before the one that fails */
    bool failed;
    size_t count; /* there now */
    jmp_buf end;
} watch;

static void *places[PLACES]; /* of one thread at a time */

UNCHECKED static inline size_t place_of(const void *memory) {
    return (size_t)((uintptr_t)memory >> 4U) * 0x9e3779b1U % PLACES;
}

UNCHECKED static inline void *noted(void *memory) {
    if (watch.watches && memory != NULL) {
        size_t place = place_of(memory);
        while (places[place] != NULL) {
            place = (place + 1) % PLACES;
        }
        places[place] = memory;
        watch.count++;
        assert(watch.count < PLACES / 2);
    }
    return memory;
}

/* Moves what lies behind an empty place up, as open addressing wants it. */
UNCHECKED static inline void close_gap(size_t gap) {
    for (size_t at = (gap + 1) % PLACES; places[at] != NULL; at = (at + 1) % PLACES) {
        size_t home = place_of(places[at]);
        if ((at - home + PLACES) % PLACES >= (at - gap + PLACES) % PLACES) {
            places[gap] = places[at];
            places[at] = NULL;
            gap = at;
        }
    }
}

UNCHECKED static inline void forget(const void *memory) {
    if (!watch.watches || memory == NULL) {
        return;
    }
    for (size_t place = place_of(memory); places[place] != NULL; place = (place + 1) % PLACES) {
        if (places[place] == memory) {
            places[place] = NULL;
            watch.count--;
            close_gap(place);
            return;
        }
    }
}

UNCHECKED static inline bool is_to_fail(void) {
    if (!watch.fails || watch.left-- > 0) {
        return false;
    }
    watch.fails = false;
    watch.failed = true;
    errno = ENOMEM;
    return true;
}

UNCHECKED static inline void give_back(void *memory) {
    __interceptor_free != NULL ? __interceptor_free(memory) : __libc_free(memory);
}

UNCHECKED void *malloc(size_t size) {
    if (is_to_fail()) {
        return NULL;
    }
    return noted(__interceptor_malloc != NULL ? __interceptor_malloc(size) : __libc_malloc(size));
}

UNCHECKED void *calloc(size_t count, size_t size) {
    if (is_to_fail()) {
        return NULL;
    }
    return noted(
        __interceptor_calloc != NULL ? __interceptor_calloc(count, size)
                                     : __libc_calloc(count, size));
}

UNCHECKED void *realloc(void *memory, size_t size) {
    if (is_to_fail()) {
        return NULL;
    }
    forget(memory);
    return noted(
        __interceptor_realloc != NULL ? __interceptor_realloc(memory, size)
                                      : __libc_realloc(memory, size));
}

UNCHECKED void free(void *memory) {
    forget(memory);
    give_back(memory);
}

_Noreturn void abort(void) {
    if (watch.failed && watch.watches) {
        longjmp(watch.end, 1);
    }
    (void)signal(SIGABRT, SIG_DFL);
    (void)raise(SIGABRT);
    _exit(1);
}

/* What is there is that of a process that has ended. */
static inline void give_all_back(void) {
    for (size_t place = 0; place < PLACES; place++) {
        void *memory = places[place];
        places[place] = NULL;
        give_back(memory);
    }
    watch.count = 0;
}

/* What is tried: `prepare` with memory (NULL: nothing), `act` without some of it, and `clean_up`,
 * which looks at what came of it. */
struct trial {
    void (*prepare)(void);
    void (*act)(void);
    void (*clean_up)(bool failed);
    size_t library_leaks; /* pieces of memory that a library may leave behind when it fails */
};

/* What came of one try. */
struct tried_once {
    bool failed; /* an allocation did */
    bool ended;  /* the process would have */
    size_t left_behind;
};

/* With the allocation after `left` others failing. */
static inline struct tried_once try_once(const struct trial *trial, size_t left) {
    watch.failed = false;
    watch.watches = true;
    if (setjmp(watch.end) != 0) {
        watch.watches = false;
        give_all_back();
        return (struct tried_once){.failed = true, .ended = true};
    }
    if (trial->prepare != NULL) {
        trial->prepare();
    }
    watch.left = left;
    watch.fails = true;
    trial->act();
    watch.fails = false;
    trial->clean_up(watch.failed);
    watch.watches = false;
    const struct tried_once tried_once = {.failed = watch.failed, .left_behind = watch.count};
    memset(places, 0, sizeof places);
    watch.count = 0;
    return tried_once;
}

static inline int lowest_free_file(void) {
    int file = dup(STDERR_FILENO);
    (void)close(file);
    return file;
}

/* Every allocation in turn, from the first on in steps of `step`; how many there were. What is left
 * behind must not be left behind again: libraries fill caches, but only once. */
static inline size_t fail_every(const struct trial *trial, size_t step) {
    size_t ends = 0;
    size_t left = 0;
    struct tried_once result = try_once(trial, SIZE_MAX);
    int file = lowest_free_file();
    for (result = try_once(trial, left); result.failed; result = try_once(trial, left += step)) {
        if (result.left_behind > 0) {
            result = try_once(trial, left);
        }
        if (result.left_behind > trial->library_leaks || file != lowest_free_file()) {
            print_error("allocation %zu: %zu pieces left behind\n", left, result.left_behind);
            fail();
        }
        ends += result.ended ? 1 : 0;
    }
    print_message("%zu allocations, in steps of %zu; %zu times the end\n", left, step, ends);
    return left;
}

#endif
