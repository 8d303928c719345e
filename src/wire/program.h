/* What program.c compiles and walker.c runs. */
#ifndef SLOTKEEPER_WIRE_PROGRAM_H
#define SLOTKEEPER_WIRE_PROGRAM_H

#include "wire/walker.h"

enum walk_op {
    WALK_BOOLEAN,
    WALK_INT,
    WALK_LONG,
    WALK_BYTES,
    WALK_STRING,
    WALK_SKIP,   /* `argument` bytes of any value */
    WALK_ENUM,   /* an index below `argument` */
    WALK_UNION,  /* an index below `argument`; the step that many places on leads to its branch */
    WALK_JUMP,   /* to `target` */
    WALK_BLOCKS, /* an array or map begins; to `target` behind it if it is empty */
    WALK_NEXT,   /* an item ends; to `target` if another one follows */
};

struct walk_step {
    enum walk_op op;
    uint32_t target;
    size_t argument;
};

#endif
