/* Starts the threads, answers monitors, waits for signals. The service itself is in session.c: each
 * thread runs one session after the other. */
#include "app/worker.h"

#include "app/http.h"
#include "app/session.h"
#include "app/signals.h"
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
    THREADS_MAX = 64,
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
    struct token_verifier *verifier;
    struct http_server *http;
    struct topic_name request_topic;
    char reply_prefix[200];
    atomic_bool stopping;
    struct worker_thread threads[THREADS_MAX];
    size_t thread_count;
};

static struct limits limits_of(const struct settings *settings) {
    return (struct limits){
        .slot_duration_min_us = settings->slot_duration_min_us,
        .slot_duration_max_us = settings->slot_duration_max_us,
        .slot_horizon_us = settings->slot_horizon_us,
        .slot_open_max = settings->slot_open_max,
        .booking_lead_time_us = settings->booking_lead_time_us,
        .booking_limit = settings->booking_limit,
        .cancel_cutoff_us = settings->cancel_cutoff_us,
        .noshow_grace_us = settings->noshow_grace_us,
        .command_age_max_us = settings->command_age_max_us,
    };
}

static struct engine_settings engine_settings_of(const struct worker *worker) {
    return (struct engine_settings){
        .lane = LANE_SLOTS,
        .limits = limits_of(worker->settings),
        .topic = view_text(worker->request_topic.text),
        .reply_prefix = view_text(worker->reply_prefix),
        .batch_max = (size_t)worker->settings->batch_max,
        .arena_size_max = (size_t)worker->settings->batch_memory_max,
        .record_size_max = (size_t)worker->settings->record_max,
    };
}

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
    const struct settings *settings = worker->settings;
    const struct token_settings tokens = {
        .jwks_file = settings->token_jwks_file,
        .issuer = settings->token_issuer,
        .audience = settings->token_audience,
        .max_ttl_s = settings->token_max_ttl_us / TIME_SECOND_US,
        .leeway_s = settings->token_leeway_us / TIME_SECOND_US,
        .cache_entries_max = (size_t)settings->token_cache_max,
    };
    worker->request_topic = topic_name(settings->topics_prefix, TOPIC_SLOT_COMMANDS);
    (void)snprintf(
        worker->reply_prefix, sizeof worker->reply_prefix, "%s.replies.", settings->topics_prefix);
    worker->schemas = schemas_new(error);
    if (worker->schemas == NULL) {
        return STATUS_FATAL;
    }
    worker->verifier = token_verifier_new(&tokens, error);
    return worker->verifier == NULL ? STATUS_FATAL : STATUS_OK;
}

static enum status make_host(
    struct worker *worker, struct session_host *host, struct error *error) {
    const struct engine_settings settings = engine_settings_of(worker);
    host->settings = worker->settings;
    host->stopping = &worker->stopping;
    atomic_store(&host->progress_us, time_monotonic_us());
    host->scratch = arena_new((size_t)worker->settings->batch_memory_max);
    host->reply_topics =
        reply_topics_new(worker->reply_prefix, (size_t)worker->settings->reply_topics_max);
    const struct engine_security security = {.verifier = worker->verifier};
    host->batch_max = (size_t)worker->settings->batch_max;
    host->engine = engine_new(&settings, worker->schemas, &security, error);
    if (host->scratch == NULL || host->reply_topics == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a thread");
    }
    return host->engine == NULL ? STATUS_FATAL : STATUS_OK;
}

static enum status make_hosts(struct worker *worker, struct error *error) {
    worker->thread_count = (size_t)worker->settings->worker_threads;
    assert(worker->thread_count <= THREADS_MAX);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < worker->thread_count; i++) {
        worker->threads[i].worker = worker;
        worker->threads[i].host.index = i;
        status = make_host(worker, &worker->threads[i].host, error);
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

static void reload_keys(struct worker *worker) {
    struct error error;
    if (token_verifier_reload(worker->verifier, &error) == STATUS_OK) {
        log_info("keys reloaded", LOG_TEXT("file", worker->settings->token_jwks_file));
    } else {
        log_error("keys not reloaded, the old ones stay in force", LOG_TEXT("detail", error.text));
    }
}

static void publish_token_metrics(struct worker *worker, struct token_statistics *before) {
    struct token_statistics now;
    token_verifier_statistics(worker->verifier, &now);
    metrics_add(METRIC_TOKEN_CACHE_HITS, "", (double)(now.cache_hits - before->cache_hits));
    metrics_add(METRIC_TOKEN_CACHE_MISSES, "", (double)(now.cache_misses - before->cache_misses));
    metrics_add(
        METRIC_KEY_RELOADS_FAILED, "", (double)(now.reloads_failed - before->reloads_failed));
    *before = now;
}

static void publish_metrics(struct worker *worker, struct token_statistics *tokens) {
    int owned = 0;
    char why[200];
    publish_token_metrics(worker, tokens);
    for (size_t i = 0; i < worker->thread_count; i++) {
        owned += atomic_load(&worker->threads[i].host.partitions_owned);
    }
    metrics_set(METRIC_PARTITIONS_OWNED, "", owned);
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
    struct token_statistics tokens = {0};
    for (;;) {
        switch (signals_wait(WATCH_US)) {
        case SIGNAL_EVENT_STOP:
            return 0;
        case SIGNAL_EVENT_RELOAD:
            reload_keys(worker);
            break;
        case SIGNAL_EVENT_NONE:
            break;
        }
        publish_metrics(worker, &tokens);
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
        engine_destroy(worker->threads[i].host.engine);
        reply_topics_destroy(worker->threads[i].host.reply_topics);
        arena_destroy(worker->threads[i].host.scratch);
    }
    http_server_destroy(worker->http);
    token_verifier_destroy(worker->verifier);
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
