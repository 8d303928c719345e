/* A queue of runs, each on the stack of the caller that waits for it, and threads that take their
 * jobs in turn. Whatever a log-in names, one hash is made: an account that is not there, or whose
 * stored hash is not readable, costs what the dummy costs. */
#include "security/hasher.h"

#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct run {
    struct hash_job *jobs;
    size_t count;
    size_t begun;
    size_t finished;
    enum status status;
    pthread_cond_t done;
    struct run *next;
};

struct hasher {
    struct hash_parameters parameters;
    char dummy[PASSWORD_HASH_SIZE];
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct run *first; /* the runs with jobs that nobody has begun; under lock, and what follows */
    struct run *last;
    bool stopped;
    size_t thread_count;
    pthread_t threads[HASHER_THREADS_MAX];
};

/* ---- one job ---- */

static enum status verify(const struct hasher *hasher, struct hash_job *job, struct error *error) {
    enum status status = STATUS_INVALID;
    bool right = false;
    if (job->stored != NULL) {
        status = password_compare(job->stored, job->password, &right, error);
        if (status == STATUS_INVALID) {
            log_error("stored password hash refused", LOG_TEXT("reason", error->text));
        }
    }
    job->right = status == STATUS_OK && right;
    if (status == STATUS_INVALID) {
        status = password_compare(hasher->dummy, job->password, &right, error);
    }
    return status;
}

/* data NULL: nothing is to be hashed. */
static struct view to_hash(const struct hasher *hasher, const struct hash_job *job) {
    if (!job->verify || (job->right && job->fresh.data != NULL)) {
        return job->fresh;
    }
    bool outdated = job->right && !password_hash_is_current(job->stored, &hasher->parameters);
    return outdated ? job->password : view_of(NULL, 0);
}

static enum status do_job(const struct hasher *hasher, struct hash_job *job) {
    struct error error;
    enum status status = job->verify ? verify(hasher, job, &error) : STATUS_OK;
    struct view text = to_hash(hasher, job);
    if (status == STATUS_OK && text.data != NULL) {
        status = password_hash(&hasher->parameters, text, job->made, &error);
        job->has_made = status == STATUS_OK;
    }
    if (status != STATUS_OK) {
        log_error("password not hashed", LOG_TEXT("reason", error.text));
    }
    return status;
}

/* ---- threads ---- */

/* The next job of the run that has waited longest. Under lock; NULL: stop. */
static struct hash_job *take_job(struct hasher *hasher, struct run **run) {
    while (hasher->first == NULL && !hasher->stopped) {
        (void)pthread_cond_wait(&hasher->work, &hasher->lock);
    }
    *run = hasher->first;
    if (*run == NULL) {
        return NULL;
    }
    struct hash_job *job = &(*run)->jobs[(*run)->begun++];
    if ((*run)->begun == (*run)->count) {
        hasher->first = (*run)->next;
    }
    return job;
}

/* A run of which one job failed is failed: its other jobs are not begun any more. */
static void work(struct hasher *hasher) {
    struct run *run = NULL;
    struct hash_job *job = NULL;
    (void)pthread_mutex_lock(&hasher->lock);
    while ((job = take_job(hasher, &run)) != NULL) {
        enum status status = run->status;
        if (status == STATUS_OK) {
            (void)pthread_mutex_unlock(&hasher->lock);
            status = do_job(hasher, job);
            (void)pthread_mutex_lock(&hasher->lock);
        }
        run->status = run->status == STATUS_OK ? status : run->status;
        run->finished++;
        if (run->finished == run->count) {
            (void)pthread_cond_signal(&run->done);
        }
    }
    (void)pthread_mutex_unlock(&hasher->lock);
}

/* On Linux the nice value is a thread's own. */
static void *run_thread(void *context) {
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), HASHER_NICE) != 0) {
        log_warning("threads that hash run at normal priority", LOG_INT("nice", HASHER_NICE));
    }
    work(context);
    return NULL;
}

static bool start_threads(struct hasher *hasher, size_t threads) {
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads that wait */
    while (hasher->thread_count < threads
           && pthread_create(&hasher->threads[hasher->thread_count], NULL, run_thread, hasher)
                  == 0) {
        hasher->thread_count++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return hasher->thread_count == threads;
}

/* ---- from outside ---- */

static enum status make_dummy(struct hasher *hasher, struct error *error) {
    uint8_t nobody[32];
    if (sodium_init() < 0) {
        return error_set(error, STATUS_FATAL, "there is no source of random bytes");
    }
    randombytes_buf(nobody, sizeof nobody);
    enum status status =
        password_hash(&hasher->parameters, view_of(nobody, sizeof nobody), hasher->dummy, error);
    sodium_memzero(nobody, sizeof nobody);
    return status;
}

struct hasher *hasher_new(
    size_t threads, const struct hash_parameters *parameters, struct error *error) {
    if (threads < 1 || threads > HASHER_THREADS_MAX) {
        (void)error_set(error, STATUS_INVALID, "1 to %d threads hash", (int)HASHER_THREADS_MAX);
        return NULL;
    }
    struct hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the threads that hash");
        return NULL;
    }
    hasher->parameters = *parameters;
    (void)pthread_mutex_init(&hasher->lock, NULL);
    (void)pthread_cond_init(&hasher->work, NULL);
    enum status status = make_dummy(hasher, error);
    if (status == STATUS_OK && !start_threads(hasher, threads)) {
        status = error_set(error, STATUS_RETRY, "the threads that hash cannot be started");
    }
    if (status != STATUS_OK) {
        hasher_destroy(hasher);
        return NULL;
    }
    return hasher;
}

void hasher_destroy(struct hasher *hasher) {
    if (hasher == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&hasher->lock);
    hasher->stopped = true;
    (void)pthread_cond_broadcast(&hasher->work);
    (void)pthread_mutex_unlock(&hasher->lock);
    for (size_t i = 0; i < hasher->thread_count; i++) {
        (void)pthread_join(hasher->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&hasher->work);
    (void)pthread_mutex_destroy(&hasher->lock);
    free(hasher);
}

static void reset(struct hash_job *jobs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        jobs[i].right = false;
        jobs[i].has_made = false;
        sodium_memzero(jobs[i].made, sizeof jobs[i].made);
    }
}

/* Under lock. */
static void enqueue(struct hasher *hasher, struct run *run) {
    if (hasher->first == NULL) {
        hasher->first = run;
    } else {
        hasher->last->next = run;
    }
    hasher->last = run;
    (void)pthread_cond_broadcast(&hasher->work);
}

enum status hasher_run(struct hasher *hasher, struct hash_job *jobs, size_t count) {
    struct run run = {.jobs = jobs, .count = count};
    reset(jobs, count);
    if (count == 0) {
        return STATUS_OK;
    }
    (void)pthread_cond_init(&run.done, NULL);
    (void)pthread_mutex_lock(&hasher->lock);
    enqueue(hasher, &run);
    while (run.finished < run.count) {
        (void)pthread_cond_wait(&run.done, &hasher->lock);
    }
    (void)pthread_mutex_unlock(&hasher->lock);
    (void)pthread_cond_destroy(&run.done);
    if (run.status != STATUS_OK) {
        reset(jobs, count);
    }
    return run.status;
}
