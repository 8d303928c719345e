/* The binary array format: dimensions, a null flag, the element type, length and lower bound, then
 * each element behind its length. */
#include "postgres/array.h"

#include <assert.h>

enum { HEADER_SIZE = 20, NULL_FLAG_OFFSET = 4, COUNT_OFFSET = 12, NULL_LENGTH = -1 };

static void put_u32(uint8_t *bytes, uint32_t number) {
    bytes[0] = (uint8_t)(number >> 24);
    bytes[1] = (uint8_t)(number >> 16);
    bytes[2] = (uint8_t)(number >> 8);
    bytes[3] = (uint8_t)number;
}

static void put_u64(uint8_t *bytes, uint64_t number) {
    put_u32(bytes, (uint32_t)(number >> 32));
    put_u32(bytes + 4, (uint32_t)number);
}

static size_t expected_size(enum element_type type) {
    switch (type) {
    case ELEMENT_BOOL:
        return 1;
    case ELEMENT_INT2:
        return 2;
    case ELEMENT_INT4:
        return 4;
    case ELEMENT_INT8:
    case ELEMENT_TIMESTAMPTZ:
        return 8;
    case ELEMENT_UUID:
    case ELEMENT_TEXT:
        return 16;
    case ELEMENT_BYTEA:
        return 64;
    }
    return 16;
}

void array_begin(
    struct array *array, struct arena *arena, enum element_type type, size_t count_expected) {
    size_t capacity = HEADER_SIZE + count_expected * (4 + expected_size(type));
    *array = (struct array){
        .arena = arena,
        .bytes = arena_take(arena, capacity),
        .size = HEADER_SIZE,
        .capacity = capacity,
        .type = type};
    put_u32(array->bytes, 1);
    put_u32(array->bytes + 8, (uint32_t)type);
    put_u32(array->bytes + 16, 1);
}

/* Room for one element of `size` bytes, its length written. */
static uint8_t *add(struct array *array, size_t size) {
    size_t needed = array->size + 4 + size;
    if (needed > array->capacity) {
        size_t capacity = 2 * needed;
        uint8_t *bytes = arena_take(array->arena, capacity);
        memcpy(bytes, array->bytes, array->size);
        array->bytes = bytes;
        array->capacity = capacity;
    }
    uint8_t *element = array->bytes + array->size;
    put_u32(element, (uint32_t)size);
    array->size = needed;
    array->count++;
    put_u32(array->bytes + COUNT_OFFSET, (uint32_t)array->count);
    return element + 4;
}

void array_add_null(struct array *array) {
    uint8_t *element = add(array, 0);
    put_u32(element - 4, (uint32_t)NULL_LENGTH);
    put_u32(array->bytes + NULL_FLAG_OFFSET, 1);
}

void array_add_bool(struct array *array, bool value) {
    *add(array, 1) = value ? 1 : 0;
}

void array_add_int2(struct array *array, int16_t value) {
    uint8_t *bytes = add(array, 2);
    bytes[0] = (uint8_t)((uint16_t)value >> 8);
    bytes[1] = (uint8_t)value;
}

void array_add_int4(struct array *array, int32_t value) {
    put_u32(add(array, 4), (uint32_t)value);
}

void array_add_int8(struct array *array, int64_t value) {
    put_u64(add(array, 8), (uint64_t)value);
}

void array_add_time(struct array *array, int64_t time_us) {
    array_add_int8(array, time_us - POSTGRES_EPOCH_US);
}

void array_add_uuid(struct array *array, struct uuid value) {
    memcpy(add(array, sizeof value.bytes), value.bytes, sizeof value.bytes);
}

void array_add_bytes(struct array *array, struct view value) {
    if (value.data == NULL) {
        array_add_null(array);
        return;
    }
    uint8_t *bytes = add(array, value.size);
    if (value.size > 0) {
        memcpy(bytes, value.data, value.size);
    }
}

static void add_parameter(struct parameters *parameters, const void *bytes, size_t size) {
    assert(parameters->count < PARAMETERS_MAX && size <= INT32_MAX);
    parameters->values[parameters->count] = bytes;
    parameters->lengths[parameters->count] = (int)size;
    parameters->count++;
}

void parameters_add_array(struct parameters *parameters, const struct array *array) {
    add_parameter(parameters, array->bytes, array->size);
}

void parameters_add_uuids(
    struct parameters *parameters, struct arena *arena, const struct uuid *ids, size_t count) {
    struct array array;
    array_begin(&array, arena, ELEMENT_UUID, count);
    for (size_t i = 0; i < count; i++) {
        array_add_uuid(&array, ids[i]);
    }
    parameters_add_array(parameters, &array);
}

void parameters_add_uuid(struct parameters *parameters, struct arena *arena, struct uuid value) {
    add_parameter(
        parameters,
        arena_copy(arena, view_of(value.bytes, sizeof value.bytes)).data,
        sizeof value.bytes);
}

void parameters_add_text(struct parameters *parameters, struct view text) {
    add_parameter(parameters, text.data, text.size);
}

void parameters_add_int4(struct parameters *parameters, struct arena *arena, int32_t value) {
    uint8_t *bytes = arena_take(arena, 4);
    put_u32(bytes, (uint32_t)value);
    add_parameter(parameters, bytes, 4);
}

void parameters_add_int8(struct parameters *parameters, struct arena *arena, int64_t value) {
    uint8_t *bytes = arena_take(arena, 8);
    put_u64(bytes, (uint64_t)value);
    add_parameter(parameters, bytes, 8);
}

void parameters_add_time(struct parameters *parameters, struct arena *arena, int64_t time_us) {
    parameters_add_int8(parameters, arena, time_us - POSTGRES_EPOCH_US);
}
