/* `topics create` and `topics check`. */
#include "cli/clients.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/usage.h"
#include "kafka/topic_admin.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

const char cli_topics_usage[] =
    "  slotkeeper topics create\n"
    "  slotkeeper topics check\n"
    "\n"
    "create makes the topics that are not there yet, with topics.prefix, topics.partitions,\n"
    "topics.replication_factor and the configuration that the service relies on. Topics that are\n"
    "there stay as they are. check prints what differs on the cluster, and exits 1 if anything "
    "does.\n"
    "To add partitions: first to the -dlt topics and audit, then to the request topics.\n";

static const struct option_row rows[] = {{NULL, OPTION_FLAG}};
static const char *const fixed[] = {NULL};

static void print_made(
    const struct cli *cli,
    const struct topic_plan *plan,
    const struct topics_found *found,
    const bool made[TOPIC_COUNT]) {
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        struct topic_name name = topic_name(plan->prefix, (enum topic)i);
        int partitions = made[i] ? topic_partitions_needed(plan, found, (enum topic)i)
                                 : found->topics[i].partitions;
        if (cli->json) {
            print_json_line(json_pack(
                "{s:s, s:b, s:i}",
                "topic",
                name.text,
                "created",
                (int)made[i],
                "partitions",
                partitions));
        } else {
            (void)printf(
                "%-16s %s, %d partitions\n",
                made[i] ? "created" : "already there",
                name.text,
                partitions);
        }
    }
}

static int run_create(const struct cli *cli, rd_kafka_t *client, const struct topic_plan *plan) {
    struct topics_found found;
    struct error error;
    bool made[TOPIC_COUNT];
    if (kafka_topics_read(client, plan, CLIENT_TIMEOUT_MS, &found, &error) != STATUS_OK
        || kafka_topics_create(client, plan, &found, made, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    print_made(cli, plan, &found, made);
    return EXIT_DONE;
}

static void print_difference(
    const struct cli *cli,
    const struct topic_plan *plan,
    const struct topic_difference *difference) {
    struct topic_name name = topic_name(plan->prefix, difference->topic);
    if (cli->json) {
        print_json_line(json_pack(
            "{s:s, s:s, s:s, s:s}",
            "topic",
            name.text,
            "what",
            difference->what,
            "is",
            difference->is,
            "should_be",
            difference->should_be));
    } else if (strcmp(difference->what, "topic") == 0) {
        (void)printf("%s: missing\n", name.text);
    } else {
        (void)printf(
            "%s: %s is %s, should be %s\n",
            name.text,
            difference->what,
            difference->is[0] == '\0' ? "not told" : difference->is,
            difference->should_be);
    }
}

static int run_check(const struct cli *cli, rd_kafka_t *client, const struct topic_plan *plan) {
    struct topics_found found;
    struct error error;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    if (kafka_topics_read(client, plan, CLIENT_TIMEOUT_MS, &found, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    size_t count = topics_compare(plan, &found, differences);
    for (size_t i = 0; i < count; i++) {
        print_difference(cli, plan, &differences[i]);
    }
    if (count == 0 && !cli->json) {
        (void)puts("all topics are as they should be");
    }
    return count == 0 ? EXIT_DONE : EXIT_FAILED;
}

int cli_topics(const struct cli *cli) {
    struct options options;
    enum options_result result = options_read(cli, rows, cli_topics_usage, &options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    const char *action = options.argument_count == 1 ? options.arguments[0] : "";
    bool create = strcmp(action, "create") == 0;
    if (!create && strcmp(action, "check") != 0) {
        return options_usage(cli_topics_usage, "topics takes one word, create or check");
    }
    if (!cli_has_kafka(cli)) {
        return EXIT_USAGE;
    }
    struct error error;
    struct topic_plan plan = cli_topic_plan(cli->settings);
    struct client_request request = {.type = RD_KAFKA_PRODUCER, .fixed = fixed};
    rd_kafka_t *client = cli_client_new(cli->settings, &request, &error);
    if (client == NULL) {
        return cli_failed(&error);
    }
    int exit_status = create ? run_create(cli, client, &plan) : run_check(cli, client, &plan);
    rd_kafka_destroy(client);
    return exit_status;
}
