/* A subcommand's own arguments: options by name, and the rest in order. Options may stand anywhere
 * before "--"; a value follows as "--name value" or "--name=value". */
#ifndef SLOTKEEPER_CLI_OPTIONS_H
#define SLOTKEEPER_CLI_OPTIONS_H

#include "base/status.h"
#include "cli/cli.h"

enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_REPEATED };

struct option_row {
    const char *name; /* "--token"; NULL ends the list */
    enum option_kind kind;
};

enum { OPTIONS_GIVEN_MAX = 64, OPTIONS_ARGUMENTS_MAX = 128 };

struct option_given {
    const char *name;  /* of its row */
    const char *value; /* NULL: a flag */
};

struct options {
    struct option_given given[OPTIONS_GIVEN_MAX];
    size_t given_count;
    const char *arguments[OPTIONS_ARGUMENTS_MAX]; /* without the subcommand's name */
    size_t argument_count;
};

/* What main does about it: OPTIONS_HELP printed the usage and the subcommand is done (EXIT_DONE);
 * OPTIONS_WRONG said what is wrong on standard error, with the usage (EXIT_USAGE). */
enum options_result { OPTIONS_READ, OPTIONS_HELP, OPTIONS_WRONG };

enum options_result options_read(
    const struct cli *cli,
    const struct option_row *rows,
    const char *usage,
    struct options *options) MUST_USE;

bool options_has(const struct options *options, const char *name) MUST_USE;
/* NULL: not given. Given twice: the last, as settings have it. */
const char *options_value(const struct options *options, const char *name) MUST_USE;
/* The values of a repeated option, one by one; *at begins at 0. NULL: no more. */
const char *options_next(const struct options *options, const char *name, size_t *at) MUST_USE;

/* Says `sentence` and the usage on standard error; returns EXIT_USAGE. */
int options_usage(const char *usage, const char *sentence);
/* Says the sentence on standard error; returns EXIT_FAILED. */
int cli_failed(const struct error *error);

/* "500ms", "30s", "15m", "24h", "400d", at most ten years; false: not a duration. */
bool duration_parse(const char *text, int64_t *duration_us) MUST_USE;
/* Decimal digits, 1 to `max`; false: anything else. */
bool count_parse(const char *text, int64_t max, int64_t *count) MUST_USE;
/* Pairs of hexadecimal digits, at most `size_max` bytes of them; false: anything else. */
bool hex_parse(const char *text, uint8_t *bytes, size_t size_max, size_t *size) MUST_USE;

#endif
