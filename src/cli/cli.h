/* Subcommands: each is a row in subcommand.c's table and a function in a file of its own. */
#ifndef SLOTKEEPER_CLI_CLI_H
#define SLOTKEEPER_CLI_CLI_H

#include "app/settings.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What every subcommand gets: settings already loaded, its own arguments (argv[0] is the
 * subcommand's name), --json taken out. Messages for people go to standard error, results to
 * standard output. Returns an exit status. */
struct cli {
    const struct settings *settings;
    bool json;
    int argc;
    char **argv;
};

/* Finds the subcommand, takes --config, --set, --json, --help from anywhere before "--", and runs
 * it. */
int cli_main(int argc, char **argv);

/* For a subcommand that cannot read its arguments: "slotkeeper NAME: ..." and a hint at its --help
 * on standard error; returns EXIT_USAGE. */
int cli_usage_error(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

int cli_worker(const struct cli *cli);
int cli_topics(const struct cli *cli);
int cli_schemas(const struct cli *cli);
int cli_keys(const struct cli *cli);
int cli_admin(const struct cli *cli);
int cli_send(const struct cli *cli);
int cli_listen(const struct cli *cli);
int cli_audit(const struct cli *cli);
int cli_recover(const struct cli *cli);
int cli_settings(const struct cli *cli); /* prints docs/settings.md */

#endif
