/* Stands before libargon2: counts the hashes, holds them at a gate, lets them fail, and looks
 * whether their memory comes back wiped. Only the program that includes it sees this argon2id_ctx.
 */
#ifndef SLOTKEEPER_TESTS_ARGON2_HOOK_H
#define SLOTKEEPER_TESTS_ARGON2_HOOK_H

#include "unit.h"

#include <argon2.h>

#include <assert.h>
#include <pthread.h>

enum { HASHES_LOGGED_MAX = 256 };

struct hash_seen {
    uint32_t memory_kib;
    uint32_t passes;
    uint32_t lanes;
    uint32_t salt_size;
    uint32_t hash_size;
    uint8_t initial; /* of the password */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t inside;
    size_t inside_max;
    size_t count;
    struct hash_seen seen[HASHES_LOGGED_MAX];
    bool gate_closed;
    bool memory_is_out;
    size_t memory_taken; /* times */
    size_t memory_dirty; /* of those, how often a byte was left */
    allocate_fptr take;
    deallocate_fptr give_back;
} hook = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void hook_reset(void) {
    (void)pthread_mutex_lock(&hook.lock);
    assert(hook.inside == 0);
    hook.inside_max = hook.count = hook.memory_taken = hook.memory_dirty = 0;
    hook.gate_closed = hook.memory_is_out = false;
    (void)pthread_mutex_unlock(&hook.lock);
}

static inline void hook_open_gate(void) {
    (void)pthread_mutex_lock(&hook.lock);
    hook.gate_closed = false;
    (void)pthread_cond_broadcast(&hook.changed);
    (void)pthread_mutex_unlock(&hook.lock);
}

static inline void hook_wait_for_inside(size_t count) {
    (void)pthread_mutex_lock(&hook.lock);
    while (hook.inside < count) {
        (void)pthread_cond_wait(&hook.changed, &hook.lock);
    }
    (void)pthread_mutex_unlock(&hook.lock);
}

static inline int hook_take(uint8_t **memory, size_t size) {
    (void)pthread_mutex_lock(&hook.lock);
    bool is_out = hook.memory_is_out;
    allocate_fptr take = hook.take;
    hook.memory_taken++;
    (void)pthread_mutex_unlock(&hook.lock);
    return is_out ? ARGON2_MEMORY_ALLOCATION_ERROR : take(memory, size);
}

static inline void hook_give_back(uint8_t *memory, size_t size) {
    bool dirty = false;
    for (size_t i = 0; i < size; i++) {
        dirty = dirty || memory[i] != 0;
    }
    (void)pthread_mutex_lock(&hook.lock);
    hook.memory_dirty += dirty ? 1 : 0;
    deallocate_fptr give_back = hook.give_back;
    (void)pthread_mutex_unlock(&hook.lock);
    give_back(memory, size);
}

static inline void hook_enter(const argon2_context *context) {
    (void)pthread_mutex_lock(&hook.lock);
    assert(hook.count < HASHES_LOGGED_MAX);
    hook.seen[hook.count++] = (struct hash_seen){
        .memory_kib = context->m_cost,
        .passes = context->t_cost,
        .lanes = context->lanes,
        .salt_size = context->saltlen,
        .hash_size = context->outlen,
        .initial = context->pwdlen > 0 ? context->pwd[0] : 0,
    };
    hook.take = context->allocate_cbk;
    hook.give_back = context->free_cbk;
    hook.inside++;
    hook.inside_max = hook.inside > hook.inside_max ? hook.inside : hook.inside_max;
    (void)pthread_cond_broadcast(&hook.changed);
    while (hook.gate_closed) {
        (void)pthread_cond_wait(&hook.changed, &hook.lock);
    }
    (void)pthread_mutex_unlock(&hook.lock);
}

int argon2id_ctx(argon2_context *context) {
    hook_enter(context);
    context->allocate_cbk = hook_take;
    context->free_cbk = hook_give_back;
    int failure = argon2_ctx(context, Argon2_id);
    (void)pthread_mutex_lock(&hook.lock);
    hook.inside--;
    (void)pthread_mutex_unlock(&hook.lock);
    return failure;
}

#endif
