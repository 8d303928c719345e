/* Waiting for one's own among the answers of a reply topic. */
#include "cli/exchange.h"

#include "base/time.h"
#include "base/uuid.h"
#include "cli/seal_key.h"

#include <string.h>

enum { POLL_MS = 100 };

enum status exchange_open(struct exchange *exchange, struct error *error) {
    if (exchange->consumer == NULL) {
        exchange->consumer =
            consumer_new(exchange->settings, exchange->reply_topic, CONSUMER_FROM_END, error);
    }
    return exchange->consumer == NULL ? STATUS_INVALID : STATUS_OK;
}

/* Correlation ids are random, but a reply topic is anybody's who may write it: an answer to another
 * command_id is not ours. An unreadable request's has none. */
static bool is_ours(const json_t *record, const char *wanted, const char *wanted_command_id) {
    const char *correlation = rendered_text(record, "correlation");
    const char *schema = rendered_text(record, "schema");
    const char *command_id = rendered_value_text(record, "command_id");
    if (correlation == NULL || strcmp(correlation, wanted) != 0 || schema == NULL
        || strcmp(schema, "slotkeeper.event.Outcome") != 0) {
        return false;
    }
    return command_id == NULL || wanted_command_id == NULL
           || strcmp(command_id, wanted_command_id) == 0;
}

enum status exchange_await(
    const struct exchange *exchange,
    const char *correlation,
    const char *command_id,
    json_t **outcome,
    struct error *error) {
    int64_t end_us = time_monotonic_us() + exchange->timeout_us;
    enum status status = STATUS_OK;
    *outcome = NULL;
    while (status == STATUS_OK && *outcome == NULL && time_monotonic_us() < end_us) {
        rd_kafka_message_t *message;
        status = consumer_next(exchange->consumer, POLL_MS, &message, error);
        if (message == NULL) {
            continue;
        }
        json_t *record = render_message(exchange->renderer, message);
        rd_kafka_message_destroy(message);
        if (is_ours(record, correlation, command_id)) {
            *outcome = record;
        } else {
            json_decref(record);
        }
    }
    return status;
}

/* ---- the service's keys ---- */

static enum status build_question(
    const struct exchange *exchange,
    struct request *request,
    const char *correlation,
    struct error *error) {
    static const char *const words[] = {"GetServiceKeys"};
    const struct request_words question = {exchange->settings->topics_prefix, words, 1};
    enum status status = request_init(request, error);
    if (status == STATUS_OK) {
        const struct renderer *renderer = exchange->renderer;
        status = request_from_words(request, renderer->schemas, renderer->codec, &question, error);
    }
    if (status == STATUS_OK) {
        request_add_header(request, "kafka_correlationId", view_text(correlation));
        request_add_header(request, "kafka_replyTopic", view_text(exchange->reply_topic));
    }
    return status;
}

static enum status take_key(
    const struct settings *settings,
    const json_t *outcome,
    struct seal_public *key,
    struct error *error) {
    if (outcome == NULL) {
        return error_set(
            error,
            STATUS_RETRY,
            "the service does not tell which key to seal to. Does a worker run? "
            "--seal-key KID=FILE names one without asking");
    }
    const struct seal_key_trust trust = {
        .jwks_file = settings->token_jwks_file,
        .age_max_s = settings->seal_age_max_us / TIME_SECOND_US,
        .now_s = time_wall_us() / TIME_SECOND_US,
    };
    return seal_key_from_outcome(outcome, &trust, key, error);
}

enum status exchange_ask_seal_key(
    struct exchange *exchange, struct seal_public *key, struct error *error) {
    char correlation[UUID_TEXT_SIZE + 1];
    struct request request;
    struct delivery delivery;
    json_t *outcome = NULL;
    uuid_format(uuid_random(), correlation);
    enum status status = build_question(exchange, &request, correlation, error);
    if (status == STATUS_OK) {
        status = exchange_open(exchange, error);
    }
    if (status == STATUS_OK) {
        int timeout_ms = (int)(exchange->timeout_us / 1000);
        status = deliver(exchange->settings, &request, timeout_ms, &delivery, error);
    }
    if (status == STATUS_OK) {
        status = exchange_await(exchange, correlation, request.command_id, &outcome, error);
    }
    if (status == STATUS_OK) {
        status = take_key(exchange->settings, outcome, key, error);
    }
    json_decref(outcome);
    request_clean_up(&request);
    return status;
}
