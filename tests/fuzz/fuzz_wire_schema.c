/* A schema of another release, and a body that is said to be written with it: the schema's text, a
 * NUL, the body. */
#include "fuzz_avro.h"

enum { ADDED_ENOUGH = SCHEMAS_ADDED_MAX - 1 };

static struct schemas *schemas; /* to add to; made anew when it is full */
static size_t added_count;

static void close_schemas(void) {
    schemas_destroy(schemas);
}

static void open_schemas(void) {
    struct error error;
    close_schemas();
    schemas = schemas_new(&error);
    assert(schemas != NULL);
    added_count = 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fuzz_avro_init();
    open_schemas();
    (void)atexit(close_schemas);
    return 0;
}

static void try_to_add(struct view text) {
    struct error error = {""};
    bool added = false;
    enum status status = schemas_add(schemas, text, &added, &error);
    if (status != STATUS_OK) {
        assert(status == STATUS_INVALID && error.text[0] != '\0' && !added);
        return;
    }
    added_count += added ? 1 : 0;
    assert(schemas_add(schemas, text, &added, &error) == STATUS_OK && !added);
    if (added_count == ADDED_ENOUGH) {
        open_schemas();
    }
}

/* The canonical form is a schema, whose canonical form it is. */
static void parse_canonical(const struct schema *schema) {
    struct schema again;
    struct error error;
    enum status status = schema_init(&again, schema->canonical_form, avro.arena, &error);
    assert(status == STATUS_OK);
    assert(strcmp(schema->canonical_form, again.canonical_form) == 0);
    assert(schema->fingerprint == again.fingerprint);
    schema_clean_up(&again);
}

static void walk(const struct schema *schema, struct view body) {
    struct view fields[SCHEMA_FIELDS_MAX];
    size_t total = 0;
    if (!program_walk_fields(schema->program, body, fields)) {
        return;
    }
    for (size_t i = 0; i < schema->type->member_count; i++) {
        assert(fuzz_is_inside(fields[i], body));
        total += fields[i].size;
    }
    assert(total == body.size);
    (void)fuzz_rewritten(schema, body);
    fuzz_show(schema, body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    struct view text = fuzz_take_until(&input, '\0');
    struct schema schema;
    struct error error = {""};
    arena_reset(avro.arena);
    try_to_add(text);
    const char *copy = arena_text(avro.arena, text);
    enum status status = schema_init(&schema, copy, avro.arena, &error);
    if (status == STATUS_OK) {
        parse_canonical(&schema);
        walk(&schema, input);
    } else {
        assert(status == STATUS_INVALID && error.text[0] != '\0');
    }
    schema_clean_up(&schema);
    return 0;
}
