/* The registry of what is built in: parsed twice, by avro-c, which reads and writes values, and by
 * type.c for all that avro-c drops. */
#include "wire/schemas.h"

#include "wire/schema.h"
#include "wire/schema_text.h"

#include <stdlib.h>

enum { SCHEMAS_MEMORY_MAX = 16 * 1024 * 1024 };

struct fingerprinted {
    uint64_t fingerprint;
    const struct schema *schema;
};

struct schemas {
    struct arena *arena;
    struct schema *items; /* by full name */
    size_t count;
    struct fingerprinted *by_fingerprint;
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
    if (schema->type->kind != TYPE_RECORD) {
        return fail(error, "it is not one of a record");
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

static enum status sort(struct schemas *schemas, struct error *error) {
    qsort(schemas->items, schemas->count, sizeof *schemas->items, compare_names);
    for (size_t i = 0; i < schemas->count; i++) {
        schemas->items[i].index = i;
        schemas->by_fingerprint[i] =
            (struct fingerprinted){schemas->items[i].fingerprint, &schemas->items[i]};
    }
    qsort(
        schemas->by_fingerprint,
        schemas->count,
        sizeof *schemas->by_fingerprint,
        compare_fingerprints);
    for (size_t i = 1; i < schemas->count; i++) {
        if (compare_names(&schemas->items[i - 1], &schemas->items[i]) == 0
            || compare_fingerprints(&schemas->by_fingerprint[i - 1], &schemas->by_fingerprint[i])
                   == 0) {
            return error_set(error, STATUS_FATAL, "two schemas built in are of one name or form");
        }
    }
    return STATUS_OK;
}

static enum status load(struct schemas *schemas, struct error *error) {
    size_t count = 0;
    while (schema_texts[count] != NULL) {
        count++;
    }
    schemas->items = ARENA_ARRAY(schemas->arena, struct schema, count);
    schemas->by_fingerprint = ARENA_ARRAY(schemas->arena, struct fingerprinted, count);
    for (size_t i = 0; i < count; i++) {
        struct schema *schema = &schemas->items[schemas->count++];
        if (schema_init(schema, schema_texts[i], schemas->arena, error) != STATUS_OK) {
            return STATUS_FATAL;
        }
    }
    return sort(schemas, error);
}

struct schemas *schemas_new(struct error *error) {
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
    for (size_t i = 0; i < schemas->count; i++) {
        schema_clean_up(&schemas->items[i]);
    }
    arena_destroy(schemas->arena);
    free(schemas);
}

const struct schema *schemas_by_fingerprint(const struct schemas *schemas, uint64_t fingerprint) {
    const struct fingerprinted key = {.fingerprint = fingerprint};
    const struct fingerprinted *found = bsearch(
        &key,
        schemas->by_fingerprint,
        schemas->count,
        sizeof *schemas->by_fingerprint,
        compare_fingerprints);
    return found == NULL ? NULL : found->schema;
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
