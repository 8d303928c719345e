/* A queue of callers and a few threads. A caller's jobs lie on its own stack while it waits, so the
 * queue is as long as there are callers and needs no memory. Whoever has had one job begun goes to
 * the end of the queue, so that a batch of hundreds does not stand before a single log-in.
 *
 * A niceness belongs to a thread in Linux: the scheduler gives these about a tenth of what a thread
 * that books gets while both want the same core. */
#include "security/hasher.h"

#include "security/password_parts.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICENESS = 10 };

/* One call of hasher_run; under the hasher's lock. */
struct batch {
    struct hash_job *jobs;
    size_t count;
    size_t begun;
    size_t ended;
    enum status status;
    pthread_cond_t done;
    struct batch *next;
};

struct hasher {
    struct hash_parameters parameters;
    char dummy[PASSWORD_HASH_SIZE]; /* of a password that nobody has ever known */
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct batch *first; /* with jobs to begin */
    struct batch **end;
    size_t waiting;
    bool stopping;
    size_t thread_count;
    pthread_t threads[HASHER_THREADS_MAX];
};

static enum status make_hash(
    const struct hasher *hasher, struct hash_job *job, struct view password) {
    struct error unsaid;
    enum status status = password_hash(&hasher->parameters, password, job->made, &unsaid);
    job->has_made = status == STATUS_OK;
    return status;
}

/* An unknown account, and one whose hash is of no use, take the same way as any other. */
static enum status verify(const struct hasher *hasher, struct hash_job *job) {
    bool known = job->stored != NULL && password_hash_is_sound(job->stored);
    bool same = false;
    enum status status =
        password_compare(known ? job->stored : hasher->dummy, job->password, &same);
    job->right = known && same;
    return status;
}

static enum status run_job(const struct hasher *hasher, struct hash_job *job) {
    job->right = false;
    job->has_made = false;
    enum status status = job->verify ? verify(hasher, job) : STATUS_OK;
    if (status != STATUS_OK || (job->verify && !job->right)) {
        return status;
    }
    if (job->fresh.data != NULL) {
        return make_hash(hasher, job, job->fresh);
    }
    if (job->verify && !password_hash_is_current(job->stored, &hasher->parameters)) {
        return make_hash(hasher, job, job->password);
    }
    return STATUS_OK;
}

/* The functions from here to work_on_jobs are called under the lock. */
static void enqueue(struct hasher *hasher, struct batch *batch) {
    batch->next = NULL;
    *hasher->end = batch;
    hasher->end = &batch->next;
}

static struct batch *dequeue(struct hasher *hasher) {
    struct batch *batch = hasher->first;
    hasher->first = batch->next;
    if (hasher->first == NULL) {
        hasher->end = &hasher->first;
    }
    return batch;
}

static struct hash_job *begin(struct hasher *hasher, struct batch **batch) {
    *batch = dequeue(hasher);
    struct hash_job *job = &(*batch)->jobs[(*batch)->begun++];
    hasher->waiting--;
    if ((*batch)->begun < (*batch)->count) {
        enqueue(hasher, *batch);
    }
    return job;
}

static void end(struct batch *batch, enum status status) {
    if (batch->status == STATUS_OK) {
        batch->status = status;
    }
    batch->ended++;
    if (batch->ended == batch->count) {
        (void)pthread_cond_signal(&batch->done);
    }
}

static void work_on_jobs(struct hasher *hasher) {
    while (!hasher->stopping) {
        if (hasher->first == NULL) {
            (void)pthread_cond_wait(&hasher->work, &hasher->lock);
            continue;
        }
        struct batch *batch = NULL;
        struct hash_job *job = begin(hasher, &batch);
        bool given_up = batch->status != STATUS_OK;
        (void)pthread_mutex_unlock(&hasher->lock);
        enum status status = given_up ? STATUS_OK : run_job(hasher, job);
        (void)pthread_mutex_lock(&hasher->lock);
        end(batch, status);
    }
}

/* Nobody's niceness is lowered: that would take a privilege. */
static void step_back(void) {
    id_t thread = (id_t)gettid();
    if (getpriority(PRIO_PROCESS, thread) < NICENESS) {
        (void)setpriority(PRIO_PROCESS, thread, NICENESS);
    }
}

static void *run_thread(void *argument) {
    struct hasher *hasher = argument;
    step_back();
    (void)pthread_mutex_lock(&hasher->lock);
    work_on_jobs(hasher);
    (void)pthread_mutex_unlock(&hasher->lock);
    return NULL;
}

static enum status make_dummy(struct hasher *hasher, struct error *error) {
    uint8_t password[32];
    randombytes_buf(password, sizeof password);
    enum status status = password_hash(
        &hasher->parameters, view_of(password, sizeof password), hasher->dummy, error);
    sodium_memzero(password, sizeof password);
    return status;
}

static enum status start(struct hasher *hasher, size_t threads, struct error *error) {
    enum status status = make_dummy(hasher, error);
    while (status == STATUS_OK && hasher->thread_count < threads) {
        pthread_t *thread = &hasher->threads[hasher->thread_count];
        if (pthread_create(thread, NULL, run_thread, hasher) != 0) {
            return error_set(error, STATUS_RETRY, "no thread to hash passwords in");
        }
        hasher->thread_count++;
    }
    return status;
}

struct hasher *hasher_new(
    size_t threads, const struct hash_parameters *parameters, struct error *error) {
    if (threads < 1 || threads > HASHER_THREADS_MAX || sodium_init() < 0) {
        (void)error_set(error, STATUS_INVALID, "passwords cannot be hashed in so many threads");
        return NULL;
    }
    struct hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory to hash passwords");
        return NULL;
    }
    hasher->parameters = *parameters;
    hasher->end = &hasher->first;
    (void)pthread_mutex_init(&hasher->lock, NULL);
    (void)pthread_cond_init(&hasher->work, NULL);
    if (start(hasher, threads, error) != STATUS_OK) {
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
    assert(hasher->first == NULL);
    hasher->stopping = true;
    (void)pthread_cond_broadcast(&hasher->work);
    (void)pthread_mutex_unlock(&hasher->lock);
    for (size_t i = 0; i < hasher->thread_count; i++) {
        (void)pthread_join(hasher->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&hasher->work);
    (void)pthread_mutex_destroy(&hasher->lock);
    free(hasher);
}

enum status hasher_run(struct hasher *hasher, struct hash_job *jobs, size_t count) {
    struct batch batch = {.jobs = jobs, .count = count, .status = STATUS_OK};
    if (count == 0) {
        return STATUS_OK;
    }
    (void)pthread_cond_init(&batch.done, NULL);
    (void)pthread_mutex_lock(&hasher->lock);
    enqueue(hasher, &batch);
    hasher->waiting += count;
    (void)pthread_cond_broadcast(&hasher->work);
    while (batch.ended < batch.count) {
        (void)pthread_cond_wait(&batch.done, &hasher->lock);
    }
    (void)pthread_mutex_unlock(&hasher->lock);
    (void)pthread_cond_destroy(&batch.done);
    return batch.status;
}

size_t hasher_waiting(struct hasher *hasher) {
    (void)pthread_mutex_lock(&hasher->lock);
    size_t waiting = hasher->waiting;
    (void)pthread_mutex_unlock(&hasher->lock);
    return waiting;
}
