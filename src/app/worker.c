/* Starts the threads, answers monitors, waits for signals. The service itself is in session.c: each
 * thread runs one session after the other. */
#include "app/worker.h"

#include "app/certificates.h"
#include "app/host.h"
#include "app/http.h"
#include "app/keyring.h"
#include "app/session.h"
#include "app/signals.h"
#include "app/writer_schemas.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 96, /* what the settings of the lanes can come to */
    BACKOFF_FIRST_US = 100000,
    BACKOFF_STEP_US = 20000,
    WATCH_US = 500000,
    SILENCE_MAX_US = 120000000
};

struct worker_thread {
    struct worker *worker;
    struct session_host host;
    pthread_t thread;
    bool started;
    atomic_bool failed; /* with something that waiting does not mend */
};

struct worker {
    const struct settings *settings;
    struct schemas *schemas;
    struct keyring *keyring;
    struct http_server *http;
    atomic_bool stopping;
    struct worker_thread threads[THREADS_MAX];
    size_t thread_count;
};

/* Between sessions: longer each time nothing was achieved, with jitter, so that workers do not come
 * back in step. */
static void back_off(struct worker_thread *thread, int64_t *backoff_us) {
    struct uuid noise = uuid_random();
    int64_t wait_us = *backoff_us / 2 + *backoff_us / 2 * noise.bytes[0] / 255;
    int64_t until_us = time_monotonic_us() + wait_us;
    while (time_monotonic_us() < until_us && !atomic_load(&thread->worker->stopping)) {
        (void)usleep(BACKOFF_STEP_US);
        atomic_store(&thread->host.progress_us, time_monotonic_us());
    }
    int64_t max_us = thread->worker->settings->restart_backoff_max_us;
    *backoff_us = *backoff_us * 2 < max_us ? *backoff_us * 2 : max_us;
}

static void *run_thread(void *argument) {
    struct worker_thread *thread = argument;
    int64_t backoff_us = BACKOFF_FIRST_US;
    while (!atomic_load(&thread->worker->stopping)) {
        struct error error;
        long long answered = atomic_load(&thread->host.answered);
        enum status status = session_run(&thread->host, &error);
        if (status == STATUS_OK) {
            continue;
        }
        metrics_add(METRIC_PIPELINE_RESTARTS, status_name(status), 1);
        log_warning(
            "a session ended",
            LOG_TEXT("status", status_name(status)),
            LOG_TEXT("detail", error.text));
        atomic_store(&thread->failed, status == STATUS_FATAL);
        if (atomic_load(&thread->host.answered) > answered) {
            backoff_us = BACKOFF_FIRST_US;
        }
        back_off(thread, &backoff_us);
    }
    return NULL;
}

static bool is_alive(void *context, char *why, size_t size) {
    const struct worker *worker = context;
    for (size_t i = 0; i < worker->thread_count; i++) {
        if (time_monotonic_us() - atomic_load(&worker->threads[i].host.progress_us)
            > SILENCE_MAX_US) {
            (void)snprintf(why, size, "thread %zu makes no progress", i);
            return false;
        }
    }
    return true;
}

static bool is_ready(void *context, char *why, size_t size) {
    const struct worker *worker = context;
    int joined = 0;
    int stopped = 0;
    for (size_t i = 0; i < worker->thread_count; i++) {
        joined += atomic_load(&worker->threads[i].host.joined) ? 1 : 0;
        stopped += atomic_load(&worker->threads[i].host.partitions_stopped)
                   + atomic_load(&worker->threads[i].host.partitions_unusable);
    }
    metrics_set(METRIC_THREADS_READY, "", joined);
    if (joined == (int)worker->thread_count && stopped == 0) {
        return true;
    }
    (void)snprintf(
        why,
        size,
        "%d of %zu threads are in the group with a database, %d partitions are stopped",
        joined,
        worker->thread_count,
        stopped);
    return false;
}

static enum status make_shared(struct worker *worker, struct error *error) {
    worker->schemas = schemas_new(error);
    if (worker->schemas == NULL) {
        return STATUS_FATAL;
    }
    const char *folder = worker->settings->schemas_dir;
    size_t count = 0;
    if (folder[0] != '\0'
        && writer_schemas_read(worker->schemas, folder, &count, error) != STATUS_OK) {
        return STATUS_FATAL;
    }
    worker->keyring = keyring_new(worker->settings, error);
    return worker->keyring == NULL ? STATUS_FATAL : STATUS_OK;
}

static enum status make_lane(
    struct worker *worker, enum lane lane, int64_t thread_count, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < (size_t)thread_count; i++) {
        struct worker_thread *thread = &worker->threads[worker->thread_count++];
        thread->worker = worker;
        thread->host = (struct session_host){
            .lane = lane, .index = i, .settings = worker->settings, .stopping = &worker->stopping};
        status =
            host_open(&thread->host, worker->schemas, keyring_security(worker->keyring), error);
    }
    return status;
}

static enum status make_hosts(struct worker *worker, struct error *error) {
    const struct settings *settings = worker->settings;
    assert(
        settings->worker_threads + settings->account_threads + settings->query_threads
        <= THREADS_MAX);
    enum status status = make_lane(worker, LANE_SLOTS, settings->worker_threads, error);
    if (status == STATUS_OK) {
        status = make_lane(worker, LANE_ACCOUNTS, settings->account_threads, error);
    }
    if (status == STATUS_OK) {
        status = make_lane(worker, LANE_QUERIES, settings->query_threads, error);
    }
    return status;
}

static enum status start_threads(struct worker *worker, struct error *error) {
    for (size_t i = 0; i < worker->thread_count; i++) {
        struct worker_thread *thread = &worker->threads[i];
        int failed = pthread_create(&thread->thread, NULL, run_thread, thread);
        if (failed != 0) {
            return error_set(
                error, STATUS_FATAL, "a thread cannot be started: %s", strerrorname_np(failed));
        }
        thread->started = true;
    }
    return STATUS_OK;
}

static void publish_metrics(struct worker *worker) {
    int owned[LANE_COUNT] = {0};
    char why[200];
    keyring_measure(worker->keyring);
    certificates_measure(worker->settings);
    metrics_set(
        METRIC_REQUEST_RETENTION,
        "",
        2.0 * (double)worker->settings->command_age_max_us / TIME_SECOND_US);
    for (size_t i = 0; i < worker->thread_count; i++) {
        const struct session_host *host = &worker->threads[i].host;
        owned[host->lane] += atomic_load(&host->partitions_owned);
    }
    for (size_t lane = 0; lane < LANE_COUNT; lane++) {
        metrics_set(
            METRIC_PARTITIONS_OWNED, topic_suffix(topic_of_lane((enum lane)lane)), owned[lane]);
    }
    (void)is_ready(worker, why, sizeof why);
}

/* Threads end by themselves only with what waiting does not mend; when all have, so does the
 * worker. */
static bool all_failed(const struct worker *worker) {
    for (size_t i = 0; i < worker->thread_count; i++) {
        if (!atomic_load(&worker->threads[i].failed)
            || atomic_load(&worker->threads[i].host.joined)) {
            return false;
        }
    }
    return true;
}

static int watch(struct worker *worker) {
    for (;;) {
        switch (signals_wait(WATCH_US)) {
        case SIGNAL_EVENT_STOP:
            return 0;
        case SIGNAL_EVENT_RELOAD:
            keyring_reload(worker->keyring);
            writer_schemas_reload(worker->schemas, worker->settings->schemas_dir);
            break;
        case SIGNAL_EVENT_NONE:
            break;
        }
        publish_metrics(worker);
        if (all_failed(worker)) {
            log_error(
                "no thread can work; see the log above", LOG_INT("threads", worker->thread_count));
            return 1;
        }
    }
}

static int join_threads(struct worker *worker) {
    struct timespec deadline;
    (void)clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += (time_t)(worker->settings->worker_drain_us / TIME_SECOND_US);
    for (size_t i = 0; i < worker->thread_count; i++) {
        if (worker->threads[i].started
            && pthread_timedjoin_np(worker->threads[i].thread, NULL, &deadline) != 0) {
            log_error(
                "not drained in time; what is durable is published by the next owner",
                LOG_INT("drain_s", worker->settings->worker_drain_us / TIME_SECOND_US));
            return 1;
        }
    }
    return 0;
}

static void destroy(struct worker *worker) {
    for (size_t i = 0; i < worker->thread_count; i++) {
        host_close(&worker->threads[i].host);
    }
    http_server_destroy(worker->http);
    keyring_destroy(worker->keyring);
    schemas_destroy(worker->schemas);
    free(worker);
}

static enum status start(struct worker *worker, struct error *error) {
    const struct http_probes probes = {.alive = is_alive, .ready = is_ready, .context = worker};
    enum status status = make_shared(worker, error);
    if (status == STATUS_OK) {
        status = make_hosts(worker, error);
    }
    if (status == STATUS_OK) {
        worker->http = http_server_new(worker->settings->http_listen, &probes, error);
        status = worker->http == NULL ? STATUS_FATAL : start_threads(worker, error);
    }
    return status;
}

int worker_main(const struct settings *settings) {
    struct error error;
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        return EXIT_FAILURE;
    }
    worker->settings = settings;
    signals_block();
    int exit_status = EXIT_FAILURE;
    if (start(worker, &error) == STATUS_OK) {
        log_info(
            "ready",
            LOG_INT("http_port", http_server_port(worker->http)),
            LOG_INT("threads", worker->thread_count),
            LOG_INT("pid", getpid()));
        exit_status = watch(worker);
    } else {
        log_error("the worker cannot start", LOG_TEXT("detail", error.text));
    }
    atomic_store(&worker->stopping, true);
    if (join_threads(worker) != 0) {
        _exit(EXIT_FAILURE); /* threads still use what destroy would free */
    }
    destroy(worker);
    log_info("stopped", LOG_INT("exit_status", exit_status));
    return exit_status;
}
