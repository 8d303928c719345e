/* To add a subcommand: a file with its function, a line in cli.h, a row here. */
#include "cli/subcommand.h"

#include "cli/usage.h"

#include <string.h>

/* clang-format off */
const struct subcommand subcommands[] = {
    {"worker", cli_worker,
     "run the service until SIGTERM",
     "  slotkeeper worker\n"
     "\n"
     "Takes its part of the request topics' partitions and decides what is in them, until\n"
     "SIGTERM or SIGINT; what it has begun it finishes, for at most worker.drain. SIGHUP reads\n"
     "the keys again. Any number of workers may run with the same settings. When it is ready it\n"
     "logs \"ready\" with the port of /livez, /readyz and /metrics.\n"},

    {"topics", cli_topics,
     "make the topics, or say how they differ",
     cli_topics_usage},

    {"schemas", cli_schemas,
     "show the schemas built in",
     "  slotkeeper schemas [NAME]\n"
     "\n"
     "The names and fingerprints of all, or the text of one.\n"},

    {"keys", cli_keys,
     "make signing and sealing keys, and tokens for trying things",
     cli_keys_usage},

    {"admin", cli_admin,
     "make the first accounts, straight in the database",
     cli_admin_usage},

    {"send", cli_send,
     "send one command or query",
     cli_send_usage},

    {"listen", cli_listen,
     "print what the service writes, decoded",
     cli_listen_usage},

    {"audit", cli_audit,
     "check the audit chains, or publish them again",
     cli_audit_usage},

    {"recover", cli_recover,
     "go on after PostgreSQL or Kafka lost something",
     cli_recover_usage},

    {"settings", cli_settings,
     "print the settings table as Markdown",
     "  slotkeeper settings\n"
     "  slotkeeper settings --metrics\n"
     "\n"
     "What docs/settings.md and docs/metrics.md hold. Values are not shown.\n"},
};
/* clang-format on */

const size_t subcommand_count = sizeof subcommands / sizeof subcommands[0];

const struct subcommand *subcommand_find(const char *name) {
    for (size_t i = 0; i < subcommand_count; i++) {
        if (strcmp(subcommands[i].name, name) == 0) {
            return &subcommands[i];
        }
    }
    return NULL;
}
