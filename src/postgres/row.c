/* Binary results: network byte order throughout. */
#include "postgres/row.h"

#include "postgres/array.h"

#include <assert.h>
#include <stdlib.h>

static const uint8_t *bytes_of(const PGresult *result, int row, int column, size_t size) {
    assert(
        PQgetisnull(result, row, column) == 0 && (size_t)PQgetlength(result, row, column) == size);
    (void)size;
    return (const uint8_t *)PQgetvalue(result, row, column);
}

bool row_is_null(const PGresult *result, int row, int column) {
    return PQgetisnull(result, row, column) != 0;
}

bool row_bool(const PGresult *result, int row, int column) {
    return bytes_of(result, row, column, 1)[0] != 0;
}

int16_t row_int2(const PGresult *result, int row, int column) {
    const uint8_t *bytes = bytes_of(result, row, column, 2);
    return (int16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

int32_t row_int4(const PGresult *result, int row, int column) {
    return (int32_t)get_u32(bytes_of(result, row, column, 4));
}

int64_t row_int8(const PGresult *result, int row, int column) {
    const uint8_t *bytes = bytes_of(result, row, column, 8);
    return (int64_t)((uint64_t)get_u32(bytes) << 32 | get_u32(bytes + 4));
}

int64_t row_time_us(const PGresult *result, int row, int column) {
    int64_t time = row_int8(result, row, column);
    return time == INT64_MIN || time > INT64_MAX - POSTGRES_EPOCH_US ? time
                                                                     : time + POSTGRES_EPOCH_US;
}

struct uuid row_uuid(const PGresult *result, int row, int column) {
    struct uuid uuid;
    memcpy(uuid.bytes, bytes_of(result, row, column, sizeof uuid.bytes), sizeof uuid.bytes);
    return uuid;
}

struct view row_bytes(const PGresult *result, int row, int column) {
    if (row_is_null(result, row, column)) {
        return view_of(NULL, 0);
    }
    return view_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

struct digest row_digest(const PGresult *result, int row, int column) {
    struct digest digest;
    memcpy(digest.bytes, bytes_of(result, row, column, sizeof digest.bytes), sizeof digest.bytes);
    return digest;
}

size_t result_affected(PGresult *result) {
    return (size_t)strtoull(PQcmdTuples(result), NULL, 10);
}
