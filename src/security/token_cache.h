/* Tokens that were verified, by the SHA-256 of the header's bytes. Thread-safe, of fixed size: the
 * least recently used of eight neighbours makes room. An entry belongs to one generation of the key
 * set and is void once there is another. Times are the caller's to check on every hit: the record's
 * append time may lie before that of the record that brought the token first. */
#ifndef SLOTKEEPER_SECURITY_TOKEN_CACHE_H
#define SLOTKEEPER_SECURITY_TOKEN_CACHE_H

#include "base/digest.h"
#include "security/token_reader.h"

struct token_cache;

/* At most `entries_max` tokens of about 100 bytes each, 0: none. NULL: no memory. */
struct token_cache *token_cache_new(size_t entries_max) MUST_USE;
void token_cache_destroy(struct token_cache *cache);

bool token_cache_get(
    struct token_cache *cache,
    const struct digest *digest,
    uint64_t generation,
    struct token_facts *facts) MUST_USE;

/* `generation` is at least 1, and that of the keys which verified the token. */
void token_cache_put(
    struct token_cache *cache,
    const struct digest *digest,
    uint64_t generation,
    const struct token_facts *facts);

void token_cache_count(struct token_cache *cache, uint64_t *hits, uint64_t *misses);

#endif
