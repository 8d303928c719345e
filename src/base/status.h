/* What a failure means to the caller: each status names what to do next, not what went wrong.
 * The words for a person are in struct error. */
#ifndef SLOTKEEPER_BASE_STATUS_H
#define SLOTKEEPER_BASE_STATUS_H

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum status {
    STATUS_OK,
    STATUS_INVALID, /* what came from outside is wrong: answer or report it, nothing else happens */
    STATUS_CONFLICT, /* a race with another transaction: roll back and decide again from fresh rows
                      */
    STATUS_POISON,   /* the data itself is refused: halve the batch until the record stands alone */
    STATUS_RETRY,    /* the environment's trouble: back off and try again, answer nobody */
    STATUS_LOST,     /* what we held is somebody else's now: let go and join again */
    STATUS_FATAL,    /* our own defect or a wrong installation: stop and say so */
};

enum { ERROR_TEXT_MAX = 512 };

/* One English sentence for an operator. Never holds a secret or what a client wrote. */
struct error {
    char text[ERROR_TEXT_MAX];
};

/* Writes the sentence (cut at ERROR_TEXT_MAX) and returns `status`, so that a failure is one line.
 */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The status's name in lower case, for logs. */
const char *status_name(enum status status);

#endif
