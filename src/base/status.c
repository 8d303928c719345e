/* Names of statuses, and sentences for errors. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

enum status error_set(struct error *error, enum status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

const char *status_name(enum status status) {
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_INVALID:
        return "invalid";
    case STATUS_CONFLICT:
        return "conflict";
    case STATUS_POISON:
        return "poison";
    case STATUS_RETRY:
        return "retry";
    case STATUS_LOST:
        return "lost";
    case STATUS_FATAL:
        return "fatal";
    }
    return "unknown";
}
