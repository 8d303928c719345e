/* Reading and writing the values of settings: durations, counts, sizes and texts. */
#include "app/setting_row.h"
#include "base/time.h"

#include <stdio.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* From the largest, so that the first that divides a value writes it shortest. */
static const struct unit duration_units[] = {
    {"d", 86400 * TIME_SECOND_US},
    {"h", 3600 * TIME_SECOND_US},
    {"m", 60 * TIME_SECOND_US},
    {"s", TIME_SECOND_US},
    {"ms", TIME_SECOND_US / 1000},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"GiB", INT64_C(1) << 30},
    {"MiB", INT64_C(1) << 20},
    {"KiB", INT64_C(1) << 10},
    {"", 1},
    {NULL, 0},
};

static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum setting_type type) {
    switch (type) {
    case SETTING_DURATION:
        return duration_units;
    case SETTING_BYTES:
        return size_units;
    case SETTING_COUNT:
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_SECRET:
        break;
    }
    return count_units;
}

static const char *words_of(enum setting_type type) {
    switch (type) {
    case SETTING_DURATION:
        return "a duration such as 500ms, 30s, 15m, 24h or 400d";
    case SETTING_BYTES:
        return "a number of bytes such as 4096, 64KiB or 2MiB";
    case SETTING_COUNT:
        return "a whole number";
    case SETTING_TEXT:
        return "text";
    case SETTING_PATH:
        return "a path";
    case SETTING_SECRET:
        return "text";
    }
    return "text";
}

static bool is_number(enum setting_type type) {
    return type == SETTING_DURATION || type == SETTING_COUNT || type == SETTING_BYTES;
}

/* Digits and a unit; false also when it does not fit. */
static bool number_parse(const char *text, const struct unit *units, int64_t *number) {
    int64_t digits = 0;
    const char *next = text;
    for (; *next >= '0' && *next <= '9'; next++) {
        if (__builtin_mul_overflow(digits, 10, &digits)
            || __builtin_add_overflow(digits, *next - '0', &digits)) {
            return false;
        }
    }
    for (const struct unit *unit = units; next != text && unit->name != NULL; unit++) {
        if (strcmp(next, unit->name) == 0) {
            return !__builtin_mul_overflow(digits, unit->factor, number);
        }
    }
    return false;
}

static void number_format(
    int64_t number, const struct unit *units, const char *zero, char *text, size_t size) {
    for (const struct unit *unit = units; number != 0 && unit->name != NULL; unit++) {
        if (number % unit->factor == 0) {
            (void)snprintf(text, size, "%lld%s", (long long)(number / unit->factor), unit->name);
            return;
        }
    }
    (void)snprintf(text, size, "%s", zero);
}

void setting_duration_format(int64_t duration_us, char *text, size_t size) {
    number_format(duration_us, duration_units, "0s", text, size);
}

void setting_bytes_format(int64_t bytes, char *text, size_t size) {
    number_format(bytes, size_units, "0", text, size);
}

static void row_number_format(
    const struct setting_row *row, int64_t number, char *text, size_t size) {
    const struct unit *units = units_of(row->type);
    number_format(number, units, row->type == SETTING_DURATION ? "0s" : "0", text, size);
}

static enum status number_read(
    const struct setting_row *row,
    const char *value,
    struct settings *settings,
    struct error *error) {
    int64_t number;
    if (!number_parse(value, units_of(row->type), &number)) {
        return error_set(error, STATUS_INVALID, "\"%.64s\" is not %s", value, words_of(row->type));
    }
    if (number < row->min || number > row->max) {
        char takes[SETTING_TAKES_MAX];
        setting_row_takes(row, takes);
        return error_set(error, STATUS_INVALID, "%.64s is outside %s", value, takes);
    }
    memcpy((uint8_t *)settings + row->offset, &number, sizeof number);
    return STATUS_OK;
}

static bool has_control_character(const char *value) {
    for (; *value != '\0'; value++) {
        if ((unsigned char)*value < 0x20 || *value == 0x7f) {
            return true;
        }
    }
    return false;
}

static enum status text_read(
    const struct setting_row *row,
    const char *value,
    struct settings *settings,
    struct error *error) {
    size_t size = strlen(value);
    if (size >= row->size) {
        return error_set(
            error, STATUS_INVALID, "the value is longer than %zu bytes", row->size - 1);
    }
    if (has_control_character(value)) {
        return error_set(error, STATUS_INVALID, "the value has a control character");
    }
    if (row->check != NULL && !row->check(value)) {
        return error_set(error, STATUS_INVALID, "\"%.64s\" is not %s", value, row->takes);
    }
    memcpy((uint8_t *)settings + row->offset, value, size + 1);
    return STATUS_OK;
}

enum status setting_row_read(
    const struct setting_row *row,
    const char *value,
    struct settings *settings,
    struct error *error) {
    return is_number(row->type) ? number_read(row, value, settings, error)
                                : text_read(row, value, settings, error);
}

void setting_row_takes(const struct setting_row *row, char text[SETTING_TAKES_MAX]) {
    if (!is_number(row->type)) {
        const char *words = row->takes != NULL ? row->takes : words_of(row->type);
        (void)snprintf(text, SETTING_TAKES_MAX, "%s", words);
        return;
    }
    char min[32];
    char max[32];
    row_number_format(row, row->min, min, sizeof min);
    row_number_format(row, row->max, max, sizeof max);
    (void)snprintf(text, SETTING_TAKES_MAX, "%s to %s", min, max);
}
