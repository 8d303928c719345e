/* The table of subcommands: one row each. */
#ifndef SLOTKEEPER_CLI_SUBCOMMAND_H
#define SLOTKEEPER_CLI_SUBCOMMAND_H

#include "cli/cli.h"

struct subcommand {
    const char *name;
    int (*run)(const struct cli *cli);
    const char *sentence; /* for the list of them all */
    const char *usage;    /* whole lines: each form, then what the options mean */
};

extern const struct subcommand subcommands[];
extern const size_t subcommand_count;

/* NULL: no such subcommand. */
const struct subcommand *subcommand_find(const char *name) MUST_USE;

#endif
