/* Read first: a subcommand is found by name and run; src/app/worker.c is where the service itself
 * begins. */
#include "cli/cli.h"

int main(int argc, char **argv) {
    return cli_main(argc, argv);
}
