/* One row a setting: what settings.c reads into struct settings, and what --help and
 * docs/settings.md say. */
#ifndef SLOTKEEPER_APP_SETTING_ROW_H
#define SLOTKEEPER_APP_SETTING_ROW_H

#include "app/settings.h"

enum setting_group {
    SETTING_GROUP_RULES,
    SETTING_GROUP_TOPICS,
    SETTING_GROUP_WORKER,
    SETTING_GROUP_ACCOUNTS,
    SETTING_GROUP_DATABASE,
    SETTING_GROUP_KEYS,
    SETTING_GROUP_COUNT
};

enum setting_type {
    SETTING_DURATION, /* int64_t, microseconds */
    SETTING_COUNT,    /* int64_t */
    SETTING_BYTES,    /* int64_t */
    SETTING_TEXT,     /* char[size] */
    SETTING_PATH,     /* char[size] */
    SETTING_SECRET,   /* char[size], never shown */
};

struct setting_row {
    const char *name;
    enum setting_group group;
    enum setting_type type;
    size_t offset; /* into struct settings */
    size_t size;
    const char *fallback; /* the default, as one would write it */
    int64_t min, max;     /* of numbers */
    /* What else a text must be, and the words for it; NULL: anything. */
    bool (*check)(const char *text);
    const char *takes;
    const char *sentence; /* Markdown */
};

extern const struct setting_row setting_rows[];
extern const size_t setting_row_count;

/* NULL: no such setting. */
const struct setting_row *setting_row_find(const char *name) MUST_USE;
const char *setting_group_title(enum setting_group group);

enum { SETTING_ENVIRONMENT_MAX = 64, SETTING_TAKES_MAX = 160 };

/* SLOTKEEPER_ and the name in capitals, dots as underscores. */
void setting_environment_name(const char *name, char environment_name[SETTING_ENVIRONMENT_MAX]);

/* Reads `value` into *settings. STATUS_INVALID: the sentence says what the setting takes. */
enum status setting_row_read(
    const struct setting_row *row,
    const char *value,
    struct settings *settings,
    struct error *error) MUST_USE;

/* What the setting takes, for a person: "1s to 400d". */
void setting_row_takes(const struct setting_row *row, char text[SETTING_TAKES_MAX]);

/* The shortest way to write a duration or a size. */
void setting_duration_format(int64_t duration_us, char *text, size_t size);
void setting_bytes_format(int64_t bytes, char *text, size_t size);

#endif
