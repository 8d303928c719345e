/* `send`: one request from the shell, and with --wait its outcome. The consumer of the reply topic
 * stands at its end before the request goes out, so that no answer is missed. */
#include "base/time.h"
#include "cli/clients.h"
#include "cli/consumer.h"
#include "cli/delivery.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/request.h"
#include "cli/usage.h"

#include <stdlib.h>
#include <string.h>

const char cli_send_usage[] =
    "  slotkeeper send COMMAND FIELD=VALUE... [--token TOKEN] [--wait] [--timeout DURATION]\n"
    "  slotkeeper send --raw FILE|- --topic TOPIC [--key KEY]\n"
    "  slotkeeper send --tombstone --topic TOPIC [--key KEY]\n"
    "\n"
    "Sends one command or query, in any case (`slotkeeper schemas` lists them), to its topic, and\n"
    "says where it landed. Times are RFC 3339, null is null, bytes are hexadecimal digits;\n"
    "command_id is minted if it is not given. --raw sends bytes as they are, --tombstone a null\n"
    "value: to try bad input.\n"
    "  --token TOKEN         the bearer token; default: SLOTKEEPER_TOKEN of the environment, "
    "where\n"
    "                        other users of the machine do not see it; '' sends none\n"
    "  --wait                print the outcome; exit status 0 if it is ACCEPTED\n"
    "  --timeout DURATION    how long to wait for the broker, and for the outcome; default 30s\n"
    "  --reply-topic TOPIC   where the outcome goes; with --wait the default is the prefix's\n"
    "                        replies.cli, without it the service's outcomes\n"
    "  --correlation TEXT    what the outcome repeats; with --wait the default is random\n"
    "  --expires TIME        the request is refused EXPIRED if it is decided later\n"
    "  --key KEY             the record's key instead of the command's own\n"
    "  --topic TOPIC         the topic instead of the command's own\n"
    "  --header NAME=VALUE   one more header, of bytes if VALUE is hex:00ff; repeatable\n";

enum { POLL_MS = 100, TOKEN_SIZE_MAX = 64 * 1024 };

#define TIMEOUT_MIN_US (TIME_SECOND_US / 1000)
#define TIMEOUT_MAX_US (INT64_C(86400) * TIME_SECOND_US)

static const struct option_row rows[] = {
    {"--token", OPTION_VALUE},
    {"--wait", OPTION_FLAG},
    {"--timeout", OPTION_VALUE},
    {"--key", OPTION_VALUE},
    {"--expires", OPTION_VALUE},
    {"--correlation", OPTION_VALUE},
    {"--topic", OPTION_VALUE},
    {"--reply-topic", OPTION_VALUE},
    {"--raw", OPTION_VALUE},
    {"--tombstone", OPTION_FLAG},
    {"--header", OPTION_REPEATED},
    {NULL, OPTION_FLAG},
};

struct sending {
    const struct cli *cli;
    struct options options;
    struct request request;
    struct renderer renderer;
    bool wait;
    int64_t timeout_us;
    struct topic_name reply_topic; /* "": none */
    char correlation[256];         /* "": none */
    struct delivery delivery;
};

/* NULL, or what is wrong with how the options stand together. */
static const char *check_arguments(const struct sending *sending) {
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

/* Where the answer goes, and how it is known. */
static const char *read_route(struct sending *sending) {
    const char *timeout = options_value(&sending->options, "--timeout");
    const char *topic = options_value(&sending->options, "--reply-topic");
    const char *correlation = options_value(&sending->options, "--correlation");
    sending->wait = options_has(&sending->options, "--wait");
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

static enum status build_value(struct sending *sending, struct error *error) {
    const struct options *options = &sending->options;
    const char *file = options_value(options, "--raw");
    if (file != NULL) {
        return request_value_from_file(&sending->request, file, error);
    }
    if (options_has(options, "--tombstone")) {
        return STATUS_OK;
    }
    struct request_words words = {
        sending->cli->settings->topics_prefix, options->arguments, options->argument_count};
    return request_from_words(
        &sending->request, sending->renderer.schemas, sending->renderer.codec, &words, error);
}

static enum status add_token(struct sending *sending, struct error *error) {
    const char *token = options_value(&sending->options, "--token");
    if (token == NULL) {
        token = getenv("SLOTKEEPER_TOKEN"); // NOLINT(concurrency-mt-unsafe): one thread
    }
    if (token == NULL || token[0] == '\0') {
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

static enum status build(struct sending *sending, struct error *error) {
    const char *key = options_value(&sending->options, "--key");
    const char *topic = options_value(&sending->options, "--topic");
    enum status status = build_value(sending, error);
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

static json_t *request_json(const struct sending *sending) {
    const struct request *request = &sending->request;
    return json_pack(
        "{s:s, s:i, s:I, s:s?, s:s?}",
        "topic",
        request->topic.text,
        "partition",
        (int)sending->delivery.partition,
        "offset",
        (json_int_t)sending->delivery.offset,
        "command",
        request->command,
        "command_id",
        request->command_id);
}

static void print_landed(const struct sending *sending, FILE *out) {
    const struct request *request = &sending->request;
    (void)fprintf(
        out,
        "%s is at %s [%d] offset %lld%s%s\n",
        request->command == NULL ? "the record" : request->command,
        request->topic.text,
        (int)sending->delivery.partition,
        (long long)sending->delivery.offset,
        request->command_id == NULL ? "" : ", command_id ",
        request->command_id == NULL ? "" : request->command_id);
}

/* Correlation ids are random, but a reply topic is anybody's who may write it: an answer to another
 * command_id is not ours. An unreadable request's has none. */
static bool is_ours(const struct sending *sending, const json_t *record) {
    const char *correlation = rendered_text(record, "correlation");
    const char *schema = rendered_text(record, "schema");
    const char *command_id = rendered_value_text(record, "command_id");
    if (correlation == NULL || strcmp(correlation, sending->correlation) != 0 || schema == NULL
        || strcmp(schema, "slotkeeper.event.Outcome") != 0) {
        return false;
    }
    return command_id == NULL || sending->request.command_id == NULL
           || strcmp(command_id, sending->request.command_id) == 0;
}

/* The outcome, or NULL: not in time. */
static enum status await_outcome(
    struct sending *sending, struct consumer *consumer, json_t **outcome, struct error *error) {
    int64_t end_us = time_monotonic_us() + sending->timeout_us;
    enum status status = STATUS_OK;
    *outcome = NULL;
    while (status == STATUS_OK && *outcome == NULL && time_monotonic_us() < end_us) {
        rd_kafka_message_t *message;
        status = consumer_next(consumer, POLL_MS, &message, error);
        if (message == NULL) {
            continue;
        }
        json_t *record = render_message(&sending->renderer, message);
        rd_kafka_message_destroy(message);
        if (is_ours(sending, record)) {
            *outcome = record;
        } else {
            json_decref(record);
        }
    }
    return status;
}

static int print_outcome(const struct sending *sending, json_t *outcome) {
    const char *status = rendered_value_text(outcome, "status");
    int exit_status = status != NULL && strcmp(status, "ACCEPTED") == 0 ? EXIT_DONE : EXIT_FAILED;
    if (sending->cli->json) {
        (void)json_object_set_new(outcome, "request", request_json(sending));
        print_json_line(outcome);
    } else {
        print_record(outcome, stdout);
        json_decref(outcome);
    }
    return exit_status;
}

static int say_timeout(const struct sending *sending) {
    (void)fprintf(
        stderr,
        "slotkeeper: no outcome within %lld ms. Does a worker run and take %s [%d]? "
        "`slotkeeper listen outcomes --from-beginning` shows an outcome that could not go to %s. "
        "To send it again with the same command_id is safe.\n",
        (long long)(sending->timeout_us / 1000),
        sending->request.topic.text,
        (int)sending->delivery.partition,
        sending->reply_topic.text);
    return EXIT_FAILED;
}

static int send_and_wait(struct sending *sending, struct consumer *consumer) {
    struct error error;
    json_t *outcome;
    enum status status = deliver(
        sending->cli->settings,
        &sending->request,
        (int)(sending->timeout_us / 1000),
        &sending->delivery,
        &error);
    if (status != STATUS_OK) {
        return cli_failed(&error);
    }
    if (consumer == NULL) {
        if (sending->cli->json) {
            print_json_line(request_json(sending));
        } else {
            print_landed(sending, stdout);
        }
        return EXIT_DONE;
    }
    if (!sending->cli->json) {
        print_landed(sending, stderr);
    }
    if (await_outcome(sending, consumer, &outcome, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    return outcome == NULL ? say_timeout(sending) : print_outcome(sending, outcome);
}

static int run(struct sending *sending) {
    struct error error;
    struct consumer *consumer = NULL;
    if (renderer_init(&sending->renderer, &error) != STATUS_OK
        || request_init(&sending->request, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (build(sending, &error) != STATUS_OK) {
        (void)cli_failed(&error);
        return EXIT_USAGE;
    }
    if (sending->wait) {
        consumer = consumer_new(
            sending->cli->settings, sending->reply_topic.text, CONSUMER_FROM_END, &error);
        if (consumer == NULL) {
            return cli_failed(&error);
        }
    }
    int exit_status = send_and_wait(sending, consumer);
    consumer_destroy(consumer);
    return exit_status;
}

int cli_send(const struct cli *cli) {
    struct sending sending = {.cli = cli};
    enum options_result result = options_read(cli, rows, cli_send_usage, &sending.options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    const char *wrong = check_arguments(&sending);
    if (wrong == NULL) {
        wrong = read_route(&sending);
    }
    if (wrong != NULL) {
        return options_usage(cli_send_usage, wrong);
    }
    if (!cli_has_kafka(cli)) {
        return EXIT_USAGE;
    }
    int exit_status = run(&sending);
    request_clean_up(&sending.request);
    renderer_clean_up(&sending.renderer);
    return exit_status;
}
