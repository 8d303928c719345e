/* Records for people and for programs: one JSON object a record, printed as it is or as aligned
 * lines. Whatever cannot be decoded is shown as hexadecimal digits; nothing here fails on what it
 * reads. */
#ifndef SLOTKEEPER_CLI_RENDER_H
#define SLOTKEEPER_CLI_RENDER_H

#include "wire/codec.h"

#include <librdkafka/rdkafka.h>

#include <jansson.h>
#include <stdio.h>

/* The schemas built in, and memory for one record at a time. */
struct renderer {
    struct schemas *schemas;
    struct codec *codec;
    struct arena *arena;
};

/* STATUS_FATAL: *error says why; clean up in any case. */
enum status renderer_init(struct renderer *renderer, struct error *error) MUST_USE;
void renderer_clean_up(struct renderer *renderer);

/* topic, partition, offset, timestamp, key, what the headers say, schema and value; "..._hex" where
 * bytes are no text. A bearer token is never shown. The caller releases it with json_decref. */
json_t *render_message(struct renderer *renderer, const rd_kafka_message_t *message) MUST_USE;

/* The text of a member of the record, or of its value; NULL: none. */
const char *rendered_text(const json_t *record, const char *name) MUST_USE;
const char *rendered_value_text(const json_t *record, const char *name) MUST_USE;

/* One line. Releases `object`. */
void print_json_line(json_t *object);
/* A head line and a line a field. */
void print_record(json_t *record, FILE *out);

#endif
