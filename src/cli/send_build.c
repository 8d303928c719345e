/* From the options of `send` to a record: value, headers, key and topic. */
#include "base/time.h"
#include "cli/send_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_SIZE_MAX = 64 * 1024 };

#define TIMEOUT_MIN_US (TIME_SECOND_US / 1000)
#define TIMEOUT_MAX_US (INT64_C(86400) * TIME_SECOND_US)

const char *send_check_arguments(const struct sending *sending) {
    const struct options *options = &sending->options;
    bool raw = options_has(options, "--raw");
    bool tombstone = options_has(options, "--tombstone");
    const char *correlation = options_value(options, "--correlation");
    const char *expires = options_value(options, "--expires");
    int64_t time_us;
    if (raw && tombstone) {
        return "--raw and --tombstone exclude each other";
    }
    if ((raw || tombstone) && (options->argument_count > 0 || !options_has(options, "--topic"))) {
        return "--raw and --tombstone take --topic, and no command";
    }
    if (!raw && !tombstone && options->argument_count == 0) {
        return "send takes a command or a query";
    }
    if (expires != NULL && !time_parse(view_text(expires), &time_us)) {
        return "--expires takes a time such as 2030-01-31T09:00:00Z";
    }
    if (correlation != NULL && strlen(correlation) >= sizeof sending->correlation) {
        return "--correlation takes at most 255 bytes";
    }
    return NULL;
}

static bool name_put(struct topic_name *name, const char *text) {
    int size = snprintf(name->text, sizeof name->text, "%s", text);
    return size >= 0 && (size_t)size < sizeof name->text;
}

const char *send_read_route(struct sending *sending) {
    const char *timeout = options_value(&sending->options, "--timeout");
    const char *topic = options_value(&sending->options, "--reply-topic");
    const char *correlation = options_value(&sending->options, "--correlation");
    sending->wait =
        options_has(&sending->options, "--wait") || options_has(&sending->options, "--token-only");
    sending->timeout_us = 30 * TIME_SECOND_US;
    if (timeout != NULL
        && (!duration_parse(timeout, &sending->timeout_us) || sending->timeout_us < TIMEOUT_MIN_US
            || sending->timeout_us > TIMEOUT_MAX_US)) {
        return "--timeout takes a duration from 1ms to 24h";
    }
    if (topic != NULL && !name_put(&sending->reply_topic, topic)) {
        return "--reply-topic takes a topic's name";
    }
    if (topic == NULL && sending->wait) {
        sending->reply_topic = topic_name(sending->cli->settings->topics_prefix, TOPIC_REPLIES_CLI);
    }
    if (correlation != NULL) {
        (void)snprintf(sending->correlation, sizeof sending->correlation, "%s", correlation);
    } else if (sending->wait) {
        uuid_format(uuid_random(), sending->correlation);
    }
    return NULL;
}

enum status send_build_value(struct sending *sending, struct error *error) {
    const struct options *options = &sending->options;
    const struct sealing *sealing = &sending->sealing;
    const char *file = options_value(options, "--raw");
    if (file != NULL) {
        return request_value_from_file(&sending->request, file, error);
    }
    if (options_has(options, "--tombstone")) {
        return STATUS_OK;
    }
    bool sealed = sealing->definition != NULL;
    struct request_words words = {
        sending->cli->settings->topics_prefix,
        sealed ? sealing->words : options->arguments,
        sealed ? sealing->word_count : options->argument_count};
    return request_from_words(
        &sending->request, sending->renderer.schemas, sending->renderer.codec, &words, error);
}

const char *send_token(const struct sending *sending) {
    const char *token = options_value(&sending->options, "--token");
    if (token == NULL && !sealing_replaces_token(&sending->sealing)) {
        token = getenv("SLOTKEEPER_TOKEN"); // NOLINT(concurrency-mt-unsafe): one thread
    }
    return token == NULL || token[0] == '\0' ? NULL : token;
}

static enum status add_token(struct sending *sending, struct error *error) {
    const char *token = send_token(sending);
    if (token == NULL) {
        return STATUS_OK;
    }
    size_t size = strlen(token);
    if (size > TOKEN_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "the token is longer than 64 KiB");
    }
    char *header = arena_take(sending->request.arena, size + sizeof "Bearer ");
    (void)snprintf(header, size + sizeof "Bearer ", "Bearer %s", token);
    request_add_header(&sending->request, "authorization", view_text(header));
    return STATUS_OK;
}

static enum status build_headers(struct sending *sending, struct error *error) {
    struct request *request = &sending->request;
    const char *expires = options_value(&sending->options, "--expires");
    size_t at = 0;
    enum status status = add_token(sending, error);
    if (sending->correlation[0] != '\0') {
        request_add_header(request, "kafka_correlationId", view_text(sending->correlation));
    }
    if (sending->reply_topic.text[0] != '\0') {
        request_add_header(request, "kafka_replyTopic", view_text(sending->reply_topic.text));
    }
    if (expires != NULL) {
        request_add_header(request, "ce_expirytime", view_text(expires));
    }
    for (const char *header = options_next(&sending->options, "--header", &at);
         status == STATUS_OK && header != NULL;
         header = options_next(&sending->options, "--header", &at)) {
        status = request_add_header_text(request, header, error);
    }
    return status;
}

enum status send_build(struct sending *sending, struct error *error) {
    const char *key = options_value(&sending->options, "--key");
    const char *topic = options_value(&sending->options, "--topic");
    enum status status = send_build_value(sending, error);
    if (status == STATUS_OK) {
        status = build_headers(sending, error);
    }
    if (status == STATUS_OK && topic != NULL && !name_put(&sending->request.topic, topic)) {
        status = error_set(error, STATUS_INVALID, "--topic takes a topic's name");
    }
    if (key != NULL) {
        sending->request.key = view_text(key);
    }
    return status;
}
