/* sigtimedwait, so that there is no handler and nothing that must be async-signal-safe. */
#include "app/signals.h"

#include "base/time.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static sigset_t operator_signals(void) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    return set;
}

void signals_block(void) {
    sigset_t set = operator_signals();
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        abort();
    }
}

static int wait_for_one(int64_t timeout_us) {
    sigset_t set = operator_signals();
    struct timespec timeout = {
        timeout_us / TIME_SECOND_US, (long)(timeout_us % TIME_SECOND_US) * 1000};
    return sigtimedwait(&set, NULL, &timeout);
}

enum signal_event signals_wait(int64_t timeout_us) {
    int64_t end_us = time_monotonic_us() + timeout_us;
    int64_t left_us = timeout_us;
    int number = 0;
    do {
        number = wait_for_one(left_us > 0 ? left_us : 0);
        left_us = end_us - time_monotonic_us();
    } while (number < 0 && left_us > 0); /* a debugger or a stop may interrupt the wait */
    if (number < 0) {
        return SIGNAL_EVENT_NONE;
    }
    return number == SIGHUP ? SIGNAL_EVENT_RELOAD : SIGNAL_EVENT_STOP;
}
