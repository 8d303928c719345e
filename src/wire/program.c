/* A schema to the steps of its walk. */
#include "wire/program.h"

/* A type of which `next` members are compiled. */
struct frame {
    const struct type *type;
    size_t next;
    size_t start; /* of a union, an array or a map: its first step */
    size_t exits; /* of a union: the last of its branches' jumps to the end, each of which leads to
                     the one before it until the end is known; 0: none yet */
};

struct compiler {
    struct walk_step *steps;
    size_t step_count;
    struct frame frames[TYPE_DEPTH_MAX];
    size_t depth;
    size_t loops;
    size_t *fields;
    struct error *error;
};

static bool fail(struct compiler *compiler, const char *reason) {
    (void)error_set(compiler->error, STATUS_INVALID, "not a schema that is taken: %s", reason);
    return false;
}

static bool emit(struct compiler *compiler, enum walk_op op, size_t argument) {
    if (compiler->step_count == WALK_STEPS_MAX) {
        return fail(compiler, "too large");
    }
    compiler->steps[compiler->step_count++] = (struct walk_step){.op = op, .argument = argument};
    return true;
}

static bool open_members(struct compiler *compiler, const struct type *type, size_t start) {
    if (compiler->depth == TYPE_DEPTH_MAX) {
        return fail(compiler, "nested too deeply, or in itself");
    }
    compiler->frames[compiler->depth++] = (struct frame){.type = type, .start = start};
    return true;
}

static bool open_union(struct compiler *compiler, const struct type *type) {
    size_t start = compiler->step_count;
    bool good = emit(compiler, WALK_UNION, type->member_count);
    for (size_t i = 0; good && i < type->member_count; i++) {
        good = emit(compiler, WALK_JUMP, 0);
    }
    return good && open_members(compiler, type, start);
}

static bool open_blocks(struct compiler *compiler, const struct type *type) {
    if (compiler->loops++ == WALK_LOOPS_MAX) {
        return fail(compiler, "too many lists in lists");
    }
    size_t start = compiler->step_count;
    return emit(compiler, WALK_BLOCKS, 0)
           && (type->kind == TYPE_ARRAY || emit(compiler, WALK_STRING, 0))
           && open_members(compiler, type, start);
}

static bool open_type(struct compiler *compiler, const struct type *type) {
    switch (type->kind) {
    case TYPE_NULL:
        return true;
    case TYPE_BOOLEAN:
        return emit(compiler, WALK_BOOLEAN, 0);
    case TYPE_INT:
        return emit(compiler, WALK_INT, 0);
    case TYPE_LONG:
        return emit(compiler, WALK_LONG, 0);
    case TYPE_FLOAT:
        return emit(compiler, WALK_SKIP, sizeof(float));
    case TYPE_DOUBLE:
        return emit(compiler, WALK_SKIP, sizeof(double));
    case TYPE_BYTES:
        return emit(compiler, WALK_BYTES, 0);
    case TYPE_STRING:
        return emit(compiler, WALK_STRING, 0);
    case TYPE_FIXED:
        return emit(compiler, WALK_SKIP, type->fixed_size);
    case TYPE_ENUM:
        return emit(compiler, WALK_ENUM, type->symbol_count);
    case TYPE_RECORD:
        return open_members(compiler, type, compiler->step_count);
    case TYPE_ARRAY:
    case TYPE_MAP:
        return open_blocks(compiler, type);
    case TYPE_UNION:
        return open_union(compiler, type);
    }
    return false;
}

static bool close_union(struct compiler *compiler, const struct frame *frame) {
    uint32_t end = (uint32_t)compiler->step_count;
    for (size_t exit = frame->exits; exit != 0;) {
        size_t before = compiler->steps[exit].target;
        compiler->steps[exit].target = end;
        exit = before;
    }
    return true;
}

static bool close_blocks(struct compiler *compiler, const struct frame *frame) {
    bool good = emit(compiler, WALK_NEXT, 0);
    if (good) {
        compiler->steps[compiler->step_count - 1].target = (uint32_t)frame->start + 1;
        compiler->steps[frame->start].target = (uint32_t)compiler->step_count;
        compiler->loops--;
    }
    return good;
}

static bool close_type(struct compiler *compiler) {
    const struct frame *frame = &compiler->frames[--compiler->depth];
    if (frame->type->kind == TYPE_UNION) {
        return close_union(compiler, frame);
    }
    return frame->type->kind == TYPE_RECORD || close_blocks(compiler, frame);
}

/* The branch before ends with a jump behind the union; the table leads to the branch that begins
 * here. */
static bool begin_branch(struct compiler *compiler, struct frame *frame) {
    if (frame->next > 0) {
        size_t exit = compiler->step_count;
        if (!emit(compiler, WALK_JUMP, 0)) {
            return false;
        }
        compiler->steps[exit].target = (uint32_t)frame->exits;
        frame->exits = exit;
    }
    compiler->steps[frame->start + 1 + frame->next].target = (uint32_t)compiler->step_count;
    return true;
}

static bool go_on(struct compiler *compiler) {
    struct frame *frame = &compiler->frames[compiler->depth - 1];
    if (frame->next == frame->type->member_count) {
        return close_type(compiler);
    }
    if (frame->type->kind == TYPE_UNION && !begin_branch(compiler, frame)) {
        return false;
    }
    if (compiler->depth == 1 && frame->type->kind == TYPE_RECORD) {
        compiler->fields[frame->next] = compiler->step_count;
    }
    return open_type(compiler, frame->type->members[frame->next++].type);
}

static struct program *program_of(
    const struct compiler *compiler, const struct type *type, struct arena *arena) {
    struct program *program = arena_take(arena, sizeof *program);
    struct view steps = {
        (const uint8_t *)compiler->steps, compiler->step_count * sizeof *compiler->steps};
    program->steps = (const struct walk_step *)(const void *)arena_copy(arena, steps).data;
    program->step_count = compiler->step_count;
    if (type->kind == TYPE_RECORD) {
        compiler->fields[type->member_count] = compiler->step_count;
        program->fields = compiler->fields;
        program->field_count = type->member_count;
    }
    return program;
}

const struct program *program_compile(
    const struct type *type, struct arena *arena, struct error *error) {
    struct walk_step steps[WALK_STEPS_MAX];
    struct compiler compiler = {.steps = steps, .error = error};
    compiler.fields = ARENA_ARRAY(arena, size_t, type->member_count + 1);
    bool good = open_type(&compiler, type);
    while (good && compiler.depth > 0) {
        good = go_on(&compiler);
    }
    return good ? program_of(&compiler, type, arena) : NULL;
}
