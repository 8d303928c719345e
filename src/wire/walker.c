/* The walk: called for every request, so a step costs a few instructions. It ends because each
 * round of a loop takes a byte of the body, or one of WALK_EMPTY_ITEMS_MAX. */
#include "wire/cursor.h"
#include "wire/program.h"
#include "wire/utf8.h"

#include <assert.h>

/* An array or a map that is being walked. */
struct loop {
    int64_t items_left;       /* of the block */
    const uint8_t *block_end; /* as the block's header says; NULL: it does not */
    const uint8_t *start;     /* of the block's items */
};

struct walk {
    struct cursor cursor;
    const struct walk_step *steps;
    size_t at; /* the step to take */
    struct loop loops[WALK_LOOPS_MAX];
    size_t depth;
    unsigned empty_items_left;
};

static bool walk_boolean(struct cursor *cursor) {
    return cursor->at < cursor->end && *cursor->at++ <= 1;
}

static bool walk_int(struct cursor *cursor) {
    uint64_t raw = 0;
    return cursor_varint(cursor, &raw) && raw <= UINT32_MAX;
}

static bool walk_skip(struct cursor *cursor, size_t size) {
    if (size > cursor_left(cursor)) {
        return false;
    }
    cursor->at += size;
    return true;
}

static bool walk_bytes(struct cursor *cursor) {
    struct view bytes;
    return cursor_bytes(cursor, &bytes);
}

static bool walk_string(struct cursor *cursor) {
    struct view text;
    return cursor_bytes(cursor, &text) && utf8_is_text(text);
}

static bool walk_index(struct cursor *cursor, size_t count, size_t *index) {
    uint64_t raw = 0;
    bool good = cursor_varint(cursor, &raw) && (raw & 1U) == 0 && raw >> 1U < count;
    *index = (size_t)(raw >> 1U);
    return good;
}

/* The header of a block: how many items, and, if that is negative, how many bytes. */
static bool read_block(struct walk *walk, struct loop *loop) {
    int64_t count = 0;
    loop->block_end = NULL;
    if (!cursor_long(&walk->cursor, &count) || count == INT64_MIN) {
        return false;
    }
    if (count < 0) {
        int64_t size = 0;
        if (!cursor_long(&walk->cursor, &size) || size < 0
            || (uint64_t)size > cursor_left(&walk->cursor)) {
            return false;
        }
        loop->block_end = walk->cursor.at + size;
        count = -count;
    }
    loop->items_left = count;
    loop->start = walk->cursor.at;
    return (uint64_t)count <= cursor_left(&walk->cursor) + walk->empty_items_left;
}

static bool walk_blocks(struct walk *walk, const struct walk_step *step) {
    assert(walk->depth < WALK_LOOPS_MAX); /* the compiler counted */
    struct loop *loop = &walk->loops[walk->depth];
    if (!read_block(walk, loop)) {
        return false;
    }
    if (loop->items_left > 0) {
        walk->depth++;
    } else {
        walk->at = step->target;
    }
    return true;
}

static bool count_empty_item(struct walk *walk) {
    return walk->empty_items_left > 0 && walk->empty_items_left-- > 0;
}

static bool walk_next(struct walk *walk, const struct walk_step *step) {
    struct loop *loop = &walk->loops[walk->depth - 1];
    if (walk->cursor.at == loop->start && !count_empty_item(walk)) {
        return false; /* of one type, all of them take bytes or none does */
    }
    if (--loop->items_left == 0) {
        if ((loop->block_end != NULL && loop->block_end != walk->cursor.at)
            || !read_block(walk, loop)) {
            return false;
        }
    }
    if (loop->items_left > 0) {
        walk->at = step->target;
    } else {
        walk->depth--;
    }
    return true;
}

static bool walk_union(struct walk *walk, const struct walk_step *step) {
    size_t branch = 0;
    bool good = walk_index(&walk->cursor, step->argument, &branch);
    walk->at += good ? branch : 0;
    return good;
}

/* `walk->at` is already behind the step. */
static bool take_step(struct walk *walk, const struct walk_step *step) {
    size_t index = 0;
    switch (step->op) {
    case WALK_BOOLEAN:
        return walk_boolean(&walk->cursor);
    case WALK_INT:
        return walk_int(&walk->cursor);
    case WALK_LONG:
        return cursor_varint(&walk->cursor, &(uint64_t){0});
    case WALK_BYTES:
        return walk_bytes(&walk->cursor);
    case WALK_STRING:
        return walk_string(&walk->cursor);
    case WALK_SKIP:
        return walk_skip(&walk->cursor, step->argument);
    case WALK_ENUM:
        return walk_index(&walk->cursor, step->argument, &index);
    case WALK_UNION:
        return walk_union(walk, step);
    case WALK_JUMP:
        walk->at = step->target;
        return true;
    case WALK_BLOCKS:
        return walk_blocks(walk, step);
    case WALK_NEXT:
        return walk_next(walk, step);
    }
    return false;
}

static bool walk_until(struct walk *walk, size_t stop) {
    while (walk->at != stop) {
        const struct walk_step *step = &walk->steps[walk->at++];
        if (!take_step(walk, step)) {
            return false;
        }
    }
    return true;
}

static struct walk walk_of(const struct program *program, struct view body) {
    return (struct walk){
        .cursor = cursor_of(body),
        .steps = program->steps,
        .empty_items_left = WALK_EMPTY_ITEMS_MAX,
    };
}

bool program_walk(const struct program *program, struct view body) {
    struct walk walk = walk_of(program, body);
    return walk_until(&walk, program->step_count) && cursor_left(&walk.cursor) == 0;
}

/* The field that begins where the walk stands. */
static bool walk_field(
    struct walk *walk, const struct program *program, size_t field, struct view *bytes) {
    const uint8_t *start = walk->cursor.at;
    bool good = walk_until(walk, program->fields[field + 1]);
    *bytes = view_of(start, (size_t)(walk->cursor.at - start));
    return good;
}

bool program_walk_fields(const struct program *program, struct view body, struct view *fields) {
    assert(program->fields != NULL);
    struct walk walk = walk_of(program, body);
    bool good = true;
    for (size_t i = 0; good && i < program->field_count; i++) {
        good = walk_field(&walk, program, i, &fields[i]);
    }
    return good && cursor_left(&walk.cursor) == 0;
}

bool program_walk_to_field(
    const struct program *program, struct view body, size_t field, struct view *bytes) {
    assert(field < program->field_count);
    struct walk walk = walk_of(program, body);
    return walk_until(&walk, program->fields[field]) && walk_field(&walk, program, field, bytes);
}
