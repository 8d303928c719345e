/* An outcome without what is nobody else's business. */
#include "wire/codec_parts.h"
#include "wire/writer.h"
#include "wire/writing.h"

#include <assert.h>

enum { VARINT_SIZE_MAX = 10 };

/* The branch of null stands in the result's place; what follows it, in a later release, stays. */
struct view codec_outcome_without_result(
    const struct codec *codec, struct arena *arena, uint64_t fingerprint, struct view body) {
    const struct schema *writer = writer_of(codec->schemas, codec->outcome.schema, fingerprint);
    assert(writer != NULL);
    size_t position = type_field(writer->type, "result");
    size_t null_branch = 0;
    struct view result;
    bool found = program_walk_to_field(writer->program, body, position, &result)
                 && writer_null_branch(writer->type->members[position].type, &null_branch);
    assert(found);
    (void)found;
    size_t before = (size_t)(result.data - body.data);
    uint8_t *bytes = arena_take(arena, body.size + VARINT_SIZE_MAX);
    struct writing to = {bytes, bytes + body.size + VARINT_SIZE_MAX, false};
    write_bytes(&to, view_of(body.data, before));
    write_long(&to, (int64_t)null_branch);
    write_bytes(&to, view_from(body, before + result.size));
    return view_of(bytes, (size_t)(to.at - bytes));
}
