/* Reading binary results. The columns' types are those of the statements in statements.c; a value
 * of another size is a defect of ours and asserts. */
#ifndef SLOTKEEPER_POSTGRES_ROW_H
#define SLOTKEEPER_POSTGRES_ROW_H

#include "base/uuid.h"

#include <libpq-fe.h>

bool row_is_null(const PGresult *result, int row, int column);
bool row_bool(const PGresult *result, int row, int column);
int16_t row_int2(const PGresult *result, int row, int column);
int32_t row_int4(const PGresult *result, int row, int column);
int64_t row_int8(const PGresult *result, int row, int column);
int64_t row_time_us(
    const PGresult *result, int row, int column); /* infinities are cut to INT64_MIN and _MAX */
struct uuid row_uuid(const PGresult *result, int row, int column);
struct view row_bytes(
    const PGresult *result, int row, int column); /* null: data NULL; valid as long as the result */
struct digest row_digest(const PGresult *result, int row, int column);
/* How many rows an INSERT, UPDATE or DELETE touched. */
size_t result_affected(PGresult *result);

#endif
