/* cmocka with the headers that it wants before it, and what tests do to a whole process. */
#ifndef SLOTKEEPER_TESTS_UNIT_H
#define SLOTKEEPER_TESTS_UNIT_H

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* After the ones above, which it needs and does not include. */
#include <cmocka.h>

/* Runs `act` in a process of its own, its standard output and error in a file that nobody sees;
 * gives the status that waitpid reports. */
static inline int outcome_in_child(void (*act)(void)) {
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {0, 0};
        (void)getrlimit(RLIMIT_CORE, &limit);
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, limit.rlim_max});
        static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
        for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
            (void)signal(deadly[i], SIG_DFL); /* cmocka would go on with the next test */
        }
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(nowhere, STDERR_FILENO);
        (void)dup2(nowhere, STDOUT_FILENO);
        act();
        _exit(0);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    return status;
}

static inline bool aborts(void (*act)(void)) {
    int status = outcome_in_child(act);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
