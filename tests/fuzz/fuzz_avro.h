/* The schemas, a codec for each lane and an arena, and an Avro body read and written again. */
#ifndef SLOTKEEPER_TESTS_FUZZ_AVRO_H
#define SLOTKEEPER_TESTS_FUZZ_AVRO_H

#include "fuzz.h"
#include "wire/codec_parts.h"
#include "wire/schema.h"

enum { FUZZ_RECORD_MAX = 64 * 1024 };

struct fuzz_avro {
    struct schemas *schemas;
    struct codec *lanes[LANE_COUNT];
    struct codec *codec; /* one of them */
    struct arena *arena;
};

/* A schema that a later release writes with, from later/. */
static inline void fuzz_add_later(struct schemas *schemas, const char *name) {
    char path[512];
    static char text[64 * 1024];
    struct error error;
    bool added = false;
    (void)snprintf(path, sizeof path, "%s/later/%s.avsc", FUZZ_DIR, name);
    FILE *file = fopen(path, "re");
    assert(file != NULL);
    size_t size = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    enum status status = schemas_add(schemas, view_of(text, size), &added, &error);
    assert(status == STATUS_OK && added);
    (void)status;
}

static struct fuzz_avro avro;

/* So that what the schemas and codecs leave behind is a finding. */
static void fuzz_avro_clean_up(void) {
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        codec_destroy(avro.lanes[i]);
    }
    schemas_destroy(avro.schemas);
    arena_destroy(avro.arena);
}

static inline void fuzz_avro_init(void) {
    struct error error;
    avro.schemas = schemas_new(&error);
    assert(avro.schemas != NULL);
    fuzz_add_later(avro.schemas, "BookSlot");
    fuzz_add_later(avro.schemas, "ListOpenSlots");
    fuzz_add_later(avro.schemas, "Outcome");
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        avro.lanes[i] = codec_new(avro.schemas, (enum lane)i, FUZZ_RECORD_MAX, &error);
        assert(avro.lanes[i] != NULL);
    }
    avro.codec = avro.lanes[0];
    avro.arena = arena_new(FUZZ_ARENA_MAX);
    assert(avro.arena != NULL);
    (void)atexit(fuzz_avro_clean_up);
}

/* What avro-c makes of a body that the walker passes: it must read it. */
static inline struct view fuzz_written(const struct schema *schema, struct view body) {
    struct generic generic = {0};
    bool made = generic_init(&generic, schema);
    bool read = made && codec_read(avro.codec, body, &generic.value);
    assert(read);
    struct view again = codec_write(avro.codec, avro.arena, &generic.value);
    generic_clean_up(&generic);
    assert(program_walk(schema->program, again));
    return again;
}

static inline bool fuzz_reads_the_same(const struct schema *schema, struct view a, struct view b) {
    const char *left = codec_to_json(avro.codec, avro.arena, schema, a);
    const char *right = codec_to_json(avro.codec, avro.arena, schema, b);
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

/* The same bytes unless a number, a block or a map was written longer than it has to be, or a list
 * in several blocks, which may take as many bytes as one. */
static inline struct view fuzz_rewritten(const struct schema *schema, struct view body) {
    struct view again = fuzz_written(schema, body);
    assert(again.size <= body.size);
    assert(view_equal(again, body) || fuzz_reads_the_same(schema, again, body));
    assert(view_equal(fuzz_written(schema, again), again));
    return again;
}

/* And people can be shown it. */
static inline void fuzz_show(const struct schema *schema, struct view body) {
    char *text = codec_to_json(avro.codec, avro.arena, schema, body);
    assert(text != NULL);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert(json_is_object(json));
    json_decref(json);
}

#endif
