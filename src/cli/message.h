/* What `send` sends: a command built from words, or bytes as they are. */
#ifndef SLOTKEEPER_CLI_MESSAGE_H
#define SLOTKEEPER_CLI_MESSAGE_H

#include "base/arena.h"
#include "kafka/topics.h"
#include "wire/codec.h"

#include <librdkafka/rdkafka.h>

struct message {
    struct topic_name topic;
    struct view key;             /* data NULL: null */
    struct view value;           /* data NULL: null */
    const char *command;         /* the record's name; NULL: bytes as they are */
    const char *command_id;      /* NULL: bytes as they are */
    rd_kafka_headers_t *headers; /* owned */
    struct arena *arena;         /* of what the views show */
};

/* STATUS_FATAL: no memory; clean up in any case. */
enum status message_init(struct message *message, struct error *error) MUST_USE;
void message_clean_up(struct message *message);

/* `words`: the command's or query's name, in any case, then FIELD=VALUE each, of which there must
 * be one at least. Sets topic, key, value, command and command_id, which is minted unless it is
 * among the words. STATUS_INVALID: *error names the field. */
struct message_words {
    const char *prefix; /* topics.prefix */
    const char *const *words;
    size_t count;
};

enum status message_from_words(
    struct message *message,
    const struct schemas *schemas,
    struct codec *codec,
    const struct message_words *words,
    struct error *error) MUST_USE;

/* The bytes of a file, or of standard input ("-"), as the value; at most MESSAGE_VALUE_MAX. */
enum { MESSAGE_VALUE_MAX = 4 * 1024 * 1024 };

enum status message_value_from_file(
    struct message *message, const char *path, struct error *error) MUST_USE;

void message_add_header(struct message *message, const char *name, struct view value);
/* "NAME=VALUE", or "NAME=hex:00ff" for bytes. */
enum status message_add_header_text(
    struct message *message, const char *text, struct error *error) MUST_USE;

#endif
