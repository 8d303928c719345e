/* Sends bookings to workers that it starts, reads their outcomes and says what that took, one JSON
 * object a line.
 *
 *     bench_load NAME=VALUE... -- WORKER ARGUMENT...
 *
 * All runs of bookings are sent before a worker starts, each in a Kafka transaction that is
 * committed only when the clock starts: read_committed consumers see none of it before, and
 * everything at once then. So the worker can be warmed up first, by one refused command a token
 * (of several workers each, and at each partition), and no measured request can have been consumed
 * early. The clock stops when the last outcome has been read committed. */
#include "base/time.h"
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LATENCY_WARM_UP = 20, LATENCY_WAIT_MS = 50, SETTLE_US = 1000000 };

struct load {
    struct arguments arguments;
    struct settings settings;
    struct plan plan;
    struct signer *signer;
    char **tokens; /* one a patient */
    struct outcomes *outcomes;
    struct requests *seen[ROUNDS_MAX], *unseen;
    size_t warm_ups;
    size_t next_slot; /* those before it have been sent */
};

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("bench: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    workers_stop();
    _exit(EXIT_FAILURE);
}

static void say(const char *what) {
    (void)fprintf(stderr, "bench: %s\n", what);
}

static void sign_tokens(struct load *load) {
    load->signer = signer_new(&load->settings);
    load->tokens = calloc(load->plan.patients + 1, sizeof *load->tokens);
    if (load->tokens == NULL) {
        die("no memory");
    }
    for (size_t i = 0; i < load->plan.patients; i++) {
        load->tokens[i] = signer_token(load->signer, plan_id(&load->plan, "patient", i));
    }
}

/* One command a token, refused, because there is no such slot. Of several workers, each is to know
 * each token: while they share out the partitions, the first commands keep them busy. */
static void send_warm_up(struct load *load) {
    struct requests *requests = requests_new(&load->settings, NULL, "5");
    size_t partitions = (size_t)load->settings.topics_partitions;
    load->warm_ups = load->plan.patients * (load->arguments.workers > 1 ? 1 + partitions : 1);
    for (size_t i = 0; i < load->warm_ups; i++) {
        size_t pass = i / load->plan.patients;
        size_t patient = i % load->plan.patients;
        int32_t partition =
            pass == 0 ? RD_KAFKA_PARTITION_UA : (int32_t)((patient + pass) % partitions);
        requests_book_at(
            requests, plan_id(&load->plan, "nowhere", i), load->tokens[patient], partition);
    }
    requests_flush(requests);
    requests_destroy(requests);
}

/* Bookings of the next slots, each with its patient's token or with one of its own. */
static struct requests *send_run(
    struct load *load, const char *name, size_t count, bool with_new_tokens) {
    struct requests *requests = requests_new(&load->settings, name, "5");
    size_t first = load->next_slot;
    uint32_t *patients = plan_patients(&load->plan, first, count);
    uint32_t *order = plan_order(count);
    for (size_t i = 0; i < count; i++) {
        uint32_t patient = patients[order[i]];
        char *token = with_new_tokens
                          ? signer_token(load->signer, plan_id(&load->plan, "patient", patient))
                          : load->tokens[patient];
        requests_book(requests, plan_slot_id(&load->plan, first + order[i]), token);
        if (with_new_tokens) {
            free(token);
        }
    }
    requests_flush(requests);
    load->next_slot += count;
    free(patients);
    free(order);
    return requests;
}

/* The end of a line. */
static void print_processor_time(size_t bookings, const struct processor_time *used) {
    double each = (double)bookings;
    (void)printf(
        "\"cpu_us_per_booking\":{\"worker\":%.1f,\"postgres\":%.1f,\"broker\":%.1f,\"load\":%.1f}}"
        "\n",
        (double)used->worker_us / each,
        (double)used->postgres_us / each,
        (double)used->broker_us / each,
        (double)used->load_us / each);
    (void)fflush(stdout);
}

static void print_run(
    const char *name,
    const char *tokens,
    size_t bookings,
    int64_t us,
    const struct processor_time *used) {
    (void)printf(
        "{\"name\":\"%s\",\"tokens\":\"%s\",\"bookings\":%zu,\"seconds\":%.2f,\"per_second\":%.0f,",
        name,
        tokens,
        bookings,
        (double)us / 1e6,
        (double)bookings * 1e6 / (double)us);
    print_processor_time(bookings, used);
}

static void measure_run(
    struct load *load,
    struct requests *requests,
    size_t count,
    const char *name,
    const char *tokens) {
    (void)usleep(SETTLE_US);
    struct processor_time before = processor_time(&load->arguments.processes);
    int64_t began_us = time_monotonic_us();
    requests_commit(requests);
    outcomes_expect(load->outcomes, count, "ACCEPTED");
    int64_t us = time_monotonic_us() - began_us;
    struct processor_time used = processor_time_since(&load->arguments.processes, &before);
    print_run(name, tokens, count, us, &used);
    requests_destroy(requests);
}

/* One booking; how long from producing it to reading its outcome. */
static int64_t book_one(
    struct load *load, struct requests *requests, size_t slot, uint32_t patient) {
    struct uuid slot_id = plan_slot_id(&load->plan, slot);
    int64_t began_us = time_monotonic_us();
    requests_book(requests, slot_id, load->tokens[patient]);
    while (!outcomes_poll(load->outcomes, LATENCY_WAIT_MS, NULL)) {
        requests_poll(requests);
        if (!workers_are_running()) {
            die("a worker has ended");
        }
    }
    return time_monotonic_us() - began_us;
}

static double milliseconds(int64_t us) {
    return (double)us / 1e3;
}

static void measure_latency(struct load *load) {
    size_t count = load->arguments.latency;
    size_t first = load->next_slot;
    uint32_t *patients = plan_patients(&load->plan, first, count + LATENCY_WARM_UP);
    int64_t interval_us = TIME_SECOND_US / (int64_t)load->arguments.per_second;
    int64_t *times = calloc(count + LATENCY_WARM_UP, sizeof *times);
    struct requests *requests = requests_new(&load->settings, NULL, "0");
    if (times == NULL) {
        die("no memory");
    }
    for (size_t i = 0; i < count + LATENCY_WARM_UP; i++) {
        times[i] = book_one(load, requests, first + i, patients[i]);
        (void)usleep((useconds_t)(times[i] < interval_us ? interval_us - times[i] : 0));
    }
    struct percentiles measured = percentiles_of(times + LATENCY_WARM_UP, count);
    (void)printf(
        "{\"name\":\"booking_latency\",\"requests\":%zu,\"per_second\":%zu,\"p50_ms\":%.1f,\"p99_"
        "ms\":%.1f}\n",
        count,
        load->arguments.per_second,
        milliseconds(measured.p50_us),
        milliseconds(measured.p99_us));
    (void)fflush(stdout);
    requests_flush(requests);
    requests_destroy(requests);
    load->next_slot += count + LATENCY_WARM_UP;
    free(patients);
    free(times);
}

static void measure_pace(struct load *load, size_t per_second) {
    struct pace pace = {
        .plan = load->plan,
        .tokens = load->tokens,
        .first_slot = load->next_slot,
        .per_second = per_second,
        .count = per_second * load->arguments.pace_seconds};
    (void)usleep(SETTLE_US);
    struct processor_time before = processor_time(&load->arguments.processes);
    struct paced paced = measure_paced(&load->settings, &pace);
    struct processor_time used = processor_time_since(&load->arguments.processes, &before);
    load->next_slot += pace.count;
    (void)printf(
        "{\"name\":\"booking_paced\",\"bookings\":%zu,\"per_second\":%zu,\"p50_ms\":%.1f,"
        "\"p99_ms\":%.1f,",
        paced.counted,
        per_second,
        milliseconds(paced.times.p50_us),
        milliseconds(paced.times.p99_us));
    print_processor_time(pace.count, &used);
}

static void print_memory(void) {
    (void)printf(
        "{\"name\":\"worker_memory\",\"rss_mb\":%.1f,\"rss_peak_mb\":%.1f}\n",
        workers_memory_mb("VmRSS"),
        workers_memory_mb("VmHWM"));
    (void)fflush(stdout);
}

static void send_all(struct load *load) {
    say("signing and sending the requests");
    const struct arguments *arguments = &load->arguments;
    sign_tokens(load);
    send_warm_up(load);
    for (size_t i = 0; i < arguments->rounds; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "bench.seen.%zu", i);
        load->seen[i] = send_run(load, name, arguments->seen, false);
    }
    if (arguments->unseen > 0) {
        load->unseen = send_run(load, "bench.unseen", arguments->unseen, true);
    }
}

static void measure_all(struct load *load) {
    struct arguments *arguments = &load->arguments;
    load->outcomes = outcomes_new(&load->settings, "50", "16384");
    workers_start(arguments->worker, arguments->workers, arguments->worker_log);
    say("warming the worker up");
    outcomes_expect(load->outcomes, load->warm_ups, "SLOT_NOT_FOUND");
    say("measuring bookings with tokens seen before");
    for (size_t i = 0; i < arguments->rounds; i++) {
        measure_run(load, load->seen[i], arguments->seen, "booking_end_to_end", "seen_before");
    }
    if (arguments->unseen > 0) {
        say("measuring bookings with tokens never seen");
        measure_run(
            load, load->unseen, arguments->unseen, "booking_end_to_end_new_tokens", "never_seen");
    }
    print_memory();
    outcomes_destroy(load->outcomes);
    if (arguments->latency > 0) {
        say("measuring the time that one booking takes");
        load->outcomes = outcomes_new(&load->settings, "10", "1");
        measure_latency(load);
        outcomes_destroy(load->outcomes);
    }
    for (size_t i = 0; i < arguments->rounds * arguments->pace_count; i++) {
        measure_pace(load, arguments->paces[i % arguments->pace_count]);
    }
    workers_stop();
}

int main(int count, char **texts) {
    static struct load load; /* settings are large */
    struct error error;
    arguments_read(&load.arguments, count, texts);
    if (settings_load(&load.settings, NULL, NULL, 0, &error) != STATUS_OK) {
        die("%s", error.text);
    }
    load.plan = (struct plan){
        .run = load.arguments.run,
        .patients = load.arguments.patients,
        .doctors = load.arguments.doctors,
        .slots_from_ms = load.arguments.slots_from_ms};
    send_all(&load);
    measure_all(&load);
    signer_destroy(load.signer);
    for (size_t i = 0; i < load.plan.patients; i++) {
        free(load.tokens[i]);
    }
    free(load.tokens);
    return EXIT_SUCCESS;
}
