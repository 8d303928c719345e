/* A request and its outcome on a reply topic. */
#ifndef SLOTKEEPER_CLI_EXCHANGE_H
#define SLOTKEEPER_CLI_EXCHANGE_H

#include "cli/consumer.h"
#include "cli/delivery.h"
#include "cli/render.h"
#include "security/seal.h"

struct exchange {
    const struct settings *settings;
    struct renderer *renderer;
    const char *reply_topic;
    struct consumer *consumer; /* of the reply topic; NULL: not opened */
    int64_t timeout_us;        /* of each of the two ways */
};

/* The consumer stands at the topic's end when this returns, so that no answer is missed; no-op if
 * it is open. The caller destroys it. */
enum status exchange_open(struct exchange *exchange, struct error *error) MUST_USE;

/* The outcome of the request with this correlation id, rendered, which the caller gives to
 * json_decref; *outcome NULL: not in time. `command_id` NULL: any. */
enum status exchange_await(
    const struct exchange *exchange,
    const char *correlation,
    const char *command_id,
    json_t **outcome,
    struct error *error) MUST_USE;

/* Asks for the service's keys (GetServiceKeys), and takes the one to seal to first. */
enum status exchange_ask_seal_key(
    struct exchange *exchange, struct seal_public *key, struct error *error) MUST_USE;

#endif
