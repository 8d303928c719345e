/* A snapshot of the database first, then how far the workers have published, then the topic up to
 * where it ends: an event of the snapshot that was published is on the topic by then, or was lost.
 * So it may run beside workers, which publish what they decide meanwhile by themselves. */
#include "cli/audit_republish.h"

#include "base/time.h"
#include "cli/audit_republish_topic.h"
#include "cli/clients.h"
#include "cli/database.h"
#include "cli/options.h"
#include "cli/recover_group.h"
#include "kafka/topic_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROGRESS_SECONDS = 10 };

struct republication {
    const struct cli *cli;
    bool all;
    int64_t timeout_us;
    PGconn *connection;
    struct renderer renderer;
    struct topics_found found;
    struct republisher *republisher;
    int64_t total;
    int64_t read;
    int64_t records; /* on the topic before */
    int64_t present;
    int64_t waiting;
    int64_t told_us; /* monotonic, when progress was last told */
};

static enum status count_partitions(struct republication *republication, struct error *error) {
    static const char *const fixed[] = {NULL};
    const struct settings *settings = republication->cli->settings;
    struct client_request request = {.type = RD_KAFKA_PRODUCER, .fixed = fixed};
    struct topic_plan plan = cli_topic_plan(settings);
    rd_kafka_t *client = cli_client_new(settings, &request, error);
    if (client == NULL) {
        return STATUS_INVALID;
    }
    enum status status =
        topics_read_counts(client, &plan, CLIENT_TIMEOUT_MS, &republication->found, error);
    rd_kafka_destroy(client);
    if (status == STATUS_OK && republication->found.topics[TOPIC_AUDIT].partitions <= 0) {
        struct topic_name topic = topic_name(settings->topics_prefix, TOPIC_AUDIT);
        return error_set(
            error,
            STATUS_INVALID,
            "there is no topic %.249s; `slotkeeper topics create` makes it",
            topic.text);
    }
    return status;
}

static enum status set_borders(
    struct republication *republication, enum topic topic, struct error *error) {
    const struct settings *settings = republication->cli->settings;
    struct topic_name name = topic_name(settings->topics_prefix, topic);
    int32_t count = republication->found.topics[topic].partitions;
    int64_t *offsets = calloc((size_t)count + 1, sizeof *offsets);
    if (offsets == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for %d partitions", (int)count);
    }
    enum status status =
        count <= 0 ? STATUS_OK : group_committed(settings, topic, offsets, count, error);
    for (int32_t i = 0; status == STATUS_OK && i < count; i++) {
        struct republish_border border = {
            name.text, topic == TOPIC_ACCOUNT_COMMANDS, i, offsets[i]};
        status = republish_set_border(republication->connection, &border, error);
    }
    free(offsets);
    return status;
}

static enum status note_present(
    void *self, const struct uuid *event_ids, size_t count, struct error *error) {
    struct republication *republication = self;
    return republish_note_present(republication->connection, event_ids, count, error);
}

/* The order of these is what the comparison rests on. */
static enum status take_bearings(struct republication *republication, struct error *error) {
    const struct republish_scan scan = {
        .settings = republication->cli->settings,
        .renderer = &republication->renderer,
        .timeout_us = republication->timeout_us,
        .note = note_present,
        .self = republication};
    enum status status = count_partitions(republication, error);
    if (status == STATUS_OK) {
        status = republish_begin(republication->connection, &republication->total, error);
    }
    if (status == STATUS_OK) {
        status = set_borders(republication, TOPIC_SLOT_COMMANDS, error);
    }
    if (status == STATUS_OK) {
        status = set_borders(republication, TOPIC_ACCOUNT_COMMANDS, error);
    }
    return status == STATUS_OK ? republish_scan(&scan, &republication->records, error) : status;
}

static void tell_plan(const struct republication *republication) {
    struct topic_name topic = topic_name(republication->cli->settings->topics_prefix, TOPIC_AUDIT);
    (void)fprintf(
        stderr,
        "%" PRId64 " events in the database, %" PRId64 " records on %s: publishing %s\n",
        republication->total,
        republication->records,
        topic.text,
        republication->all ? "all events again" : "the events that are missing there");
}

static void tell_progress(struct republication *republication) {
    int64_t now_us = time_monotonic_us();
    if (now_us - republication->told_us >= PROGRESS_SECONDS * TIME_SECOND_US) {
        republication->told_us = now_us;
        (void)fprintf(
            stderr,
            "%" PRId64 " of %" PRId64 " events read, %" PRId64 " published\n",
            republication->read,
            republication->total,
            republisher_confirmed(republication->republisher));
    }
}

static enum status take(void *self, const struct republish_row *row, struct error *error) {
    struct republication *republication = self;
    republication->read++;
    republication->present += row->state == REPUBLISH_PRESENT ? 1 : 0;
    republication->waiting += row->state == REPUBLISH_WAITING ? 1 : 0;
    tell_progress(republication);
    bool wanted =
        row->state == REPUBLISH_MISSING || (row->state == REPUBLISH_PRESENT && republication->all);
    return wanted ? republisher_publish(republication->republisher, row, error) : STATUS_OK;
}

static enum status publish(struct republication *republication, struct error *error) {
    republication->republisher = republisher_new(
        republication->cli->settings, &republication->renderer, &republication->found, error);
    if (republication->republisher == NULL) {
        return STATUS_INVALID;
    }
    tell_plan(republication);
    republication->told_us = time_monotonic_us();
    enum status status = republish_read(republication->connection, take, republication, error);
    return status == STATUS_OK ? republisher_finish(republication->republisher, error) : status;
}

static void print_done(const struct republication *republication) {
    int64_t published = republisher_confirmed(republication->republisher);
    if (republication->cli->json) {
        print_json_line(json_pack(
            "{s:I, s:I, s:I, s:I}",
            "events",
            (json_int_t)republication->total,
            "published",
            (json_int_t)published,
            "present",
            (json_int_t)republication->present,
            "waiting",
            (json_int_t)republication->waiting));
    } else {
        (void)printf(
            "audit republished: %" PRId64 " of %" PRId64 " events; %" PRId64
            " were on the topic before; %" PRId64 " are left to the workers\n",
            published,
            republication->total,
            republication->present,
            republication->waiting);
    }
}

static int republish(struct republication *republication) {
    struct error error;
    int exit_status;
    republication->connection = database_open(republication->cli, &exit_status, &error);
    if (republication->connection == NULL) {
        (void)cli_failed(&error);
        return exit_status;
    }
    if (renderer_init(&republication->renderer, &error) != STATUS_OK
        || take_bearings(republication, &error) != STATUS_OK
        || publish(republication, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    print_done(republication);
    return EXIT_DONE;
}

int audit_republish(const struct cli *cli, bool all, int64_t timeout_us) {
    struct republication republication = {.cli = cli, .all = all, .timeout_us = timeout_us};
    int exit_status = republish(&republication);
    republisher_destroy(republication.republisher);
    renderer_clean_up(&republication.renderer);
    PQfinish(republication.connection);
    return exit_status;
}
