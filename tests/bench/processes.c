/* Other processes: what they use, from /proc, and the workers' beginning and end. */
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
    STEP_US = 50000,
    WORKERS_MAX = 8
};

static pid_t workers[WORKERS_MAX]; /* 0: has ended */
static size_t worker_count;

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

static int64_t workers_ticks(void) {
    int64_t sum = 0;
    for (size_t i = 0; i < worker_count; i++) {
        sum += ticks_of(workers[i]);
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
        .worker_us = workers_ticks() * tick_us,
        .postgres_us =
            (ticks_of(processes->postgres) + children_ticks(processes->postgres)) * tick_us,
        .broker_us = ticks_of(processes->broker) * tick_us,
        .load_us = own_us(),
    };
}

struct processor_time processor_time_since(
    const struct processes *processes, const struct processor_time *before) {
    struct processor_time now = processor_time(processes);
    return (struct processor_time){
        .worker_us = now.worker_us - before->worker_us,
        .postgres_us = now.postgres_us - before->postgres_us,
        .broker_us = now.broker_us - before->broker_us,
        .load_us = now.load_us - before->load_us,
    };
}

static double memory_mb(pid_t pid, const char *name) {
    char path[PATH_SIZE];
    char text[TEXT_SIZE];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    const char *line = read_text(path, text) ? strstr(text, name) : NULL;
    if (line == NULL) {
        die("%s has no %s", path, name);
    }
    return (double)strtoll(line + strlen(name) + 1, NULL, 10) / 1024;
}

double workers_memory_mb(const char *name) {
    double most = 0;
    for (size_t i = 0; i < worker_count; i++) {
        double memory = memory_mb(workers[i], name);
        most = memory > most ? memory : most;
    }
    return most;
}

/* In the child. */
static _Noreturn void become(char *const *command, const char *log_file) {
    int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0) {
        (void)execvp(command[0], command);
    }
    (void)fprintf(stderr, "%s: %s\n", command[0], strerrordesc_np(errno));
    _exit(EXIT_FAILURE);
}

void workers_start(char *const *command, size_t count, const char *log_file) {
    if (count > WORKERS_MAX) {
        die("%d workers at most", WORKERS_MAX);
    }
    for (; worker_count < count; worker_count++) {
        pid_t pid = fork();
        if (pid < 0) {
            die("no process for a worker");
        }
        if (pid == 0) {
            become(command, log_file);
        }
        workers[worker_count] = pid;
    }
}

static size_t count_running(void) {
    size_t running = 0;
    for (size_t i = 0; i < worker_count; i++) {
        if (workers[i] > 0 && waitpid(workers[i], NULL, WNOHANG) != 0) {
            workers[i] = 0;
        }
        running += workers[i] > 0;
    }
    return running;
}

bool workers_are_running(void) {
    return worker_count > 0 && count_running() == worker_count;
}

static void signal_all(int number) {
    for (size_t i = 0; i < worker_count; i++) {
        if (workers[i] > 0) {
            (void)kill(workers[i], number);
        }
    }
}

void workers_stop(void) {
    int signals[] = {SIGTERM, SIGKILL};
    for (size_t i = 0; count_running() > 0 && i < sizeof signals / sizeof signals[0]; i++) {
        int64_t until_us = time_monotonic_us() + DRAIN_US;
        signal_all(signals[i]);
        while (count_running() > 0 && time_monotonic_us() < until_us) {
            (void)usleep(STEP_US);
        }
    }
}
