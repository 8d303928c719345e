/* Schemas that other releases write with, against our own of the same name. */
#ifndef SLOTKEEPER_WIRE_WRITER_H
#define SLOTKEEPER_WIRE_WRITER_H

#include "domain/command.h"
#include "wire/schema.h"

/* What a request of this schema, or a sealed content, is to us; NULL: nothing. */
const struct command_definition *writer_definition(const struct schema *writer);

/* Whether what is written with it can be read: requests as our commands, outcomes and audit events
 * as far as publishing them asks for. STATUS_INVALID with *error set, naming what is missing. */
enum status writer_judge(
    const struct schemas *schemas, const struct schema *writer, struct error *error) MUST_USE;

/* The schema of a body that was written as `own` by this release or another; NULL: unknown, or of
 * another name. */
const struct schema *writer_of(
    const struct schemas *schemas, const struct schema *own, uint64_t fingerprint);

/* The branch of a union that is null; false: not a union, or none is. */
bool writer_null_branch(const struct type *type, size_t *branch) MUST_USE;

#endif
