/* Which schema a record's value was written with, and where the body begins. */
#ifndef SLOTKEEPER_WIRE_FRAMING_H
#define SLOTKEEPER_WIRE_FRAMING_H

#include "wire/record.h"

enum { FRAMING_SINGLE_OBJECT_SIZE = 10 };

struct framed {
    enum framing_kind kind;
    uint64_t fingerprint; /* of FRAMING_SINGLE_OBJECT only */
    struct view body;
};

/* Recognises the framings in their order: `schema_id` is the header __value_schema_id, data NULL
 * without one. False: none of them, or cut. */
bool framing_read(struct view value, struct view schema_id, struct framed *framed) MUST_USE;

/* What stands before the body of a single-object encoding. */
void framing_write(uint8_t framing[FRAMING_SINGLE_OBJECT_SIZE], uint64_t fingerprint);

#endif
