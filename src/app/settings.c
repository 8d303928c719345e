/* Where settings come from, in the order in which one overrides the other: defaults, file,
 * environment, --set. Each complaint says where the setting stood. */
#include "app/settings.h"

#include "app/setting_row.h"
#include "base/log.h"
#include "base/nearest.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    FILE_SIZE_MAX = 256 * 1024,
    LINE_SIZE_MAX = 4096,
    NAME_SIZE_MAX = 160,
};

static const char default_file[] = "/etc/slotkeeper/slotkeeper.conf";
static const char environment_prefix[] = "SLOTKEEPER_";
static const char environment_kafka_prefix[] = "SLOTKEEPER_KAFKA_";
static const char kafka_prefix[] = "kafka.";

/* Variables with the prefix that other parts of the program read. */
static const char *const not_settings[] = {"SLOTKEEPER_TOKEN"};

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Cuts white space at both ends, in place. */
static char *trim(char *text) {
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1])) {
        size--;
    }
    text[size] = '\0';
    return text;
}

/* ---- one setting ---- */

static enum status unknown_setting(const char *name, struct error *error) {
    struct nearest nearest;
    nearest_begin(&nearest, name);
    for (size_t i = 0; i < setting_row_count; i++) {
        nearest_offer(&nearest, setting_rows[i].name);
    }
    if (nearest.name == NULL) {
        return error_set(error, STATUS_INVALID, "there is no such setting");
    }
    return error_set(
        error, STATUS_INVALID, "there is no such setting; did you mean %s?", nearest.name);
}

static bool is_kafka_name(const char *name) {
    for (const char *next = name; *next != '\0'; next++) {
        if (!islower((unsigned char)*next) && !isdigit((unsigned char)*next) && *next != '.'
            && *next != '_') {
            return false;
        }
    }
    return *name != '\0' && strlen(name) < KAFKA_PROPERTY_NAME_MAX;
}

static struct kafka_property *kafka_property_named(struct settings *settings, const char *name) {
    size_t i = 0;
    while (i < settings->kafka_count && strcmp(settings->kafka[i].name, name) != 0) {
        i++;
    }
    if (i == SETTINGS_KAFKA_MAX) {
        return NULL;
    }
    if (i == settings->kafka_count) {
        settings->kafka_count++;
        memcpy(settings->kafka[i].name, name, strlen(name) + 1);
    }
    return &settings->kafka[i];
}

static enum status kafka_read(
    const char *name, const char *value, struct settings *settings, struct error *error) {
    if (!is_kafka_name(name)) {
        return error_set(
            error, STATUS_INVALID, "a librdkafka property has lower-case letters, digits and dots");
    }
    if (strlen(value) >= KAFKA_PROPERTY_VALUE_MAX) {
        return error_set(
            error,
            STATUS_INVALID,
            "the value is longer than %d bytes",
            KAFKA_PROPERTY_VALUE_MAX - 1);
    }
    struct kafka_property *property = kafka_property_named(settings, name);
    if (property == NULL) {
        return error_set(
            error, STATUS_INVALID, "more than %d kafka properties", SETTINGS_KAFKA_MAX);
    }
    memcpy(property->value, value, strlen(value) + 1);
    return STATUS_OK;
}

static enum status setting_read(
    const char *name, const char *value, struct settings *settings, struct error *error) {
    if (starts_with(name, kafka_prefix)) {
        return kafka_read(name + strlen(kafka_prefix), value, settings, error);
    }
    const struct setting_row *row = setting_row_find(name);
    return row == NULL ? unknown_setting(name, error)
                       : setting_row_read(row, value, settings, error);
}

/* "name = value", in place. */
static enum status assignment_read(
    char *text, const char *where, struct settings *settings, struct error *error) {
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        return error_set(error, STATUS_INVALID, "%s: not of the form name = value", where);
    }
    *equals = '\0';
    const char *name = trim(text);
    struct error reason;
    enum status status = setting_read(name, trim(equals + 1), settings, &reason);
    return status == STATUS_OK
               ? STATUS_OK
               : error_set(error, status, "%s: %.64s: %s", where, name, reason.text);
}

/* ---- the sources ---- */

static void defaults_read(struct settings *settings) {
    *settings = (struct settings){.kafka_count = 0};
    for (size_t i = 0; i < setting_row_count; i++) {
        struct error error;
        enum status status =
            setting_row_read(&setting_rows[i], setting_rows[i].fallback, settings, &error);
        assert(status == STATUS_OK);
    }
}

/* Takes the line up to the next line end out of *rest; NULL: no more lines. */
static char *next_line(char **rest) {
    char *line = *rest;
    if (line == NULL || *line == '\0') {
        return NULL;
    }
    char *end = strchr(line, '\n');
    if (end != NULL) {
        *end = '\0';
    }
    *rest = end == NULL ? NULL : end + 1;
    return line;
}

static enum status lines_read(
    char *text, const char *path, struct settings *settings, struct error *error) {
    char *rest = text;
    size_t number = 0;
    for (char *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
        char where[256];
        (void)snprintf(where, sizeof where, "%.200s, line %zu", path, ++number);
        if (strlen(line) > LINE_SIZE_MAX) {
            return error_set(
                error, STATUS_INVALID, "%s: longer than %d bytes", where, LINE_SIZE_MAX);
        }
        char *trimmed = trim(line);
        if (*trimmed == '\0' || *trimmed == '#') {
            continue;
        }
        enum status status = assignment_read(trimmed, where, settings, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status stream_read(
    FILE *file, const char *path, struct settings *settings, struct error *error) {
    static char text[FILE_SIZE_MAX + 1]; /* settings are loaded once, before there are threads */
    size_t size = fread(text, 1, sizeof text, file);
    if (ferror(file) != 0) {
        return error_set(
            error, STATUS_INVALID, "%.200s cannot be read: %s", path, strerrordesc_np(errno));
    }
    if (size > FILE_SIZE_MAX) {
        return error_set(
            error, STATUS_INVALID, "%.200s is larger than %d bytes", path, FILE_SIZE_MAX);
    }
    text[size] = '\0';
    if (strlen(text) != size) {
        return error_set(error, STATUS_INVALID, "%.200s is not a text file", path);
    }
    return lines_read(text, path, settings, error);
}

static enum status file_read(
    const char *config_file, struct settings *settings, struct error *error) {
    const char *path = config_file == NULL ? default_file : config_file;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        bool optional = config_file == NULL && (errno == ENOENT || errno == ENOTDIR);
        return optional ? STATUS_OK
                        : error_set(
                            error,
                            STATUS_INVALID,
                            "%.200s cannot be opened: %s",
                            path,
                            strerrordesc_np(errno));
    }
    enum status status = stream_read(file, path, settings, error);
    (void)fclose(file);
    return status;
}

static char property_character(char character) {
    if (character >= 'A' && character <= 'Z') {
        return (char)(character - 'A' + 'a');
    }
    if (character == '_') {
        return '.';
    }
    return character;
}

/* The name of the setting that an environment variable names; false: none. Underscores stand for
 * dots; for a kafka property all of them, because librdkafka's settable names have no underscore.
 */
static bool name_of_environment(const char *environment_name, char name[NAME_SIZE_MAX]) {
    if (starts_with(environment_name, environment_kafka_prefix)) {
        const char *property = environment_name + strlen(environment_kafka_prefix);
        (void)snprintf(name, NAME_SIZE_MAX, "%s%s", kafka_prefix, property);
        for (char *next = name; *next != '\0'; next++) {
            *next = property_character(*next);
        }
        return true;
    }
    for (size_t i = 0; i < setting_row_count; i++) {
        char known[SETTING_ENVIRONMENT_MAX];
        setting_environment_name(setting_rows[i].name, known);
        if (strcmp(known, environment_name) == 0) {
            (void)snprintf(name, NAME_SIZE_MAX, "%s", setting_rows[i].name);
            return true;
        }
    }
    return false;
}

static bool is_setting(const char *environment_name) {
    for (size_t i = 0; i < sizeof not_settings / sizeof not_settings[0]; i++) {
        if (strcmp(not_settings[i], environment_name) == 0) {
            return false;
        }
    }
    return true;
}

static enum status variable_read(
    const char *variable, struct settings *settings, struct error *error) {
    const char *equals = strchr(variable, '=');
    if (equals == NULL) {
        return STATUS_OK;
    }
    char environment_name[NAME_SIZE_MAX];
    (void)snprintf(
        environment_name, sizeof environment_name, "%.*s", (int)(equals - variable), variable);
    if (!is_setting(environment_name)) {
        return STATUS_OK;
    }
    char name[NAME_SIZE_MAX];
    if (!name_of_environment(environment_name, name)) {
        log_warning("unknown setting in the environment", LOG_TEXT("name", environment_name));
        return STATUS_OK;
    }
    struct error reason;
    enum status status = setting_read(name, equals + 1, settings, &reason);
    return status == STATUS_OK
               ? STATUS_OK
               : error_set(error, status, "environment, %.64s: %s", environment_name, reason.text);
}

static enum status environment_read(struct settings *settings, struct error *error) {
    enum status status = STATUS_OK;
    for (char **variable = environ; status == STATUS_OK && *variable != NULL; variable++) {
        if (starts_with(*variable, environment_prefix)) {
            status = variable_read(*variable, settings, error);
        }
    }
    return status;
}

static enum status set_read(const char *set, struct settings *settings, struct error *error) {
    char text[LINE_SIZE_MAX + 1];
    int size = snprintf(text, sizeof text, "%s", set);
    if (size > LINE_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "--set: longer than %d bytes", LINE_SIZE_MAX);
    }
    return assignment_read(text, "--set", settings, error);
}

static enum status sets_read(
    const char *const *sets, size_t set_count, struct settings *settings, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < set_count; i++) {
        status = set_read(sets[i], settings, error);
    }
    return status;
}

/* ---- settings that must agree ---- */

struct order {
    const char *low;
    const char *high;
};

static const struct order orders[] = {
    {"slot.duration_min", "slot.duration_max"},
    {"slot.duration_max", "slot.horizon"},
    {"token.ttl", "token.max_ttl"},
    {"record.max", "batch.memory_max"},
    {"login.failures_free", "login.failures_max"},
    {"login.delay_max", "login.lock"},
};

static int64_t number_of(const char *name, const struct settings *settings) {
    const struct setting_row *row = setting_row_find(name);
    assert(row != NULL && row->size == sizeof(int64_t));
    int64_t number;
    memcpy(&number, (const uint8_t *)settings + row->offset, sizeof number);
    return number;
}

static enum status agreement_check(const struct settings *settings, struct error *error) {
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (number_of(orders[i].low, settings) > number_of(orders[i].high, settings)) {
            return error_set(
                error,
                STATUS_INVALID,
                "%s is larger than %s, which it must not be",
                orders[i].low,
                orders[i].high);
        }
    }
    return STATUS_OK;
}

enum status settings_load(
    struct settings *settings,
    const char *config_file,
    const char *const *sets,
    size_t set_count,
    struct error *error) {
    defaults_read(settings);
    enum status status = file_read(config_file, settings, error);
    if (status == STATUS_OK) {
        status = environment_read(settings, error);
    }
    if (status == STATUS_OK) {
        status = sets_read(sets, set_count, settings, error);
    }
    return status == STATUS_OK ? agreement_check(settings, error) : status;
}
