/* The actions of `slotkeeper keys`, each with its options read; they return exit statuses. */
#ifndef SLOTKEEPER_CLI_KEYS_H
#define SLOTKEEPER_CLI_KEYS_H

#include "cli/options.h"

int keys_generate(const struct cli *cli, const struct options *options);
int keys_list(const struct cli *cli, const struct options *options);
int keys_jwks(const struct cli *cli, const struct options *options);
int keys_token(const struct cli *cli, const struct options *options);
int keys_activate(const struct cli *cli, const struct options *options);
int keys_retire(const struct cli *cli, const struct options *options);
int keys_destroy(const struct cli *cli, const struct options *options);

/* Says what is wrong with the arguments, and the usage; returns EXIT_USAGE. */
int keys_wrong(const char *sentence);
/* Says which of the settings that are needed are not set; NULL ends the list of names and values.
 * EXIT_DONE: all are there, EXIT_USAGE: one is not. */
int keys_need(const char *const settings[][2]);
/* The value of --kid; NULL: not given, or not a key id. */
const char *keys_kid(const struct options *options);

#endif
