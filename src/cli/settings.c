/* The settings table, as docs/settings.md holds it. */
#include "cli/cli.h"

int cli_settings(const struct cli *cli) {
    if (cli->argc > 1) {
        return cli_usage_error(cli, "takes no arguments");
    }
    settings_print_markdown();
    return EXIT_DONE;
}
