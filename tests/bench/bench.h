/* The parts of the load generator. It shares the machine with what it measures, so each part does
 * as little as it can while the clock runs. Everything ends the process with a sentence when it
 * fails: there is nothing to recover. */
#ifndef SLOTKEEPER_BENCH_H
#define SLOTKEEPER_BENCH_H

#include "app/settings.h"
#include "base/uuid.h"

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Carries a number to the outcome and back. */
#define NUMBER_HEADER "kafka_correlationId"

/* Says why on standard error, stops what was started, and ends the process. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- arguments.c */
enum { ROUNDS_MAX = 10, PACES_MAX = 20 };

struct processes {
    pid_t postgres; /* the postmaster */
    pid_t broker;
};

struct arguments {
    const char *run; /* as given to seed.sql */
    const char *worker_log;
    char *const *worker;
    struct processes processes;
    size_t patients, doctors;
    size_t workers;
    size_t rounds;
    size_t seen;    /* bookings a round whose tokens the worker has seen before */
    size_t unseen;  /* bookings each with a token that it has never seen */
    size_t latency; /* bookings sent one at a time */
    size_t per_second;
    size_t slots_from_ms;    /* as in struct plan */
    size_t paces[PACES_MAX]; /* bookings a second */
    size_t pace_count;
    size_t pace_seconds; /* how long each pace is held in a round */
};

/* name=value, -- and the worker's command; what is not given is the default of scripts/bench. */
void arguments_read(struct arguments *arguments, int count, char **texts);

/* ---- plan.c: who books what. The same ids as in seed.sql. */
struct plan {
    const char *run; /* enters every id, so that a stack can be used again */
    size_t patients;
    size_t doctors;
    size_t slots_from_ms; /* of the Unix epoch: slots have ids in order (UUID version 7), a
                             millisecond each; 0: in none */
};

struct uuid plan_id(const struct plan *plan, const char *kind, size_t number);
struct uuid plan_slot_id(const struct plan *plan, size_t number);
/* The patient of each booking: slots `first` to first + count - 1, each block of `patients` slots
 * in an order of its own, so that no patient has two of one block and, since a block is a time,
 * none of them overlap. The caller frees. */
uint32_t *plan_patients(const struct plan *plan, size_t first, size_t count);
/* The order in which they are sent. */
uint32_t *plan_order(size_t count);

/* ---- tokens.c */
struct signer;
struct signer *signer_new(const struct settings *settings);
void signer_destroy(struct signer *signer);
/* "Bearer " and a token of its own for the patient; the caller frees. */
char *signer_token(struct signer *signer, struct uuid patient);

/* ---- requests.c */
struct requests;
/* `transaction` NULL: what is sent is visible at once. Otherwise its name: from requests_commit on.
 */
struct requests *requests_new(
    const struct settings *settings, const char *transaction, const char *linger_ms);
void requests_destroy(struct requests *requests);
void requests_book(struct requests *requests, struct uuid slot, const char *authorization);
/* The same with a number that its outcome brings back, above 0. */
void requests_book_numbered(
    struct requests *requests, struct uuid slot, const char *authorization, uint64_t number);
/* To this partition, wherever its key belongs; RD_KAFKA_PARTITION_UA: where it belongs. */
void requests_book_at(
    struct requests *requests, struct uuid slot, const char *authorization, int32_t partition);
/* Until the broker has all of them. */
void requests_flush(struct requests *requests);
void requests_poll(struct requests *requests);
void requests_commit(struct requests *requests);

/* ---- outcomes.c: reads what is committed, from the moment of making on. */
struct outcomes;
struct outcomes *outcomes_new(
    const struct settings *settings, const char *wait_max_ms, const char *bytes_min);
void outcomes_destroy(struct outcomes *outcomes);
/* Reads `count` outcomes; each must have this code, or "ACCEPTED", or the process ends with what
 * came instead. */
void outcomes_expect(struct outcomes *outcomes, size_t count, const char *code);
/* One outcome, ACCEPTED: the number that its request had, or 0; false: none within wait_ms. */
bool outcomes_poll(struct outcomes *outcomes, int wait_ms, uint64_t *number);

/* ---- processes.c */
/* Processor time in microseconds; of PostgreSQL's that of all its processes, of those that ended,
 * too. */
struct processor_time {
    int64_t worker_us; /* of all that workers_start has started */
    int64_t postgres_us;
    int64_t broker_us;
    int64_t load_us; /* this process */
};

struct processor_time processor_time(const struct processes *processes);
struct processor_time processor_time_since(
    const struct processes *processes, const struct processor_time *before);
/* Once in a process. All of them write to the end of one log. */
void workers_start(char *const *command, size_t count, const char *log_file);
/* None has ended. */
bool workers_are_running(void);
/* A number of kB in /proc/PID/status, such as "VmRSS", in MB, of the worker that has most. */
double workers_memory_mb(const char *name);
/* SIGTERM, and SIGKILL after 40 s. */
void workers_stop(void);

/* ---- percentiles.c */
struct percentiles {
    int64_t p50_us, p99_us;
};

/* Of `count` times, above 0, which it sorts. */
struct percentiles percentiles_of(int64_t *times_us, size_t count);

/* ---- paced.c */
struct pace {
    struct plan plan;
    char *const *tokens; /* one a patient; the worker knows them */
    size_t first_slot;
    size_t per_second;
    size_t count; /* bookings */
};

struct paced {
    struct percentiles times;
    size_t counted; /* of what they are */
};

/* Sends bookings at an even pace, whether or not those before are answered; how long each took from
 * the moment when it was due to its outcome read committed. What was due in the first fifth is sent
 * and not counted. A client that waits 5 ms for company, as librdkafka and Kafka's own do unless
 * told otherwise. */
struct paced measure_paced(const struct settings *settings, const struct pace *pace);

#endif
