/* What the event of a purge keeps of the chains that went: their number, and a digest over where
 * each of them ended. docs/audit.md describes the form. */
#ifndef SLOTKEEPER_DOMAIN_PURGE_H
#define SLOTKEEPER_DOMAIN_PURGE_H

#include "domain/outcome.h"

struct purge_record {
    int64_t before_us;
    int64_t slots;
    int64_t appointments;
    int64_t events;
    struct digest heads;
};

/* Four words with a number, five spaces and signs each at most, `heads=`, and a terminator. */
enum { PURGE_RECORD_TEXT_SIZE = 4 * (13 + 2 + 20) + 6 + DIGEST_TEXT_SIZE + 1 };

/* "before=1767225600000000 slots=2 appointments=3 events=9 heads=<64 hexadecimal digits>". */
void purge_record_format(const struct purge_record *record, char text[PURGE_RECORD_TEXT_SIZE]);

/* Adds one slot's chain to the digest of heads; slots in ascending order of their ids. */
void purge_heads_add(struct digester *heads, struct uuid slot_id, const struct chain *chain);

#endif
