/* An outcome without what is nobody else's business. */
#include "wire/codec_parts.h"

#include <assert.h>

struct view codec_outcome_without_result(
    const struct codec *codec, struct arena *arena, struct view body) {
    static const uint8_t null_branch =
        0; /* of the last field, as outcome_writer_init has checked */
    const struct schema *schema = codec->outcome.schema;
    struct view result;
    bool found =
        program_walk_to_field(schema->program, body, type_field(schema->type, "result"), &result);
    assert(found);
    (void)found;
    size_t kept = body.size - result.size;
    uint8_t *bytes = arena_take(arena, kept + 1);
    memcpy(bytes, body.data, kept);
    bytes[kept] = null_branch;
    return view_of(bytes, kept + 1);
}
