/* `listen`: decoded records of a topic, as they come. */
#include "base/time.h"
#include "cli/clients.h"
#include "cli/consumer.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/usage.h"

#include <signal.h>
#include <string.h>

const char cli_listen_usage[] =
    "  slotkeeper listen outcomes|audit|TOPIC [--from-beginning] [--until-end] [--key KEY]\n"
    "                    [--count N] [--timeout DURATION]\n"
    "\n"
    "Prints committed records, decoded by the schema that they name; what cannot be decoded is\n"
    "shown as hexadecimal digits. outcomes, audit, slot-commands and the like stand for the\n"
    "service's own topics. No consumer group is joined and no offset committed. Without\n"
    "--from-beginning only what is written from now on. Ends on SIGINT, or:\n"
    "  --until-end          at the end that each partition had when listening began\n"
    "  --count N            after N records; exit status 1 if another of these ends it before\n"
    "  --timeout DURATION   when no record has come for so long (30s, 5m)\n"
    "  --key KEY            only records of this key count: a slot id on audit is its trail\n";

enum { POLL_MS = 100 };

static const struct option_row rows[] = {
    {"--from-beginning", OPTION_FLAG},
    {"--until-end", OPTION_FLAG},
    {"--key", OPTION_VALUE},
    {"--count", OPTION_VALUE},
    {"--timeout", OPTION_VALUE},
    {NULL, OPTION_FLAG},
};

struct listening {
    const struct cli *cli;
    struct topic_name topic;
    enum consumer_start start;
    bool until_end;
    const char *key;    /* NULL: any */
    int64_t count;      /* of records still to print; negative: no limit */
    int64_t timeout_us; /* negative: none */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static bool matches(const struct listening *listening, const rd_kafka_message_t *message) {
    return listening->key == NULL
           || (message->key != NULL
               && view_is(view_of(message->key, message->key_len), listening->key));
}

static void show(
    struct listening *listening, struct renderer *renderer, const rd_kafka_message_t *message) {
    json_t *record = render_message(renderer, message);
    if (listening->cli->json) {
        print_json_line(record);
    } else {
        print_record(record, stdout);
        json_decref(record);
    }
    listening->count -= listening->count > 0 ? 1 : 0;
}

static bool is_over(
    const struct listening *listening, const struct consumer *consumer, int64_t last_record_us) {
    bool too_long =
        listening->timeout_us >= 0 && time_monotonic_us() - last_record_us >= listening->timeout_us;
    bool at_end = listening->until_end && consumer_at_end(consumer);
    return interrupted != 0 || ferror(stdout) != 0 || listening->count == 0 || at_end || too_long;
}

static enum status follow(
    struct listening *listening,
    struct consumer *consumer,
    struct renderer *renderer,
    struct error *error) {
    enum status status = STATUS_OK;
    int64_t last_record_us = time_monotonic_us();
    while (status == STATUS_OK && !is_over(listening, consumer, last_record_us)) {
        rd_kafka_message_t *message;
        status = consumer_next(consumer, POLL_MS, &message, error);
        if (message == NULL) {
            continue;
        }
        bool matching = matches(listening, message);
        if (matching || !consumer_at_end(consumer)) {
            last_record_us = time_monotonic_us();
        }
        if (matching) {
            show(listening, renderer, message);
        }
        rd_kafka_message_destroy(message);
    }
    return status;
}

static int listen_to(struct listening *listening, struct renderer *renderer) {
    struct error error;
    struct consumer *consumer =
        consumer_new(listening->cli->settings, listening->topic.text, listening->start, &error);
    if (consumer == NULL) {
        return cli_failed(&error);
    }
    enum status status = follow(listening, consumer, renderer, &error);
    consumer_destroy(consumer);
    if (status != STATUS_OK) {
        return cli_failed(&error);
    }
    return listening->count > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* "audit" is the prefix's own; anything else is a topic's whole name. */
static bool name_topic(const char *prefix, const char *word, struct topic_name *name) {
    enum topic topic;
    if (topic_find(word, &topic)) {
        *name = topic_name(prefix, topic);
        return true;
    }
    int size = snprintf(name->text, sizeof name->text, "%s", word);
    return size > 0 && (size_t)size < sizeof name->text;
}

/* NULL, or what is wrong with the arguments. */
static const char *read_arguments(const struct options *options, struct listening *listening) {
    const char *count = options_value(options, "--count");
    const char *timeout = options_value(options, "--timeout");
    const char *prefix = listening->cli->settings->topics_prefix;
    bool from_beginning = options_has(options, "--from-beginning");
    listening->start = from_beginning ? CONSUMER_FROM_BEGINNING : CONSUMER_FROM_END;
    listening->until_end = options_has(options, "--until-end");
    listening->key = options_value(options, "--key");
    if (options->argument_count != 1
        || !name_topic(prefix, options->arguments[0], &listening->topic)) {
        return "listen takes one topic: outcomes, audit, or a name";
    }
    if (count != NULL && !count_parse(count, INT64_MAX, &listening->count)) {
        return "--count takes a number from 1 on";
    }
    if (timeout != NULL && !duration_parse(timeout, &listening->timeout_us)) {
        return "--timeout takes a duration such as 500ms, 30s or 5m";
    }
    return NULL;
}

int cli_listen(const struct cli *cli) {
    struct options options;
    struct listening listening = {.cli = cli, .count = -1, .timeout_us = -1};
    enum options_result result = options_read(cli, rows, cli_listen_usage, &options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    const char *wrong = read_arguments(&options, &listening);
    if (wrong != NULL) {
        return options_usage(cli_listen_usage, wrong);
    }
    if (!cli_has_kafka(cli)) {
        return EXIT_USAGE;
    }
    struct error error;
    struct renderer renderer;
    enum status status = renderer_init(&renderer, &error);
    catch_signals();
    int exit_status = status == STATUS_OK ? listen_to(&listening, &renderer) : cli_failed(&error);
    renderer_clean_up(&renderer);
    return exit_status;
}
