/* Takes the common options out of the arguments wherever they stand, loads the settings, and runs
 * the subcommand with what is left. */
#include "cli/cli.h"

#include "app/process.h"
#include "base/log.h"
#include "base/nearest.h"
#include "cli/subcommand.h"
#include "cli/version.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETS_MAX = 128, ARGUMENTS_MAX = 256 };

struct arguments {
    const char *config_file;
    const char *sets[SETS_MAX];
    size_t set_count;
    bool json, help, version;
    char *rest[ARGUMENTS_MAX + 1]; /* the subcommand's, ended by NULL */
    int rest_count;
};

static int complain(const char *subject, const char *format, ...) PRINTF_LIKE(2, 3);

static int complain(const char *subject, const char *format, ...) {
    (void)fprintf(stderr, "slotkeeper%s%s: ", subject[0] == '\0' ? "" : " ", subject);
    va_list values;
    va_start(values, format);
    (void)vfprintf(stderr, format, values);
    va_end(values);
    (void)fputs("\n", stderr);
    return EXIT_USAGE;
}

static void hint(const char *subject) {
    (void)fprintf(stderr, "Try: slotkeeper%s%s --help\n", subject[0] == '\0' ? "" : " ", subject);
}

int cli_usage_error(const struct cli *cli, const char *format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    (void)complain(cli->argv[0], "%s", text);
    hint(cli->argv[0]);
    return EXIT_USAGE;
}

/* ---- arguments ---- */

/* The value of `option` if argv[*i] is it, as "--option value" or "--option=value". False: it has
 * none. */
static bool take_value(char **argv, int *i, const char *option, const char **value) {
    size_t size = strlen(option);
    *value = NULL;
    if (strncmp(argv[*i], option, size) != 0) {
        return true;
    }
    if (argv[*i][size] == '=') {
        *value = argv[*i] + size + 1;
        return true;
    }
    if (argv[*i][size] != '\0') {
        return true;
    }
    *value = argv[*i + 1];
    (*i)++;
    return *value != NULL;
}

static bool take_flag(const char *argument, struct arguments *arguments) {
    if (strcmp(argument, "--json") == 0) {
        arguments->json = true;
        return true;
    }
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
        arguments->help = true;
        return true;
    }
    if (strcmp(argument, "--version") == 0) {
        arguments->version = true;
        return true;
    }
    return false;
}

static int keep(char *argument, struct arguments *arguments) {
    if (arguments->rest_count == ARGUMENTS_MAX) {
        return complain("", "more than %d arguments", ARGUMENTS_MAX);
    }
    arguments->rest[arguments->rest_count++] = argument;
    return EXIT_DONE;
}

static int take_set(const char *set, struct arguments *arguments) {
    if (arguments->set_count == SETS_MAX) {
        return complain("", "--set: more than %d of them", SETS_MAX);
    }
    arguments->sets[arguments->set_count++] = set;
    return EXIT_DONE;
}

/* Takes argv[*i], and its value where it has one. */
static int take_argument(char **argv, int *i, struct arguments *arguments) {
    if (take_flag(argv[*i], arguments)) {
        return EXIT_DONE;
    }
    const char *value;
    if (!take_value(argv, i, "--config", &value)) {
        return complain("", "--config needs a file");
    }
    if (value != NULL) {
        arguments->config_file = value;
        return EXIT_DONE;
    }
    if (!take_value(argv, i, "--set", &value)) {
        return complain("", "--set needs name=value");
    }
    return value != NULL ? take_set(value, arguments) : keep(argv[*i], arguments);
}

static int arguments_parse(int argc, char **argv, struct arguments *arguments) {
    int i = 1;
    int result = EXIT_DONE;
    for (; result == EXIT_DONE && i < argc && strcmp(argv[i], "--") != 0; i++) {
        result = take_argument(argv, &i, arguments);
    }
    for (; result == EXIT_DONE && i < argc; i++) {
        result = keep(argv[i], arguments);
    }
    return result;
}

/* ---- help ---- */

static const char help_head[] = "Usage: slotkeeper SUBCOMMAND [ARGUMENTS] [OPTIONS]\n\n"
                                "Appointment scheduling as a message-queue worker.\n\n"
                                "Subcommands:\n";

static const char help_options[] =
    "  --config FILE     settings, instead of /etc/slotkeeper/slotkeeper.conf\n"
    "  --set NAME=VALUE  one setting, over the file and the environment; repeatable\n"
    "  --json            one JSON object a line instead of words\n"
    "  --help            this, or a subcommand's own help\n"
    "  --version         the release\n"
    "  --                no options after this\n";

static void print_help(void) {
    (void)fputs(help_head, stdout);
    for (size_t i = 0; i < subcommand_count; i++) {
        (void)printf("  %-17s %s\n", subcommands[i].name, subcommands[i].sentence);
    }
    (void)printf("\nOptions:\n%s\nSettings (name, default):\n", help_options);
    settings_print_help();
    (void)fputs("\nExit status: 0 done, 1 failed, 2 wrong usage or settings.\n", stdout);
}

static void print_subcommand_help(const struct subcommand *subcommand) {
    (void)printf("Usage:\n%s\nOptions:\n%s", subcommand->usage, help_options);
}

/* ---- running ---- */

/* What was printed counts only once it is out. */
static int finish(int result) {
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        (void)complain("", "standard output cannot be written");
        return result == EXIT_DONE ? EXIT_FAILED : result;
    }
    return result;
}

static int refuse_subcommand(const char *name) {
    struct nearest nearest;
    nearest_begin(&nearest, name);
    for (size_t i = 0; i < subcommand_count; i++) {
        nearest_offer(&nearest, subcommands[i].name);
    }
    const char *kind = name[0] == '-' ? "option" : "subcommand";
    if (nearest.name != NULL) {
        (void)complain("", "no %s %.64s; did you mean %s?", kind, name, nearest.name);
    } else {
        (void)complain("", "no %s %.64s", kind, name);
    }
    hint("");
    return EXIT_USAGE;
}

static int run(const struct subcommand *subcommand, struct arguments *arguments) {
    static struct settings settings;
    struct error error;
    enum status status = settings_load(
        &settings, arguments->config_file, arguments->sets, arguments->set_count, &error);
    if (status != STATUS_OK) {
        return complain("", "settings: %s", error.text);
    }
    enum log_level level = LOG_INFO;
    (void)log_level_parse(settings.log_level, &level);
    log_set_level(level);
    const struct cli cli = {&settings, arguments->json, arguments->rest_count, arguments->rest};
    return subcommand->run(&cli);
}

static int choose(struct arguments *arguments) {
    if (arguments->version) {
        (void)puts("slotkeeper " SLOTKEEPER_VERSION);
        return EXIT_DONE;
    }
    if (arguments->rest_count == 0) {
        if (arguments->help) {
            print_help();
            return EXIT_DONE;
        }
        (void)complain("", "which subcommand?");
        hint("");
        return EXIT_USAGE;
    }
    const struct subcommand *subcommand = subcommand_find(arguments->rest[0]);
    if (subcommand == NULL) {
        return refuse_subcommand(arguments->rest[0]);
    }
    if (arguments->help) {
        print_subcommand_help(subcommand);
        return EXIT_DONE;
    }
    return run(subcommand, arguments);
}

int cli_main(int argc, char **argv) {
    process_harden();
    static struct arguments arguments;
    int result = arguments_parse(argc, argv, &arguments);
    return finish(result == EXIT_DONE ? choose(&arguments) : result);
}
