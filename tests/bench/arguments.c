/* What the load generator is told. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* Texts and process ids, which have no default; false: the name is none of these. */
static bool read_given(struct arguments *arguments, const char *name, const char *value) {
    if (strcmp(name, "run") == 0) {
        arguments->run = value;
    } else if (strcmp(name, "worker_log") == 0) {
        arguments->worker_log = value;
    } else if (strcmp(name, "postgres") == 0) {
        arguments->processes.postgres = (pid_t)strtol(value, NULL, 10);
    } else if (strcmp(name, "broker") == 0) {
        arguments->processes.broker = (pid_t)strtol(value, NULL, 10);
    } else {
        return false;
    }
    return true;
}

static size_t *place_of(struct arguments *arguments, const char *name) {
    const struct {
        const char *name;
        size_t *number;
    } places[] = {
        {"patients", &arguments->patients},
        {"doctors", &arguments->doctors},
        {"workers", &arguments->workers},
        {"rounds", &arguments->rounds},
        {"seen", &arguments->seen},
        {"unseen", &arguments->unseen},
        {"latency", &arguments->latency},
        {"per_second", &arguments->per_second},
        {"slots_from_ms", &arguments->slots_from_ms},
        {"pace_seconds", &arguments->pace_seconds},
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(name, places[i].name) == 0) {
            return places[i].number;
        }
    }
    if (strcmp(name, "pace") != 0 || arguments->pace_count == PACES_MAX) {
        die("no %s here, or too many", name);
    }
    return &arguments->paces[arguments->pace_count++];
}

static void read_argument(struct arguments *arguments, char *argument) {
    char *end = NULL;
    char *value = strchr(argument, '=');
    if (value == NULL) {
        die("%s is not of the form name=value", argument);
    }
    *value++ = '\0';
    if (read_given(arguments, argument, value)) {
        return;
    }
    size_t *number = place_of(arguments, argument);
    *number = (size_t)strtoull(value, &end, 10);
    if (*value == '\0' || *end != '\0') {
        die("%s takes a number", argument);
    }
}

static void check(const struct arguments *arguments) {
    if (arguments->run == NULL || arguments->worker_log == NULL
        || arguments->processes.postgres == 0 || arguments->processes.broker == 0) {
        die("usage: bench_load run=... worker_log=... postgres=PID broker=PID [NAME=NUMBER...] -- "
            "WORKER ARGUMENT...");
    }
    if (arguments->doctors == 0 || arguments->patients == 0
        || arguments->patients % arguments->doctors != 0) {
        die("the patients are to be a multiple of the doctors");
    }
    for (size_t i = 0; i < arguments->pace_count; i++) {
        if (arguments->paces[i] == 0) {
            die("a pace is above 0");
        }
    }
    if (arguments->rounds + arguments->unseen + arguments->latency == 0
        || arguments->rounds > ROUNDS_MAX || arguments->seen == 0 || arguments->workers == 0
        || arguments->per_second == 0) {
        die("there is to be something to measure, and at most %d rounds", ROUNDS_MAX);
    }
}

void arguments_read(struct arguments *arguments, int count, char **texts) {
    *arguments = (struct arguments){
        .patients = 20000,
        .doctors = 1000,
        .workers = 1,
        .rounds = 1,
        .seen = 100000,
        .unseen = 40000,
        .latency = 300,
        .per_second = 20,
        .pace_seconds = 5};
    int i = 1;
    for (; i < count && strcmp(texts[i], "--") != 0; i++) {
        read_argument(arguments, texts[i]);
    }
    if (i + 1 >= count) {
        die("no worker's command");
    }
    arguments->worker = texts + i + 1;
    check(arguments);
}
