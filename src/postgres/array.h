/* Binary parameters for libpq: arrays of a column each, built in the batch's arena. */
#ifndef SLOTKEEPER_POSTGRES_ARRAY_H
#define SLOTKEEPER_POSTGRES_ARRAY_H

#include "base/arena.h"
#include "base/uuid.h"

enum { PARAMETERS_MAX = 20 };

/* PostgreSQL's type oids, which are fixed for built-in types. */
enum element_type {
    ELEMENT_BOOL = 16,
    ELEMENT_BYTEA = 17,
    ELEMENT_INT8 = 20,
    ELEMENT_INT2 = 21,
    ELEMENT_INT4 = 23,
    ELEMENT_TEXT = 25,
    ELEMENT_TIMESTAMPTZ = 1184,
    ELEMENT_UUID = 2950,
};

/* A one-dimensional array under construction. */
struct array {
    struct arena *arena;
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    int32_t count;
    enum element_type type;
};

void array_begin(
    struct array *array, struct arena *arena, enum element_type type, size_t count_expected);
void array_add_null(struct array *array);
void array_add_bool(struct array *array, bool value);
void array_add_int2(struct array *array, int16_t value);
void array_add_int4(struct array *array, int32_t value);
void array_add_int8(struct array *array, int64_t value);
void array_add_time(struct array *array, int64_t time_us); /* microseconds since 1970 */
void array_add_uuid(struct array *array, struct uuid value);
void array_add_bytes(struct array *array, struct view value); /* text or bytea; data NULL: null */

/* The parameters of one statement, all binary. Values must live until the statement has run. */
struct parameters {
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX];
    int count;
};

void parameters_add_array(struct parameters *parameters, const struct array *array);
void parameters_add_uuids(
    struct parameters *parameters, struct arena *arena, const struct uuid *ids, size_t count);
void parameters_add_uuid(struct parameters *parameters, struct arena *arena, struct uuid value);
void parameters_add_text(struct parameters *parameters, struct view text);
void parameters_add_int4(struct parameters *parameters, struct arena *arena, int32_t value);
void parameters_add_int8(struct parameters *parameters, struct arena *arena, int64_t value);
void parameters_add_time(struct parameters *parameters, struct arena *arena, int64_t time_us);

/* PostgreSQL counts its timestamps from 2000-01-01. */
#define POSTGRES_EPOCH_US INT64_C(946684800000000)

#endif
