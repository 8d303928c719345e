/* What `send` sends: a command built from words, or bytes as they are. */
#ifndef SLOTKEEPER_CLI_REQUEST_H
#define SLOTKEEPER_CLI_REQUEST_H

#include "base/arena.h"
#include "kafka/topics.h"
#include "wire/codec.h"

#include <librdkafka/rdkafka.h>

struct request {
    struct topic_name topic;
    struct view key;             /* data NULL: null */
    struct view value;           /* data NULL: null */
    const char *command;         /* the record's name; NULL: bytes as they are */
    const char *command_id;      /* NULL: bytes as they are */
    rd_kafka_headers_t *headers; /* owned */
    struct arena *arena;         /* of what the views show */
};

/* STATUS_FATAL: no memory; clean up in any case. */
enum status request_init(struct request *request, struct error *error) MUST_USE;
void request_clean_up(struct request *request);

/* `words`: the command's or query's name, in any case, then FIELD=VALUE each, of which there must
 * be one at least. Sets topic, key, value, command and command_id, which is minted unless it is
 * among the words. STATUS_INVALID: *error names the field. */
struct request_words {
    const char *prefix; /* topics.prefix */
    const char *const *words;
    size_t count;
};

enum status request_from_words(
    struct request *request,
    const struct schemas *schemas,
    struct codec *codec,
    const struct request_words *words,
    struct error *error) MUST_USE;

/* The bytes of a file, or of standard input ("-"), as the value; at most REQUEST_VALUE_MAX. */
enum { REQUEST_VALUE_MAX = 4 * 1024 * 1024 };

enum status request_value_from_file(
    struct request *request, const char *path, struct error *error) MUST_USE;

void request_add_header(struct request *request, const char *name, struct view value);
/* "NAME=VALUE", or "NAME=hex:00ff" for bytes. */
enum status request_add_header_text(
    struct request *request, const char *text, struct error *error) MUST_USE;

#endif
