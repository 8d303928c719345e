/* From a writer's record to a command: fields by name, enums by symbol, defaults for what the
 * writer did not know. Worked out once for each writer schema and command definition, so that
 * decoding looks nothing up. */
#ifndef SLOTKEEPER_WIRE_MAPPING_H
#define SLOTKEEPER_WIRE_MAPPING_H

#include "base/arena.h"
#include "domain/command.h"
#include "wire/schema.h"

/* Where a field stands in the writer's record. A union of null and one other type is the only one
 * that is taken. */
struct field_mapping {
    bool in_writer;
    bool is_union;
    bool is_fixed; /* bytes without a length before them */
    bool nullable;
    enum field_type type;
    size_t null_branch;
    size_t position;
    struct value fallback; /* if not in_writer */
    /* By the writer's index; REASON_NONE, STATE_COUNT: nothing of ours. */
    uint8_t symbols[TYPE_SYMBOLS_MAX];
};

struct mapping {
    const struct command_definition *definition; /* NULL: none, and nothing else holds */
    size_t command_id_position;
    struct field_mapping fields[COMMAND_FIELDS_MAX];
};

/* `reader` is our own schema of the record: its defaults stand in for what `writer` lacks.
 * STATUS_INVALID with *error set: the two do not fit each other, or the definition. */
enum status mapping_init(
    struct mapping *mapping,
    const struct schema *writer,
    const struct schema *reader,
    const struct command_definition *definition,
    struct error *error) MUST_USE;

/* The command that a record of the writer's schema holds. `fields` are the bytes of its fields, as
 * program_walk_fields gives them. Texts and bytes are copied into the arena; NULL: they stay views
 * into `fields`. Defaults live as long as the reader's schema. False: a value outside its type;
 * *has_command_id says whether command->command_id stands all the same. */
bool mapping_read(
    const struct mapping *mapping,
    const struct view *fields,
    struct arena *arena,
    struct command *command,
    bool *has_command_id) MUST_USE;

#endif
