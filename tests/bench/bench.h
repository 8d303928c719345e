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

/* Says why on standard error, stops what was started, and ends the process. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- plan.c: who books what. The same ids as in seed.sql. */
struct plan {
    const char *run; /* enters every id, so that a stack can be used again */
    size_t patients;
    size_t doctors;
};

struct uuid plan_id(const struct plan *plan, const char *kind, size_t number);
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
/* One outcome, ACCEPTED; false: none within wait_ms. */
bool outcomes_poll(struct outcomes *outcomes, int wait_ms);

/* ---- processes.c */
struct processes {
    pid_t worker;
    pid_t postgres; /* the postmaster */
    pid_t broker;
};

/* Processor time in microseconds; of PostgreSQL's that of all its processes, of those that ended,
 * too. */
struct processor_time {
    int64_t worker_us;
    int64_t postgres_us;
    int64_t broker_us;
    int64_t load_us; /* this process */
};

struct processor_time processor_time(const struct processes *processes);
/* A number of kB in /proc/PID/status, such as "VmRSS", in MB. */
double memory_mb(pid_t pid, const char *name);
pid_t worker_start(char *const *command, const char *log_file);
bool worker_is_running(void);
/* SIGTERM, and SIGKILL after 40 s. */
void worker_stop(void);

#endif
