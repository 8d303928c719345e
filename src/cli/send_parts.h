/* What the files of `send` share. */
#ifndef SLOTKEEPER_CLI_SEND_PARTS_H
#define SLOTKEEPER_CLI_SEND_PARTS_H

#include "cli/exchange.h"
#include "cli/options.h"
#include "cli/request.h"
#include "cli/sealing.h"

struct sending {
    const struct cli *cli;
    struct options options;
    struct request request;
    struct renderer renderer;
    struct exchange exchange;
    struct sealing sealing;
    struct seal_public seal_key; /* kid "": not found yet */
    bool wait;
    int64_t timeout_us;
    struct topic_name reply_topic; /* "": none */
    struct topic_name keys_topic;  /* where the service's keys are told */
    char correlation[256];         /* "": none */
    struct delivery delivery;
};

/* NULL, or what is wrong with how the options stand together. */
const char *send_check_arguments(const struct sending *sending) MUST_USE;
/* Where the answer goes, and how it is known. NULL, or what is wrong with it. */
const char *send_read_route(struct sending *sending) MUST_USE;

/* NULL: none. One of the environment is not sent along with what takes no token: it may be
 * anybody's. */
const char *send_token(const struct sending *sending) MUST_USE;

/* All that can be told and asked without the service. The words are tried with a box that is not
 * the real one, so that a wrong field is named before anybody types a password. */
enum status send_begin_sealing(struct sending *sending, struct error *error) MUST_USE;
/* Finds the key to seal to, asks the service for it if need be, and seals. */
enum status send_finish_sealing(struct sending *sending, struct error *error) MUST_USE;

enum status send_build_value(struct sending *sending, struct error *error) MUST_USE;
/* The whole record. */
enum status send_build(struct sending *sending, struct error *error) MUST_USE;

/* Where it landed. */
void send_print_landed(const struct sending *sending, FILE *out);
json_t *send_request_json(const struct sending *sending) MUST_USE;
/* The outcome, or of it the token alone. Takes `outcome`; returns an exit status. */
int send_print_outcome(struct sending *sending, json_t *outcome) MUST_USE;

#endif
