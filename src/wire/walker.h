/* The walk over an Avro body before any library sees it: every length, index and count is held
 * against the schema and against the bytes that remain, so that what follows can trust them. A
 * schema is compiled once into a flat list of steps; the walk itself neither recurses nor
 * allocates. */
#ifndef SLOTKEEPER_WIRE_WALKER_H
#define SLOTKEEPER_WIRE_WALKER_H

#include "wire/type.h"

enum {
    WALK_LOOPS_MAX = 8,        /* arrays and maps inside one another */
    WALK_STEPS_MAX = 4096,     /* of a schema */
    WALK_EMPTY_ITEMS_MAX = 256 /* items that take no byte, such as nulls, in one body */
};

struct walk_step;

/* Steps of a schema; of a record also where each field begins, and where the last one ends. */
struct program {
    const struct walk_step *steps;
    size_t step_count;
    const size_t *fields; /* field_count + 1 of them; NULL: not a record */
    size_t field_count;
};

/* In the arena; NULL with *error set: beyond the bounds above, or a schema that holds itself. */
const struct program *program_compile(
    const struct type *type, struct arena *arena, struct error *error) MUST_USE;

/* Whether `body` is one value of the schema and nothing else. */
bool program_walk(const struct program *program, struct view body) MUST_USE;
/* The same, of a record, with the bytes of each of its field_count fields. */
bool program_walk_fields(
    const struct program *program, struct view body, struct view *fields) MUST_USE;
/* The bytes of one field of a record, which are good as far as the field's end; what follows may
 * not be. False: not even so far. */
bool program_walk_to_field(
    const struct program *program, struct view body, size_t field, struct view *bytes) MUST_USE;

#endif
