/* Reading a subcommand's arguments. */
#include "cli/options.h"

#include "base/time.h"

#include <stdio.h>
#include <string.h>

static const struct option_row *row_find(
    const struct option_row *rows, const char *name, size_t name_size) {
    for (const struct option_row *row = rows; row->name != NULL; row++) {
        if (strlen(row->name) == name_size && memcmp(row->name, name, name_size) == 0) {
            return row;
        }
    }
    return NULL;
}

/* One option at argv[*at]; moves *at to its last word. */
static enum status read_option(
    const struct cli *cli,
    const struct option_row *rows,
    int *at,
    struct options *options,
    struct error *error) {
    const char *word = cli->argv[*at];
    const char *equals = strchr(word, '=');
    size_t name_size = equals == NULL ? strlen(word) : (size_t)(equals - word);
    const struct option_row *row = row_find(rows, word, name_size);
    if (row == NULL) {
        return error_set(error, STATUS_INVALID, "there is no option %.*s", (int)name_size, word);
    }
    if (options->given_count == OPTIONS_GIVEN_MAX) {
        return error_set(error, STATUS_INVALID, "more than %d options", OPTIONS_GIVEN_MAX);
    }
    const char *value = equals == NULL ? NULL : equals + 1;
    if (row->kind == OPTION_FLAG && value != NULL) {
        return error_set(error, STATUS_INVALID, "%s takes no value", row->name);
    }
    if (row->kind != OPTION_FLAG && value == NULL) {
        if (*at + 1 >= cli->argc) {
            return error_set(error, STATUS_INVALID, "%s takes a value", row->name);
        }
        value = cli->argv[++*at];
    }
    options->given[options->given_count++] = (struct option_given){row->name, value};
    return STATUS_OK;
}

static enum status read_argument(const char *word, struct options *options, struct error *error) {
    if (options->argument_count == OPTIONS_ARGUMENTS_MAX) {
        return error_set(error, STATUS_INVALID, "more than %d arguments", OPTIONS_ARGUMENTS_MAX);
    }
    options->arguments[options->argument_count++] = word;
    return STATUS_OK;
}

/* "-" alone is an argument: standard input. */
static bool is_option(const char *word) {
    return word[0] == '-' && word[1] != '\0';
}

enum options_result options_read(
    const struct cli *cli,
    const struct option_row *rows,
    const char *usage,
    struct options *options) {
    struct error error;
    bool only_arguments = false;
    enum status status = STATUS_OK;
    options->given_count = 0;
    options->argument_count = 0;
    for (int at = 1; status == STATUS_OK && at < cli->argc; at++) {
        const char *word = cli->argv[at];
        if (only_arguments || !is_option(word)) {
            status = read_argument(word, options, &error);
        } else if (strcmp(word, "--") == 0) {
            only_arguments = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            (void)fputs(usage, stdout);
            return OPTIONS_HELP;
        } else {
            status = read_option(cli, rows, &at, options, &error);
        }
    }
    if (status != STATUS_OK) {
        (void)options_usage(usage, error.text);
        return OPTIONS_WRONG;
    }
    return OPTIONS_READ;
}

const char *options_next(const struct options *options, const char *name, size_t *at) {
    while (*at < options->given_count) {
        const struct option_given *given = &options->given[(*at)++];
        if (strcmp(given->name, name) == 0) {
            return given->value;
        }
    }
    return NULL;
}

bool options_has(const struct options *options, const char *name) {
    for (size_t i = 0; i < options->given_count; i++) {
        if (strcmp(options->given[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *options_value(const struct options *options, const char *name) {
    const char *last = NULL;
    size_t at = 0;
    for (const char *value = options_next(options, name, &at); value != NULL;
         value = options_next(options, name, &at)) {
        last = value;
    }
    return last;
}

int options_usage(const char *usage, const char *sentence) {
    (void)fprintf(stderr, "slotkeeper: %s\n\n%s", sentence, usage);
    return EXIT_USAGE;
}

int cli_failed(const struct error *error) {
    (void)fprintf(stderr, "slotkeeper: %s\n", error->text);
    return EXIT_FAILED;
}

/* Digits from *text on, which is moved behind them; false: none, or more than fit. */
static bool digits_parse(const char **text, int64_t *number) {
    const char *start = *text;
    *number = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        if (__builtin_mul_overflow(*number, 10, number)
            || __builtin_add_overflow(*number, **text - '0', number)) {
            return false;
        }
    }
    return *text != start;
}

bool duration_parse(const char *text, int64_t *duration_us) {
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {
        {"ms", TIME_SECOND_US / 1000},
        {"s", TIME_SECOND_US},
        {"m", 60 * TIME_SECOND_US},
        {"h", 3600 * TIME_SECOND_US},
        {"d", 86400 * TIME_SECOND_US},
    };

    const int64_t max_us = INT64_C(3650) * 86400 * TIME_SECOND_US;
    int64_t number;
    if (!digits_parse(&text, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].name) == 0) {
            return !__builtin_mul_overflow(number, units[i].us, duration_us)
                   && *duration_us <= max_us;
        }
    }
    return false;
}

bool count_parse(const char *text, int64_t max, int64_t *count) {
    return digits_parse(&text, count) && *text == '\0' && *count >= 1 && *count <= max;
}

static int hex_digit(char character) {
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *found = character == '\0' ? NULL : strchr(digits, character);
    if (found == NULL) {
        return -1;
    }
    int place = (int)(found - digits);
    return place < 16 ? place : place - 6;
}

bool hex_parse(const char *text, uint8_t *bytes, size_t size_max, size_t *size) {
    for (*size = 0; text[0] != '\0'; text += 2) {
        int high = hex_digit(text[0]);
        int low = hex_digit(text[1]);
        if (high < 0 || low < 0 || *size == size_max) {
            return false;
        }
        bytes[(*size)++] = (uint8_t)(high * 16 + low);
    }
    return true;
}
