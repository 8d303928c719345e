/* The schemas built in, a codec and an arena, for the tests of the wire layer; and bodies put
 * together by hand. */
#ifndef SLOTKEEPER_TESTS_WIRE_FIXTURE_H
#define SLOTKEEPER_TESTS_WIRE_FIXTURE_H

#include "base/time.h"
#include "unit.h"
#include "wire/codec.h"
#include "wire/schema.h"

#include <stdio.h>

enum { FIXTURE_RECORD_MAX = 64 * 1024, FIXTURE_ARENA_MAX = 64 * 1024 * 1024 };

#define COMMAND_ID "0f000000-0000-4000-8000-00000000000f"
#define SLOT_ID    "0a000000-0000-4000-8000-00000000000a"

struct fixture {
    struct schemas *schemas;
    struct codec *lanes[LANE_COUNT];
    struct codec *codec; /* of LANE_SLOTS, for what is the same in all of them */
    struct arena *arena;
};

static struct fixture fixture;

static inline int fixture_set_up(void **state) {
    (void)state;
    struct error error = {""};
    fixture.schemas = schemas_new(&error);
    bool good = fixture.schemas != NULL;
    for (unsigned i = 0; good && i < LANE_COUNT; i++) {
        fixture.lanes[i] = codec_new(fixture.schemas, (enum lane)i, FIXTURE_RECORD_MAX, &error);
        good = fixture.lanes[i] != NULL;
    }
    fixture.codec = fixture.lanes[LANE_SLOTS];
    fixture.arena = arena_new(FIXTURE_ARENA_MAX);
    if (!good || fixture.arena == NULL) {
        print_error("%s\n", error.text);
        return -1;
    }
    return 0;
}

static inline int fixture_tear_down(void **state) {
    (void)state;
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        codec_destroy(fixture.lanes[i]);
    }
    schemas_destroy(fixture.schemas);
    arena_destroy(fixture.arena);
    return 0;
}

static inline struct uuid uuid_of(const char *text) {
    struct uuid uuid;
    assert_true(uuid_parse(view_text(text), &uuid));
    return uuid;
}

static inline const struct schema *schema_of(const char *full_name) {
    const struct schema *schema = schemas_by_name(fixture.schemas, full_name);
    assert_non_null(schema);
    return schema;
}

/* A body that grows at its end. */
struct body {
    uint8_t bytes[2048];
    size_t size;
};

static inline void add_byte(struct body *body, unsigned byte) {
    assert_true(body->size < sizeof body->bytes);
    body->bytes[body->size++] = (uint8_t)byte;
}

static inline void add_long(struct body *body, int64_t number) {
    uint64_t raw = (uint64_t)number << 1U ^ (number < 0 ? UINT64_MAX : 0);
    for (; raw >= 0x80U; raw >>= 7U) {
        add_byte(body, (unsigned)(raw & 0x7fU) | 0x80U);
    }
    add_byte(body, (unsigned)raw);
}

static inline void add_bytes(struct body *body, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        add_byte(body, ((const uint8_t *)bytes)[i]);
    }
}

/* Its length, and the text. */
static inline void add_text(struct body *body, const char *text) {
    add_long(body, (int64_t)strlen(text));
    add_bytes(body, text, strlen(text));
}

static inline struct view view_of_body(const struct body *body) {
    return view_of(body->bytes, body->size);
}

/* A copy of its own size, so that AddressSanitizer sees what is read behind its end. */
static inline struct view exact_copy(struct view bytes) {
    uint8_t *copy = malloc(bytes.size == 0 ? 1 : bytes.size);
    assert_non_null(copy);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return view_of(copy, bytes.size);
}

static inline void drop_copy(struct view copy) {
    void *bytes = NULL; /* as exact_copy got it, not const */
    memcpy(&bytes, &copy.data, sizeof bytes);
    free(bytes);
}

static inline struct view framed(const char *full_name, struct view body) {
    return frame_single_object(fixture.arena, schema_of(full_name)->fingerprint, body);
}

/* A record of that value and no headers, decoded. */
static inline enum code decode_on(enum lane lane, struct view value, struct decoded *decoded) {
    struct record record = {.value = value};
    struct request_headers headers = {.expires_at_us = -1};
    return codec_decode_command(fixture.lanes[lane], fixture.arena, &record, &headers, decoded);
}

static inline enum code decode(struct view value, struct decoded *decoded) {
    return decode_on(LANE_SLOTS, value, decoded);
}

static inline struct view body_from_text(
    const char *full_name, const struct field_text *fields, size_t count) {
    struct view body = {0};
    struct error error = {""};
    enum status status = codec_from_text(
        fixture.codec, fixture.arena, schema_of(full_name), fields, count, &body, &error);
    if (status != STATUS_OK) {
        print_error("%s\n", error.text);
    }
    assert_int_equal(status, STATUS_OK);
    return body;
}

/* A whole file of the tests' directory; the caller frees it. */
static inline char *read_test_file(const char *path) {
    char full[1024];
    (void)snprintf(full, sizeof full, "%s/%s", TESTS_DIR, path);
    FILE *file = fopen(full, "re");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
    assert_int_equal(fclose(file), 0);
    return text;
}

#endif
