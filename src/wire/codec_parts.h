/* What codec.c builds and the other files of the codec use. */
#ifndef SLOTKEEPER_WIRE_CODEC_PARTS_H
#define SLOTKEEPER_WIRE_CODEC_PARTS_H

#include "wire/codec.h"
#include "wire/mapping.h"

#include <stdlib.h>

enum {
    BOUND_FIELDS_MAX = 20,
    PUBLIC_KEY_SIZE = 32 /* X25519 */
};

/* A value of any schema; `value` is used again and again, so that its buffers are too. */
struct generic {
    avro_value_iface_t *iface; /* NULL: not made */
    avro_value_t value;
};

bool generic_init(struct generic *generic, const struct schema *schema) MUST_USE;
void generic_clean_up(struct generic *generic);

/* avro-c fails on values that it has itself made only for want of memory, and there is nothing to
 * go on with then: what was not committed is done by the next worker. */
static inline void avro_must(int result) {
    if (result != 0) {
        abort();
    }
}

/* Where a field stands in a record that we write; branches are -1 outside a union. */
struct bound_field {
    size_t position;
    int null_branch;
    int value_branch;
};

/* Symbols are bound by our value: the schema's index, -1 for none. */
struct result_binding {
    int branch;
    struct bound_field fields[BOUND_FIELDS_MAX];
    int states[STATE_COUNT];
};

struct event_binding {
    struct bound_field fields[BOUND_FIELDS_MAX];
    int entities[ENTITY_COUNT];
    int states[STATE_COUNT];
    int roles[ROLE_COUNT];
    int reasons[REASON_COUNT];
};

struct result_writer {
    struct result_binding results[RESULT_TYPE_COUNT];
    struct bound_field seal_key[BOUND_FIELDS_MAX];
    int roles[ROLE_COUNT];
    /* The items of pages. */
    struct result_binding slot;
    struct result_binding appointment;
    struct event_binding event;
};

struct outcome_writer {
    const struct schema *schema;
    struct generic generic;
    struct bound_field outcome[BOUND_FIELDS_MAX];
    int statuses[OUTCOME_INVALID + 1];
    struct result_writer results;
};

struct token_writer {
    const struct schema *schema;
    int roles[ROLE_COUNT];
};

struct event_writer {
    const struct schema *schema;
    struct generic generic;
    struct event_binding binding;
};

struct codec {
    const struct schemas *schemas;
    enum lane lane;
    size_t record_size_max;
    avro_reader_t reader;
    avro_writer_t writer;
    struct mapping *commands; /* by the schema's index; without a definition: not of the lane */
    size_t command_count;     /* of those: schemas are added meanwhile */
    const struct schema *credentials_schema;
    struct view fields[SCHEMA_FIELDS_MAX]; /* of the record that is read */
    struct outcome_writer outcome;
    struct event_writer event;
    struct token_writer token;
};

/* Finds where the fields stand; STATUS_FATAL with *error set: the schemas built in lack something.
 */
enum status outcome_writer_init(
    struct outcome_writer *writer, const struct schemas *schemas, struct error *error) MUST_USE;
enum status event_writer_init(
    struct event_writer *writer, const struct schemas *schemas, struct error *error) MUST_USE;
/* `record` is a record AuditEvent, wherever it stands. */
enum status event_binding_init(
    struct event_binding *binding, const struct type *record, struct error *error) MUST_USE;
enum status token_writer_init(
    struct token_writer *writer, const struct schemas *schemas, struct error *error) MUST_USE;
/* `results` is the union of an outcome's results. */
enum status result_writer_init(
    struct result_writer *writer, const struct type *results, struct error *error) MUST_USE;

/* `names` are all the fields of the record, in any order. */
enum status bind_fields(
    const struct type *record,
    const char *const *names,
    size_t count,
    struct bound_field *fields,
    struct error *error) MUST_USE;
/* For each of our words the index in the schema's enum, or -1; NULL words have none. */
void bind_symbols(
    const struct type *enumeration, const char *const *words, size_t count, int *indexes);
/* False: the enum lacks a role. */
bool bind_roles(const struct type *enumeration, int indexes[ROLE_COUNT]) MUST_USE;

/* Setting fields of a record; the one set is never a union's other branch. */
void put_null(avro_value_t *record, const struct bound_field *field);
void put_uuid(avro_value_t *record, const struct bound_field *field, struct uuid uuid);
void put_uuid_if(
    avro_value_t *record, const struct bound_field *field, bool present, struct uuid uuid);
/* NULL: null. */
void put_text(avro_value_t *record, const struct bound_field *field, const char *text);
void put_long(avro_value_t *record, const struct bound_field *field, int64_t number);
void put_symbol(avro_value_t *record, const struct bound_field *field, int index);
void put_boolean(avro_value_t *record, const struct bound_field *field, bool boolean);
void put_bytes(avro_value_t *record, const struct bound_field *field, struct view bytes);
void put_fixed(avro_value_t *record, const struct bound_field *field, struct view bytes);

void put_event(
    const struct event_binding *binding, avro_value_t *record, const struct audit_event *event);
/* Sets the union of an outcome's results. */
void put_result(
    const struct result_writer *writer, avro_value_t *value, const struct result *result);

/* What the writer's records are to us; without a definition: no command of the lane, and no
 * credentials. */
const struct mapping *codec_mapping(struct codec *codec, const struct schema *writer) MUST_USE;

/* The value's bytes, in the arena. */
struct view codec_write(struct codec *codec, struct arena *arena, avro_value_t *value) MUST_USE;
/* Reads a body that the walker has passed. False: not read whole. */
bool codec_read(struct codec *codec, struct view body, avro_value_t *value) MUST_USE;

/* A field's value from its bytes, which the walk has passed; `type` is the field's, a string, a
 * long or null and one of those. False: null, or no UUID. */
bool field_text(const struct type *type, struct view bytes, struct view *text) MUST_USE;
bool field_long(const struct type *type, struct view bytes, int64_t *number) MUST_USE;
bool field_uuid(const struct type *type, struct view bytes, struct uuid *uuid) MUST_USE;

/* The same by the field's name, which the record has; `fields` are those of the record. */
bool record_text(
    const struct type *record,
    const struct view *fields,
    const char *name,
    struct view *text) MUST_USE;
bool record_long(
    const struct type *record,
    const struct view *fields,
    const char *name,
    int64_t *number) MUST_USE;
bool record_uuid(
    const struct type *record,
    const struct view *fields,
    const char *name,
    struct uuid *uuid) MUST_USE;

#endif
