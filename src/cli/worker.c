/* The service itself; see src/app/worker.c. */
#include "app/worker.h"

#include "cli/cli.h"

int cli_worker(const struct cli *cli) {
    if (cli->argc > 1) {
        return cli_usage_error(cli, "takes no arguments");
    }
    return worker_main(cli->settings);
}
