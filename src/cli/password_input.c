/* A password from a terminal or a pipe. While the terminal does not echo, signals that would end
 * the process only interrupt the reading, so that the echo always comes back. */
#include "cli/credentials.h"
#include "wire/utf8.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

enum { SIGNAL_COUNT = sizeof signals / sizeof signals[0] };

/* Without SA_RESTART: read() returns. A stop would leave the terminal mute, and is ignored. */
static void catch_signals(struct sigaction before[SIGNAL_COUNT]) {
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    interrupted = 0;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        action.sa_handler = signals[i] == SIGTSTP ? SIG_IGN : on_signal;
        (void)sigaction(signals[i], &action, &before[i]);
    }
}

static void restore_signals(const struct sigaction before[SIGNAL_COUNT]) {
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(signals[i], &before[i], NULL);
    }
}

/* Up to the end of the line (`line`) or of the input; false: too long, interrupted or broken. */
static bool read_bytes(struct password *password, bool line) {
    password->size = 0;
    while (password->size < sizeof password->bytes) {
        uint8_t *next = &password->bytes[password->size];
        ssize_t count = read(STDIN_FILENO, next, 1);
        if (count < 0 && errno == EINTR && interrupted == 0) {
            continue;
        }
        if (count <= 0) {
            return count == 0;
        }
        password->size++;
        if (line && *next == '\n') {
            return true;
        }
    }
    return false;
}

static void strip_line_end(struct password *password) {
    if (password->size > 0 && password->bytes[password->size - 1] == '\n') {
        password->size--;
        if (password->size > 0 && password->bytes[password->size - 1] == '\r') {
            password->size--;
        }
    }
}

static enum status read_part(struct password *password, bool line, struct error *error) {
    if (!read_bytes(password, line)) {
        const char *sentence = interrupted != 0 ? "interrupted"
                               : password->size == sizeof password->bytes
                                   ? "the password is too long"
                                   : "standard input cannot be read";
        return error_set(error, STATUS_INVALID, "%s", sentence);
    }
    return STATUS_OK;
}

static enum status ask(const char *prompt, struct password *password, struct error *error) {
    (void)fputs(prompt, stderr);
    enum status status = read_part(password, true, error);
    strip_line_end(password);
    (void)fputs("\n", stderr);
    return status;
}

static enum status ask_again(const struct password *password, struct error *error) {
    struct password again;
    enum status status = ask("Again: ", &again, error);
    if (status == STATUS_OK && !view_equal(password_view(password), password_view(&again))) {
        status = error_set(error, STATUS_INVALID, "the two passwords differ");
    }
    password_wipe(&again);
    return status;
}

static enum status ask_all(
    const struct password_question *questions,
    size_t count,
    struct password *passwords,
    struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = ask(questions[i].prompt, &passwords[i], error);
        if (status == STATUS_OK && questions[i].twice) {
            status = ask_again(&passwords[i], error);
        }
    }
    return status;
}

/* False: standard input is no terminal. */
static bool ask_at_terminal(
    const struct password_question *questions,
    size_t count,
    struct password *passwords,
    enum status *status,
    struct error *error) {
    struct termios before;
    struct sigaction actions[SIGNAL_COUNT];
    if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &before) != 0) {
        return false;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    catch_signals(actions);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    *status = ask_all(questions, count, passwords, error);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    restore_signals(actions);
    return true;
}

enum status password_read(struct password *password, struct error *error) {
    static const struct password_question question = {"Password: ", "the password", true};
    enum status status = STATUS_OK;
    if (!ask_at_terminal(&question, 1, password, &status, error)) {
        status = read_part(password, false, error);
        strip_line_end(password);
    }
    return status;
}

static enum status read_lines(
    const struct password_question *questions,
    size_t count,
    struct password *passwords,
    struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = read_part(&passwords[i], true, error);
        if (status == STATUS_OK && passwords[i].size == 0) {
            return error_set(
                error,
                STATUS_INVALID,
                "standard input ends before %s, line %zu of %zu",
                questions[i].name,
                i + 1,
                count);
        }
        strip_line_end(&passwords[i]);
    }
    return status;
}

/* What no record can hold, or nobody can have meant. */
static enum status check_sendable(
    const struct password *password, const char *name, struct error *error) {
    if (password->size == 0) {
        return error_set(error, STATUS_INVALID, "%s is empty", name);
    }
    if (!utf8_is_text(password_view(password))) {
        return error_set(error, STATUS_INVALID, "%s is not UTF-8, or holds a NUL byte", name);
    }
    return STATUS_OK;
}

enum status passwords_read(
    const struct password_question *questions,
    size_t count,
    struct password *passwords,
    struct error *error) {
    enum status status = STATUS_OK;
    if (!ask_at_terminal(questions, count, passwords, &status, error)) {
        status = read_lines(questions, count, passwords, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = check_sendable(&passwords[i], questions[i].name, error);
    }
    return status;
}
