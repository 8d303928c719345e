/* Structured logs: one JSON object a line on standard error, written with one write(2), so that
 * lines of several threads never mix. Thread-safe. What a client wrote and what is secret is never
 * passed in. */
#ifndef SLOTKEEPER_BASE_LOG_H
#define SLOTKEEPER_BASE_LOG_H

#include "base/view.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

enum log_type { LOG_END, LOG_TYPE_INT, LOG_TYPE_REAL, LOG_TYPE_TEXT, LOG_TYPE_BOOL };

struct log_field {
    const char *name;
    enum log_type type;

    union {
        int64_t integer;
        double real;
        const char *text; /* bytes outside ASCII, quotes and control characters are escaped */
        bool boolean;
    } as;
};

#define LOG_INT(field, value)                                                                      \
    ((struct log_field){.name = (field), .type = LOG_TYPE_INT, .as.integer = (int64_t)(value)})
#define LOG_REAL(field, value)                                                                     \
    ((struct log_field){.name = (field), .type = LOG_TYPE_REAL, .as.real = (value)})
#define LOG_TEXT(field, value)                                                                     \
    ((struct log_field){.name = (field), .type = LOG_TYPE_TEXT, .as.text = (value)})
#define LOG_BOOL(field, value)                                                                     \
    ((struct log_field){.name = (field), .type = LOG_TYPE_BOOL, .as.boolean = (value)})

/* `message` is a constant sentence; the fields end with one whose type is LOG_END. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

/* At least one field: log_info("ready", LOG_INT("port", port)). */
#define LOG_FIELDS(...)           ((const struct log_field[]){__VA_ARGS__, {.type = LOG_END}})
#define log_debug(message, ...)   log_write(LOG_DEBUG, (message), LOG_FIELDS(__VA_ARGS__))
#define log_info(message, ...)    log_write(LOG_INFO, (message), LOG_FIELDS(__VA_ARGS__))
#define log_warning(message, ...) log_write(LOG_WARNING, (message), LOG_FIELDS(__VA_ARGS__))
#define log_error(message, ...)   log_write(LOG_ERROR, (message), LOG_FIELDS(__VA_ARGS__))

/* Lines below `level` are dropped; LOG_INFO at start. */
void log_set_level(enum log_level level);
/* False: no such level. Names: debug, info, warning, error. */
bool log_level_parse(const char *name, enum log_level *level);

#endif
