/* The registry: each schema is parsed twice, by avro-c, which reads and writes values, and by
 * type.c for all that avro-c drops. */
#include "wire/schemas.h"

#include "base/memory.h"
#include "wire/schema.h"
#include "wire/schema_text.h"
#include "wire/writer.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    SCHEMAS_MEMORY_MAX = 16 * 1024 * 1024,
    /* What stands in a text of ADDED_TEXT_MAX takes less by far. */
    ADDED_MEMORY_MAX = 8 * 1024 * 1024,
    ADDED_TEXT_MAX = 64 * 1024
};

struct fingerprinted {
    uint64_t fingerprint;
    const struct schema *schema;
};

struct added_schema {
    struct schema schema;
    struct arena *arena;
};

struct schemas {
    struct arena *arena;
    struct schema *items; /* of this release by full name, then of earlier ones */
    size_t count;         /* of this release */
    size_t built_in;      /* and of earlier ones */
    struct fingerprinted *by_fingerprint;
    struct added_schema added[SCHEMAS_ADDED_MAX];
    atomic_size_t added_count; /* those below it never change */
};

static bool fail(struct error *error, const char *reason) {
    (void)error_set(error, STATUS_INVALID, "a schema that is not taken: %s", reason);
    return false;
}

static bool parse(
    struct schema *schema, const char *text, struct arena *arena, struct error *error) {
    size_t size = strlen(text);
    if (size > SCHEMA_TEXT_MAX) {
        return fail(error, "its text is too long");
    }
    schema->json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (schema->json == NULL) {
        return fail(error, "it is no JSON");
    }
    schema->type = type_parse(schema->json, arena, error);
    if (schema->type == NULL) {
        return false;
    }
    if (schema->type->kind != TYPE_RECORD || schema->type->member_count > SCHEMA_FIELDS_MAX) {
        return fail(error, "it is not one of a record, or of one with too many fields");
    }
    if (avro_schema_from_json_length(text, size, &schema->avro) != 0) {
        schema->avro = NULL;
        return fail(error, "avro-c refuses it");
    }
    return true;
}

enum status schema_init(
    struct schema *schema, const char *text, struct arena *arena, struct error *error) {
    *schema = (struct schema){.text = text};
    if (!parse(schema, text, arena, error)) {
        return STATUS_INVALID;
    }
    schema->full_name = schema->type->full_name;
    const char *dot = strrchr(schema->full_name, '.');
    schema->name = dot == NULL ? schema->full_name : dot + 1;
    schema->program = program_compile(schema->type, arena, error);
    if (schema->program == NULL) {
        return STATUS_INVALID;
    }
    schema->canonical_form = type_canonical_form(schema->type, arena);
    if (schema->canonical_form == NULL) {
        (void)fail(error, "it is nested too deeply");
        return STATUS_INVALID;
    }
    schema->fingerprint = crc64_avro(view_text(schema->canonical_form));
    return STATUS_OK;
}

void schema_clean_up(struct schema *schema) {
    if (schema->avro != NULL) {
        (void)avro_schema_decref(schema->avro);
    }
    json_decref(schema->json);
    *schema = (struct schema){0};
}

bool schema_is_in(const struct schema *schema, const char *space) {
    static const char prefix[] = "slotkeeper.";
    size_t prefix_size = sizeof prefix - 1;
    size_t size = strlen(space);
    size_t before_name = (size_t)(schema->name - schema->full_name);
    return before_name == prefix_size + size + 1
           && strncmp(schema->full_name, prefix, prefix_size) == 0
           && strncmp(schema->full_name + prefix_size, space, size) == 0;
}

static int compare_names(const void *a, const void *b) {
    const struct schema *left = a;
    const struct schema *right = b;
    return strcmp(left->full_name, right->full_name);
}

static int compare_fingerprints(const void *a, const void *b) {
    const struct fingerprinted *left = a;
    const struct fingerprinted *right = b;
    return (left->fingerprint > right->fingerprint) - (left->fingerprint < right->fingerprint);
}

/* Numbers them and fills by_fingerprint. */
static enum status sort(struct schemas *schemas, struct error *error) {
    for (size_t i = 0; i < schemas->built_in; i++) {
        schemas->items[i].index = i;
        schemas->by_fingerprint[i] =
            (struct fingerprinted){schemas->items[i].fingerprint, &schemas->items[i]};
    }
    qsort(
        schemas->by_fingerprint,
        schemas->built_in,
        sizeof *schemas->by_fingerprint,
        compare_fingerprints);
    for (size_t i = 1; i < schemas->built_in; i++) {
        if (compare_fingerprints(&schemas->by_fingerprint[i - 1], &schemas->by_fingerprint[i])
            == 0) {
            return error_set(error, STATUS_FATAL, "two schemas built in are of one form");
        }
    }
    return STATUS_OK;
}

static size_t count_texts(const char *const *texts) {
    size_t count = 0;
    while (texts[count] != NULL) {
        count++;
    }
    return count;
}

static enum status load_own(struct schemas *schemas, struct error *error) {
    for (const char *const *text = schema_texts; *text != NULL; text++) {
        struct schema *schema = &schemas->items[schemas->built_in++];
        if (schema_init(schema, *text, schemas->arena, error) != STATUS_OK) {
            return STATUS_FATAL;
        }
    }
    schemas->count = schemas->built_in;
    qsort(schemas->items, schemas->count, sizeof *schemas->items, compare_names);
    for (size_t i = 1; i < schemas->count; i++) {
        if (compare_names(&schemas->items[i - 1], &schemas->items[i]) == 0) {
            return error_set(error, STATUS_FATAL, "two schemas built in are of one name");
        }
    }
    return STATUS_OK;
}

static bool has_fingerprint(const struct schemas *schemas, uint64_t fingerprint) {
    for (size_t i = 0; i < schemas->built_in; i++) {
        if (schemas->items[i].fingerprint == fingerprint) {
            return true;
        }
    }
    return false;
}

static bool has_text(const struct schemas *schemas, const char *text) {
    for (size_t i = 0; i < schemas->built_in; i++) {
        if (strcmp(schemas->items[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

/* Most have not changed since, and are passed over. */
static enum status load_released(struct schemas *schemas, struct error *error) {
    for (const char *const *text = released_schema_texts; *text != NULL; text++) {
        if (has_text(schemas, *text)) {
            continue;
        }
        struct schema *schema = &schemas->items[schemas->built_in];
        if (schema_init(schema, *text, schemas->arena, error) != STATUS_OK
            || writer_judge(schemas, schema, error) != STATUS_OK) {
            schema_clean_up(schema);
            return STATUS_FATAL;
        }
        if (has_fingerprint(schemas, schema->fingerprint)) {
            schema_clean_up(schema);
        } else {
            schemas->built_in++;
        }
    }
    return STATUS_OK;
}

static enum status load(struct schemas *schemas, struct error *error) {
    size_t count = count_texts(schema_texts) + count_texts(released_schema_texts);
    schemas->items = ARENA_ARRAY(schemas->arena, struct schema, count);
    schemas->by_fingerprint = ARENA_ARRAY(schemas->arena, struct fingerprinted, count);
    enum status status = load_own(schemas, error);
    if (status == STATUS_OK) {
        status = load_released(schemas, error);
    }
    return status == STATUS_OK ? sort(schemas, error) : status;
}

/* What has its memory already has it from malloc, too. */
struct schemas *schemas_new(struct error *error) {
    json_set_alloc_funcs(memory_new, free);
    avro_set_allocator(memory_change, NULL);
    struct schemas *schemas = calloc(1, sizeof *schemas);
    if (schemas != NULL) {
        schemas->arena = arena_new(SCHEMAS_MEMORY_MAX);
    }
    if (schemas == NULL || schemas->arena == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for the schemas");
    } else if (load(schemas, error) == STATUS_OK) {
        return schemas;
    }
    schemas_destroy(schemas);
    return NULL;
}

void schemas_destroy(struct schemas *schemas) {
    if (schemas == NULL) {
        return;
    }
    for (size_t i = 0; i < atomic_load(&schemas->added_count); i++) {
        schema_clean_up(&schemas->added[i].schema);
        arena_destroy(schemas->added[i].arena);
    }
    for (size_t i = 0; i < schemas->built_in; i++) {
        schema_clean_up(&schemas->items[i]);
    }
    arena_destroy(schemas->arena);
    free(schemas);
}

static enum status judge_added(
    const struct schemas *schemas,
    struct added_schema *place,
    struct view text,
    struct error *error) {
    const char *copy = arena_text(place->arena, text);
    enum status status = strlen(copy) == text.size
                             ? schema_init(&place->schema, copy, place->arena, error)
                             : error_set(error, STATUS_INVALID, "it holds a NUL");
    return status == STATUS_OK ? writer_judge(schemas, &place->schema, error) : status;
}

static void give_back(struct added_schema *place) {
    schema_clean_up(&place->schema);
    arena_destroy(place->arena);
    *place = (struct added_schema){0};
}

enum status schemas_add(
    struct schemas *schemas, struct view text, bool *added, struct error *error) {
    size_t count = atomic_load(&schemas->added_count);
    struct added_schema place = {.arena = arena_new(ADDED_MEMORY_MAX)};
    *added = false;
    if (place.arena == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a schema");
    }
    enum status status = text.size <= ADDED_TEXT_MAX
                             ? judge_added(schemas, &place, text, error)
                             : error_set(error, STATUS_INVALID, "it has more than 64 KiB");
    bool known =
        status == STATUS_OK && schemas_by_fingerprint(schemas, place.schema.fingerprint) != NULL;
    if (status == STATUS_OK && !known && count == SCHEMAS_ADDED_MAX) {
        status = error_set(error, STATUS_INVALID, "it is one too many: at most 64");
    }
    if (status != STATUS_OK || known) {
        give_back(&place);
        return status;
    }
    place.schema.index = schemas->built_in + count;
    schemas->added[count] = place;
    atomic_store(&schemas->added_count, count + 1);
    *added = true;
    return STATUS_OK;
}

static const struct schema *added_by_fingerprint(
    const struct schemas *schemas, uint64_t fingerprint) {
    size_t count = atomic_load(&schemas->added_count);
    for (size_t i = 0; i < count; i++) {
        if (schemas->added[i].schema.fingerprint == fingerprint) {
            return &schemas->added[i].schema;
        }
    }
    return NULL;
}

const struct schema *schemas_by_fingerprint(const struct schemas *schemas, uint64_t fingerprint) {
    const struct fingerprinted key = {.fingerprint = fingerprint};
    const struct fingerprinted *found = bsearch(
        &key,
        schemas->by_fingerprint,
        schemas->built_in,
        sizeof *schemas->by_fingerprint,
        compare_fingerprints);
    return found == NULL ? added_by_fingerprint(schemas, fingerprint) : found->schema;
}

const struct schema *schemas_by_name(const struct schemas *schemas, const char *full_name) {
    const struct schema key = {.full_name = full_name};
    return bsearch(&key, schemas->items, schemas->count, sizeof *schemas->items, compare_names);
}

size_t schemas_count(const struct schemas *schemas) {
    return schemas->count;
}

const struct schema *schemas_at(const struct schemas *schemas, size_t index) {
    return index < schemas->count ? &schemas->items[index] : NULL;
}

const struct schema *schemas_any_at(const struct schemas *schemas, size_t index) {
    if (index < schemas->built_in) {
        return &schemas->items[index];
    }
    index -= schemas->built_in;
    return index < atomic_load(&schemas->added_count) ? &schemas->added[index].schema : NULL;
}

size_t schemas_capacity(const struct schemas *schemas) {
    return schemas->built_in + SCHEMAS_ADDED_MAX;
}

const char *schema_full_name(const struct schema *schema) {
    return schema->full_name;
}

const char *schema_name(const struct schema *schema) {
    return schema->name;
}

uint64_t schema_fingerprint(const struct schema *schema) {
    return schema->fingerprint;
}

const char *schema_canonical_form(const struct schema *schema) {
    return schema->canonical_form;
}

const char *schema_text(const struct schema *schema) {
    return schema->text;
}
