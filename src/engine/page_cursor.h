/* Where a list goes on, as bytes that a client hands back. They say nothing to it, and are worth
 * nothing to another caller or under other filters: 33 bytes under an HMAC that covers caller and
 * filters as well, with a key that all workers have. */
#ifndef SLOTKEEPER_ENGINE_PAGE_CURSOR_H
#define SLOTKEEPER_ENGINE_PAGE_CURSOR_H

#include "base/arena.h"
#include "domain/page.h"
#include "security/secrets.h"

enum { PAGE_CURSOR_SIZE = 65 };

/* What a cursor is good for. */
struct cursor_scope {
    struct uuid caller;
    struct digest filters; /* command_filters_hash */
    int64_t now_us;        /* the database's */
};

/* In the arena; good for 24 hours from scope->now_us. */
struct view page_cursor_make(
    const struct secrets *secrets,
    const struct cursor_scope *scope,
    const struct page_position *position,
    struct arena *arena) MUST_USE;

/* False: not made for this scope, too old, or altered. */
bool page_cursor_read(
    const struct secrets *secrets,
    const struct cursor_scope *scope,
    struct view cursor,
    struct page_position *position) MUST_USE;

#endif
