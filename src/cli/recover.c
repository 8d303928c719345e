/* `recover`: partitions that a worker does not go on with, why, and what going on costs. */
#include "cli/clients.h"
#include "cli/database.h"
#include "cli/options.h"
#include "cli/recover_apply.h"
#include "cli/render.h"
#include "cli/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char cli_recover_usage[] =
    "  slotkeeper recover [--accept-loss]\n"
    "\n"
    "Compares what the database (database.admin_url) and Kafka know of each partition of the\n"
    "command topics, says which ones a worker does not go on with and why, and what would be\n"
    "answered twice or is lost. Changes nothing, and may run beside workers; exit status 1 if\n"
    "anything was found.\n"
    "  --accept-loss   go on with what is left, as it was said; only while no worker runs. What\n"
    "                  Kafka has answers of and the database has not is decided again under new\n"
    "                  ids, and every token issued before ends.\n";

static const struct option_row rows[] = {
    {"--accept-loss", OPTION_FLAG},
    {NULL, OPTION_FLAG},
};

/* What each range of a plan means, for programs and for people. */
struct consequence {
    const char *name;
    const char *sentence;
    struct offset_range range;
};

enum { CONSEQUENCES = 5 };

static void list_consequences(
    const struct recover_plan *plan, struct consequence list[CONSEQUENCES]) {
    list[0] = (struct consequence){
        "answered_again", "answered before, decided again under new ids", plan->again};
    list[1] = (struct consequence){
        "lost",
        "answered before; their effects are lost, and they are gone from the topic",
        plan->lost};
    list[2] = (struct consequence){
        "unread", "gone before they were read; nobody answers them", plan->unread};
    list[3] = (struct consequence){
        "sent_again", "decided; their answers may be sent twice, the same bytes", plan->resent};
    list[4] = (struct consequence){
        "unsent",
        "of the topic before; decided, but their answers may never have been sent: whoever sends "
        "such a command again gets it",
        plan->unsent};
}

/* ---- for people ---- */

static void print_place(const char *kind, int64_t offset) {
    if (offset < 0) {
        (void)printf(", no %s", kind);
    } else {
        (void)printf(", %s %" PRId64, kind, offset);
    }
}

static void print_consequences(const struct recover_plan *plan) {
    struct consequence list[CONSEQUENCES];
    list_consequences(plan, list);
    for (size_t i = 0; i < CONSEQUENCES; i++) {
        struct offset_range range = list[i].range;
        if (!range_is_empty(range)) {
            (void)printf(
                "  offsets %" PRId64 " to %" PRId64 ": %s\n",
                range.from,
                range.below - 1,
                list[i].sentence);
        }
    }
    if (plan->old_topic_read_from >= 0) {
        (void)printf(
            "  the topic before was read below offset %" PRId64
            ": what else was on it is lost; all that is on this one is decided\n",
            plan->old_topic_read_from);
    }
}

static void print_row(const struct topic_name *name, const struct recover_row *row) {
    const struct recover_facts *facts = &row->facts;
    const struct partition *partition = &facts->partition;
    (void)printf(
        "%s [%d]: %s\n  %s\n",
        name->text,
        (int)partition->number,
        row->plan.found,
        row->plan.reason.text);
    (void)printf(
        "  database: next offset %" PRId64 ", published below %" PRId64 ", generation %" PRId64,
        partition->next_offset,
        partition->published_offset,
        partition->generation);
    print_place("last record", partition->last_offset);
    (void)printf(
        "\n  Kafka: begins at %" PRId64 ", ends at %" PRId64,
        facts->low_watermark,
        facts->high_watermark);
    print_place("committed offset", facts->committed_offset);
    (void)putchar('\n');
    print_consequences(&row->plan);
}

/* ---- for programs ---- */

static json_t *json_range(struct offset_range range) {
    return range_is_empty(range)
               ? json_null()
               : json_pack(
                   "{s:I, s:I}", "from", (json_int_t)range.from, "below", (json_int_t)range.below);
}

static json_t *json_offset(int64_t offset) {
    return offset < 0 ? json_null() : json_integer(offset);
}

static void print_row_json(
    const struct topic_name *name, const struct recover_row *row, bool accepted) {
    const struct recover_facts *facts = &row->facts;
    const struct partition *partition = &facts->partition;
    struct consequence list[CONSEQUENCES];
    json_t *object = json_pack(
        "{s:s, s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b}",
        "topic",
        name->text,
        "partition",
        (int)partition->number,
        "found",
        row->plan.found,
        "message",
        row->plan.reason.text,
        "next_offset",
        (json_int_t)partition->next_offset,
        "published_offset",
        (json_int_t)partition->published_offset,
        "generation",
        (json_int_t)partition->generation,
        "low_watermark",
        (json_int_t)facts->low_watermark,
        "high_watermark",
        (json_int_t)facts->high_watermark,
        "last_offset",
        json_offset(partition->last_offset),
        "committed_offset",
        json_offset(facts->committed_offset),
        "accepted",
        (int)accepted);
    list_consequences(&row->plan, list);
    for (size_t i = 0; i < CONSEQUENCES; i++) {
        (void)json_object_set_new(object, list[i].name, json_range(list[i].range));
    }
    (void)json_object_set_new(
        object, "old_topic_read_below", json_offset(row->plan.old_topic_read_from));
    print_json_line(object);
}

/* ---- running ---- */

static size_t count_found(const struct recovery *recovery) {
    size_t count = 0;
    for (size_t i = 0; i < recovery->row_count; i++) {
        count += recovery->rows[i].plan.found != NULL ? 1 : 0;
    }
    return count;
}

static void print_rows(const struct recovery *recovery, bool accepted) {
    for (size_t i = 0; i < recovery->row_count; i++) {
        const struct recover_row *row = &recovery->rows[i];
        struct topic_name name = topic_name(recovery->cli->settings->topics_prefix, row->topic);
        if (row->plan.found == NULL) {
            continue;
        }
        if (recovery->cli->json) {
            print_row_json(&name, row, accepted);
        } else {
            print_row(&name, row);
        }
    }
}

static int accept_loss(const struct recovery *recovery) {
    struct error error;
    if (!recovery->cli->json) {
        print_rows(recovery, true);
        (void)fflush(stdout);
    }
    if (recovery_apply(recovery, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (recovery->cli->json) {
        print_rows(recovery, true);
    } else {
        (void)puts("accepted: workers go on from here once they are started");
    }
    return EXIT_DONE;
}

static int recover(struct recovery *recovery, bool accepted) {
    struct error error;
    int exit_status;
    recovery->connection = database_open(recovery->cli, &exit_status, &error);
    if (recovery->connection == NULL) {
        (void)cli_failed(&error);
        return exit_status;
    }
    if (recovery_gather(recovery, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (count_found(recovery) == 0) {
        if (!recovery->cli->json) {
            (void)printf(
                "nothing to do: PostgreSQL and Kafka agree on all %zu partitions\n",
                recovery->row_count);
        }
        return EXIT_DONE;
    }
    if (!accepted) {
        print_rows(recovery, false);
        (void)fputs(
            "slotkeeper recover: nothing was changed; --accept-loss goes on as said\n", stderr);
        return EXIT_FAILED;
    }
    return recovery_check_idle(recovery, &error) == STATUS_OK ? accept_loss(recovery)
                                                              : cli_failed(&error);
}

int cli_recover(const struct cli *cli) {
    struct options options;
    struct recovery recovery = {.cli = cli};
    enum options_result result = options_read(cli, rows, cli_recover_usage, &options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    if (options.argument_count != 0) {
        return options_usage(cli_recover_usage, "recover takes no words");
    }
    if (!cli_has_kafka(cli)) {
        return EXIT_USAGE;
    }
    int exit_status = recover(&recovery, options_has(&options, "--accept-loss"));
    recovery_clean_up(&recovery);
    return exit_status;
}
