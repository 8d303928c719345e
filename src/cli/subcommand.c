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
     "  slotkeeper keys generate --alg ES256|RS256|HS256 --kid KID [--out FILE]\n"
     "  slotkeeper keys generate --seal --kid KID\n"
     "  slotkeeper keys jwks\n"
     "  slotkeeper keys token --sub ACCOUNT --role patient|doctor|admin [--ttl DURATION]\n"
     "\n"
     "generate --alg makes a signing key: the private part in FILE (default: "
     "token.signing_key_file)\n"
     "  as PEM, mode 0600, never over an existing file; the public part is added to "
     "token.jwks_file.\n"
     "  HS256 has no public part: FILE holds the raw 64 bytes, the JWK Set the same secret, and "
     "the\n"
     "  set's file becomes mode 0600. A key beside the one in use, for a rotation, takes --out.\n"
     "generate --seal makes an X25519 pair: seal.key_dir/KID.key (mode 0600) and KID.pub, 32 raw\n"
     "  bytes each.\n"
     "jwks prints the JWK Set without secrets and private parts.\n"
     "token prints a token, and nothing else, signed with token.signing_key_file as\n"
     "  token.signing_kid, for an account whose password was never changed. DURATION is seconds, "
     "or\n"
     "  30s, 15m, 24h, 7d; default token.ttl.\n"
     "KID is 1 to 64 letters, digits, dashes and underscores.\n"},

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
