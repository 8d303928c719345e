/* To add a subcommand: a file with its function, a line in cli.h, a row here. */
#include "cli/subcommand.h"

#include <string.h>

/* clang-format off */
const struct subcommand subcommands[] = {
    {"worker", cli_worker,
     "run the service until SIGTERM",
     "  slotkeeper worker\n"
     "\n"
     "Takes its part of the request topics' partitions and decides what is in them, until "
     "SIGTERM\n"
     "or SIGINT; what it has begun it finishes, for at most worker.drain. SIGHUP reads the "
     "keys\n"
     "again. Any number of workers may run with the same settings. When it is ready it logs\n"
     "\"ready\" with the port of /livez, /readyz and /metrics.\n"},

    {"topics", cli_topics,
     "make the topics, or say how they differ",
     "  slotkeeper topics create\n"
     "  slotkeeper topics check\n"
     "\n"
     "create makes every topic that is missing and adds the partitions that are. check names "
     "each\n"
     "difference from what the service needs, and exits 1 if there is one.\n"},

    {"schemas", cli_schemas,
     "show the schemas built in",
     "  slotkeeper schemas [NAME]\n"
     "\n"
     "The names and fingerprints of all, or the text of one.\n"},

    {"keys", cli_keys,
     "make signing and sealing keys, and tokens for trying things",
     "  slotkeeper keys generate --alg ES256 --kid KID\n"
     "  slotkeeper keys generate --seal --kid KID\n"
     "  slotkeeper keys jwks\n"
     "  slotkeeper keys token --sub ACCOUNT --role ROLE --ttl DURATION\n"
     "\n"
     "generate writes a private key, and adds the public part of a signing key to\n"
     "token.jwks_file. jwks prints the public keys. token prints a token and nothing else.\n"},

    {"admin", cli_admin,
     "make the first accounts, straight in the database",
     "  slotkeeper admin create-account --role ROLE --login LOGIN\n"
     "\n"
     "ROLE is admin, doctor or patient. The password is asked for, or read from standard "
     "input.\n"
     "Prints the account's id. Needs database.admin_url.\n"},

    {"send", cli_send,
     "send one command or query",
     "  slotkeeper send COMMAND FIELD=VALUE... [--token TOKEN] [--wait]\n"
     "\n"
     "Times are RFC 3339; null is null; command_id is minted if it is not given. For sealed\n"
     "commands give login=LOGIN; the password is asked for, or read from standard input. "
     "--wait\n"
     "prints the outcome.\n"},

    {"listen", cli_listen,
     "print what the service writes, decoded",
     "  slotkeeper listen outcomes|audit|TOPIC [--from-beginning]\n"
     "\n"
     "Committed records only, until SIGINT.\n"},

    {"audit", cli_audit,
     "check the audit chains, or publish them again",
     "  slotkeeper audit verify\n"
     "  slotkeeper audit republish\n"
     "\n"
     "verify recomputes every chain in the database, compares it with the audit topic, and "
     "exits 1\n"
     "with the name of the first event that differs, is missing or was added. republish writes "
     "the\n"
     "same bytes again to a lost or new audit topic.\n"},

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
