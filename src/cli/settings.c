/* The settings table and the metrics table, as docs/ holds them. */
#include "base/metrics.h"
#include "cli/cli.h"

#include <string.h>

int cli_settings(const struct cli *cli) {
    if (cli->argc == 1) {
        settings_print_markdown();
        return EXIT_DONE;
    }
    if (cli->argc == 2 && strcmp(cli->argv[1], "--metrics") == 0) {
        metrics_print_markdown();
        return EXIT_DONE;
    }
    return cli_usage_error(cli, "takes --metrics or nothing");
}
