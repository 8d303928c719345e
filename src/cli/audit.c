/* `audit verify`: the chains of the database, recomputed, and against the audit topic. It may run
 * at any time. Events are durable in the database before they are produced, and published_offset
 * moves after Kafka has confirmed them, so with high watermarks taken before and after the
 * snapshot:
 * - a record below the watermark from before the snapshot is in the snapshot, or somebody added it,
 * or took its row away; one above may be newer;
 * - an event that the snapshot does not show as unpublished is below the watermark from after it,
 * or somebody added the row, or took the record away. */
#include "base/time.h"
#include "cli/audit_database.h"
#include "cli/audit_republish.h"
#include "cli/audit_textfile.h"
#include "cli/audit_topic.h"
#include "cli/clients.h"
#include "cli/database.h"
#include "cli/options.h"
#include "cli/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char cli_audit_usage[] =
    "  slotkeeper audit verify [--timeout DURATION] [--textfile FILE]\n"
    "  slotkeeper audit republish [--all] [--timeout DURATION]\n"
    "\n"
    "verify recomputes the hash chain of every slot and account in the database "
    "(database.admin_url) and\n"
    "compares it, event by event, with the audit topic, read from its beginning. Says what it has\n"
    "counted, or names the first event that differs, is missing or was added, and exits 1. It may\n"
    "run while workers do. A chain that a purge has taken is fine if an admin's event accounts "
    "for\n"
    "it. Takes 64 bytes of memory an event, purged ones included.\n"
    "republish publishes the database's events that are not on the audit topic, the same bytes\n"
    "again, for a topic that was lost or made anew; chain by chain, each in order. It may run\n"
    "while workers do, and again after it broke off. Its memory does not grow with the database.\n"
    "  --all                also what is on the topic: each event stands there twice then\n"
    "  --timeout DURATION   give up when the topic yields nothing for so long; default 60s\n"
    "  --textfile FILE      after a clean run, when that was, for node_exporter\n";

static const struct option_row rows[] = {
    {"--all", OPTION_FLAG},
    {"--timeout", OPTION_VALUE},
    {"--textfile", OPTION_VALUE},
    {NULL, OPTION_FLAG},
};

const char *audit_kind_name(enum audit_kind kind) {
    switch (kind) {
    case AUDIT_NOTHING:
        return "none";
    case AUDIT_CHANGED:
        return "changed_in_database";
    case AUDIT_GAP:
        return "missing_in_chain";
    case AUDIT_RECORD_UNREADABLE:
        return "unreadable_on_topic";
    case AUDIT_RECORD_CHANGED:
        return "changed_on_topic";
    case AUDIT_DIFFERS:
        return "differs";
    case AUDIT_ONLY_ON_TOPIC:
        return "only_on_topic";
    case AUDIT_ONLY_IN_DATABASE:
        return "only_in_database";
    case AUDIT_PURGED_ON_TOPIC:
        return "missing_on_topic";
    case AUDIT_UNACCOUNTED:
        return "purge_unaccounted";
    }
    return "none";
}

const char *audit_kind_sentence(enum audit_kind kind) {
    switch (kind) {
    case AUDIT_NOTHING:
        return "nothing was found";
    case AUDIT_CHANGED:
        return "the database's row does not match its hash: it, or the one before it, was changed";
    case AUDIT_GAP:
        return "the database's row is missing, later ones of its chain are there";
    case AUDIT_RECORD_UNREADABLE:
        return "the record on the audit topic is not an audit event";
    case AUDIT_RECORD_CHANGED:
        return "the record on the audit topic does not match its hash: it was changed";
    case AUDIT_DIFFERS:
        return "the audit topic and the database have different events at this place";
    case AUDIT_ONLY_ON_TOPIC:
        return "it is on the audit topic, but not in the database";
    case AUDIT_ONLY_IN_DATABASE:
        return "it is in the database, but not on the audit topic";
    case AUDIT_PURGED_ON_TOPIC:
        return "its chain was purged, and on the audit topic this event of it is missing";
    case AUDIT_UNACCOUNTED:
        return "what is noted as purged and what the admin's event of the purge says do not agree";
    }
    return "";
}

struct verification {
    const struct cli *cli;
    int64_t timeout_us;
    const char *textfile; /* NULL: none is wanted */
    PGconn *connection;
    struct consumer *consumer;
    struct renderer renderer;
    int64_t *ends; /* before the snapshot, then after it: one offset a partition each */
    struct audit_set *set;
    struct audit_counts counts;
    struct audit_finding finding;
};

/* The order of these is what the comparison rests on. */
static enum status take_bearings(struct verification *verification, struct error *error) {
    const struct settings *settings = verification->cli->settings;
    struct topic_name topic = topic_name(settings->topics_prefix, TOPIC_AUDIT);
    verification->consumer = consumer_new(settings, topic.text, CONSUMER_FROM_BEGINNING, error);
    if (verification->consumer == NULL) {
        return STATUS_RETRY;
    }
    int32_t partitions = consumer_partition_count(verification->consumer);
    verification->ends = calloc((size_t)partitions * 2, sizeof *verification->ends);
    if (verification->ends == NULL) {
        return error_set(error, STATUS_FATAL, "no memory");
    }
    enum status status =
        topic_high_watermarks(settings, topic.text, verification->ends, partitions, error);
    if (status == STATUS_OK) {
        status = audit_snapshot_begin(verification->connection, &verification->set, error);
    }
    if (status == STATUS_OK) {
        status = topic_high_watermarks(
            settings, topic.text, verification->ends + partitions, partitions, error);
    }
    return status;
}

static enum status compare(struct verification *verification, struct error *error) {
    struct audit_counts *counts = &verification->counts;
    struct audit_finding *finding = &verification->finding;
    struct audit_topic topic = {
        .consumer = verification->consumer,
        .renderer = &verification->renderer,
        .ends_before = verification->ends,
        .ends_after = verification->ends + consumer_partition_count(verification->consumer),
        .timeout_us = verification->timeout_us,
    };
    enum status status =
        audit_database_read(verification->connection, verification->set, counts, finding, error);
    if (status == STATUS_OK && finding->kind == AUDIT_NOTHING) {
        status = audit_topic_read(&topic, verification->set, counts, finding, error);
    }
    if (status == STATUS_OK && finding->kind == AUDIT_NOTHING) {
        audit_topic_find_missing(verification->set, counts, finding);
    }
    return status;
}

static int print_clean(const struct verification *verification) {
    const struct audit_counts *counts = &verification->counts;
    if (verification->cli->json) {
        print_json_line(json_pack(
            "{s:b, s:I, s:I, s:I, s:I, s:I, s:I}",
            "clean",
            1,
            "chains",
            (json_int_t)counts->chains,
            "events",
            (json_int_t)counts->events,
            "records",
            (json_int_t)counts->records,
            "unpublished",
            (json_int_t)counts->unpublished,
            "newer",
            (json_int_t)counts->newer,
            "purged",
            (json_int_t)counts->purged));
    } else {
        (void)printf(
            "audit clean: %lld chains, %lld events in the database; %lld records on the topic; "
            "%lld not published yet; %lld newer; %lld chains purged\n",
            (long long)counts->chains,
            (long long)counts->events,
            (long long)counts->records,
            (long long)counts->unpublished,
            (long long)counts->newer,
            (long long)counts->purged);
    }
    return EXIT_DONE;
}

static void print_finding_json(const struct audit_finding *finding) {
    char chain_id[UUID_TEXT_SIZE + 1];
    char event_id[UUID_TEXT_SIZE + 1];
    json_t *object = json_pack(
        "{s:b, s:s, s:s}",
        "clean",
        0,
        "finding",
        audit_kind_name(finding->kind),
        "message",
        audit_kind_sentence(finding->kind));
    if (finding->kind != AUDIT_RECORD_UNREADABLE) {
        uuid_format(finding->place.chain_id, chain_id);
        const char *kind = finding->place.account ? "account_id" : "slot_id";
        (void)json_object_set_new(object, kind, json_string(chain_id));
        (void)json_object_set_new(object, "sequence", json_integer(finding->place.sequence));
    }
    if (finding->has_event_id) {
        uuid_format(finding->event_id, event_id);
        (void)json_object_set_new(object, "event_id", json_string(event_id));
    }
    if (finding->has_record) {
        (void)json_object_set_new(object, "partition", json_integer(finding->partition));
        (void)json_object_set_new(object, "offset", json_integer(finding->offset));
    }
    print_json_line(object);
}

static void print_finding_text(const struct audit_finding *finding) {
    char id[UUID_TEXT_SIZE + 1];
    (void)fputs("audit finding:", stdout);
    if (finding->kind != AUDIT_RECORD_UNREADABLE) {
        uuid_format(finding->place.chain_id, id);
        (void)printf(
            " %s %s, event %lld",
            finding->place.account ? "account" : "slot",
            id,
            (long long)finding->place.sequence);
    }
    if (finding->has_event_id) {
        uuid_format(finding->event_id, id);
        (void)printf(" (%s)", id);
    }
    if (finding->has_record) {
        (void)printf(
            ", at [%d] offset %lld of the topic",
            (int)finding->partition,
            (long long)finding->offset);
    }
    (void)printf(": %s\n", audit_kind_sentence(finding->kind));
}

static int print_finding(const struct verification *verification) {
    if (verification->cli->json) {
        print_finding_json(&verification->finding);
    } else {
        print_finding_text(&verification->finding);
    }
    return EXIT_FAILED;
}

static int verify(struct verification *verification) {
    struct error error;
    int exit_status;
    verification->connection = database_open(verification->cli, &exit_status, &error);
    if (verification->connection == NULL) {
        (void)cli_failed(&error);
        return exit_status;
    }
    if (renderer_init(&verification->renderer, &error) != STATUS_OK
        || take_bearings(verification, &error) != STATUS_OK
        || compare(verification, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    bool clean = verification->finding.kind == AUDIT_NOTHING;
    if (clean && verification->textfile != NULL
        && audit_textfile_write(verification->textfile, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    return clean ? print_clean(verification) : print_finding(verification);
}

static void clean_up(struct verification *verification) {
    audit_set_destroy(verification->set);
    free(verification->ends);
    consumer_destroy(verification->consumer);
    renderer_clean_up(&verification->renderer);
    PQfinish(verification->connection);
}

int cli_audit(const struct cli *cli) {
    struct options options;
    struct verification verification = {.cli = cli, .timeout_us = 60 * TIME_SECOND_US};
    enum options_result result = options_read(cli, rows, cli_audit_usage, &options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    const char *action = options.argument_count == 1 ? options.arguments[0] : "";
    bool all = options_has(&options, "--all");
    bool again = strcmp(action, "republish") == 0;
    if (!again && (strcmp(action, "verify") != 0 || all)) {
        return options_usage(
            cli_audit_usage,
            "audit takes one word, verify or republish; only the latter has --all");
    }
    const char *timeout = options_value(&options, "--timeout");
    if (timeout != NULL && !duration_parse(timeout, &verification.timeout_us)) {
        return options_usage(cli_audit_usage, "--timeout takes a duration such as 30s or 5m");
    }
    verification.textfile = options_value(&options, "--textfile");
    if (!cli_has_kafka(cli)) {
        return EXIT_USAGE;
    }
    if (again) {
        return audit_republish(cli, all, verification.timeout_us);
    }
    int exit_status = verify(&verification);
    clean_up(&verification);
    return exit_status;
}
