/* Other processes: what they use, from /proc, and the worker's beginning and end. */
#include "base/time.h"
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATH_SIZE = 64,
    TEXT_SIZE = 4096,
    NAME_FIELDS = 2,
    UTIME = 14,
    CSTIME = 17,
    DRAIN_US = 40000000,
    STEP_US = 50000
};

static pid_t worker_pid;

static bool read_text(const char *path, char text[TEXT_SIZE]) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t size = fread(text, 1, TEXT_SIZE - 1, file);
    text[size] = '\0';
    (void)fclose(file);
    return true;
}

/* User and system time of a process, and of the children that it has waited for; 0: it has ended.
 */
static int64_t ticks_of(pid_t pid) {
    char path[PATH_SIZE];
    char text[TEXT_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_text(path, text)) {
        return 0;
    }
    char *next = strrchr(text, ')'); /* the name may hold anything */
    if (next == NULL) {
        return 0;
    }
    int64_t sum = 0;
    char *rest = NULL;
    next = strtok_r(next + 1, " ", &rest);
    for (int field = NAME_FIELDS + 1; next != NULL && field <= CSTIME; field++) {
        sum += field >= UTIME ? strtoll(next, NULL, 10) : 0;
        next = strtok_r(NULL, " ", &rest);
    }
    return sum;
}

static int64_t children_ticks(pid_t pid) {
    char path[PATH_SIZE];
    char text[TEXT_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    if (!read_text(path, text)) {
        die("%s cannot be read", path);
    }
    int64_t sum = 0;
    char *rest = NULL;
    for (char *child = strtok_r(text, " ", &rest); child != NULL;
         child = strtok_r(NULL, " ", &rest)) {
        sum += ticks_of((pid_t)strtol(child, NULL, 10));
    }
    return sum;
}

static int64_t own_us(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        die("no resource usage");
    }
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * TIME_SECOND_US + usage.ru_utime.tv_usec
           + usage.ru_stime.tv_usec;
}

struct processor_time processor_time(const struct processes *processes) {
    int64_t tick_us = TIME_SECOND_US / sysconf(_SC_CLK_TCK);
    return (struct processor_time){
        .worker_us = ticks_of(processes->worker) * tick_us,
        .postgres_us =
            (ticks_of(processes->postgres) + children_ticks(processes->postgres)) * tick_us,
        .broker_us = ticks_of(processes->broker) * tick_us,
        .load_us = own_us(),
    };
}

double memory_mb(pid_t pid, const char *name) {
    char path[PATH_SIZE];
    char text[TEXT_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    const char *line = read_text(path, text) ? strstr(text, name) : NULL;
    if (line == NULL) {
        die("%s has no %s", path, name);
    }
    return (double)strtoll(line + strlen(name) + 1, NULL, 10) / 1024;
}

/* In the child. */
static _Noreturn void become(char *const *command, const char *log_file) {
    int log = open(log_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0) {
        (void)execvp(command[0], command);
    }
    (void)fprintf(stderr, "%s: %s\n", command[0], strerrordesc_np(errno));
    _exit(EXIT_FAILURE);
}

pid_t worker_start(char *const *command, const char *log_file) {
    worker_pid = fork();
    if (worker_pid < 0) {
        die("no process for the worker");
    }
    if (worker_pid == 0) {
        become(command, log_file);
    }
    return worker_pid;
}

bool worker_is_running(void) {
    if (worker_pid > 0 && waitpid(worker_pid, NULL, WNOHANG) != 0) {
        worker_pid = 0;
    }
    return worker_pid > 0;
}

void worker_stop(void) {
    int signals[] = {SIGTERM, SIGKILL};
    for (size_t i = 0; worker_is_running() && i < sizeof signals / sizeof signals[0]; i++) {
        int64_t until_us = time_monotonic_us() + DRAIN_US;
        (void)kill(worker_pid, signals[i]);
        while (worker_is_running() && time_monotonic_us() < until_us) {
            (void)usleep(STEP_US);
        }
    }
}
