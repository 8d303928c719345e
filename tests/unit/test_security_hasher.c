/* The hasher: what jobs come to, several callers at once, no memory, priority, and that an unknown
 * login takes as long as a known one. */
#include "base/time.h"
#include "security/hasher.h"
#include "unit.h"

#include <argon2.h>

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/resource.h>

/* ---- libargon2, out of memory when the test says so ---- */

static atomic_int hashes_until_failure = -1; /* negative: never */
static atomic_int hashing;
static atomic_int hashing_max;

static bool fails_now(void) {
    return atomic_load(&hashes_until_failure) >= 0
           && atomic_fetch_sub(&hashes_until_failure, 1) <= 0;
}

static void *real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    assert_non_null(function);
    return function;
}

static void enter(void) {
    int now = atomic_fetch_add(&hashing, 1) + 1;
    int max = atomic_load(&hashing_max);
    while (now > max && !atomic_compare_exchange_weak(&hashing_max, &max, now)) {
    }
}

int argon2id_hash_raw(
    const uint32_t t_cost,
    const uint32_t m_cost,
    const uint32_t parallelism,
    const void *pwd,
    const size_t pwdlen,
    const void *salt,
    const size_t saltlen,
    void *hash,
    const size_t hashlen) {
    union {
        void *object;
        int (*call)(
            uint32_t,
            uint32_t,
            uint32_t,
            const void *,
            size_t,
            const void *,
            size_t,
            void *,
            size_t);
    } next = {.object = real("argon2id_hash_raw")};

    if (fails_now()) {
        return ARGON2_MEMORY_ALLOCATION_ERROR;
    }
    enter();
    int result = next.call(t_cost, m_cost, parallelism, pwd, pwdlen, salt, saltlen, hash, hashlen);
    (void)atomic_fetch_sub(&hashing, 1);
    return result;
}

/* ---- jobs ---- */

static const struct hash_parameters small = {64, 1, 1};
static const struct hash_parameters larger = {128, 1, 1};

static struct hasher *hasher_of(size_t threads) {
    struct error error = {""};
    struct hasher *hasher = hasher_new(threads, &small, &error);
    if (hasher == NULL) {
        fail_msg("%s", error.text);
    }
    return hasher;
}

static const char *hash_of(const struct hash_parameters *parameters, const char *password) {
    static char texts[4][PASSWORD_HASH_SIZE];
    static size_t next;
    struct error error = {""};
    char *encoded = texts[next++ % 4];
    assert_int_equal(password_hash(parameters, view_text(password), encoded, &error), STATUS_OK);
    return encoded;
}

static void jobs_come_to_what_they_should(void **state) {
    const char *const stored = hash_of(&small, "right");
    const char *const old = hash_of(&larger, "right");

    const struct {
        bool verify;
        const char *stored, *password, *fresh; /* fresh NULL: none */
        bool right;
        const char *made; /* NULL: nothing */
    } rows[] = {
        {true, stored, "right", NULL, true, NULL},
        {true, stored, "wrong", NULL, false, NULL},
        {true, NULL, "right", NULL, false, NULL},
        {true, stored, "right", "fresh", true, "fresh"},
        {true, stored, "wrong", "fresh", false, NULL},
        {true, NULL, "right", "fresh", false, NULL},
        {true, old, "right", NULL, true, "right"},
        {true, old, "wrong", NULL, false, NULL},
        {true, old, "right", "fresh", true, "fresh"},
        {true, "$argon2id$broken", "right", "fresh", false, NULL},
        {true, "", "right", NULL, false, NULL},
        {false, NULL, "", "fresh", false, "fresh"},
        {false, NULL, "", NULL, false, NULL},
    };

    enum { COUNT = sizeof rows / sizeof rows[0] };
    struct hash_job jobs[COUNT];
    struct hasher *hasher = hasher_of(2);
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        jobs[i] = (struct hash_job){
            .verify = rows[i].verify,
            .stored = rows[i].stored,
            .password = view_text(rows[i].password),
            .fresh = rows[i].fresh == NULL ? view_of(NULL, 0) : view_text(rows[i].fresh),
            .right = true,
            .has_made = true,
        };
    }
    assert_int_equal(hasher_run(hasher, jobs, COUNT), STATUS_OK);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(jobs[i].right, rows[i].right);
        assert_int_equal(jobs[i].has_made, rows[i].made != NULL);
        if (rows[i].made == NULL) {
            assert_true(sodium_is_zero((const uint8_t *)jobs[i].made, sizeof jobs[i].made));
        } else {
            assert_true(password_verify(jobs[i].made, view_text(rows[i].made)));
            assert_true(password_hash_is_current(jobs[i].made, &small));
        }
    }
    assert_int_equal(hasher_run(hasher, jobs, 0), STATUS_OK);
    hasher_destroy(hasher);
}

/* ---- several callers ---- */

enum { CALLERS = 8, RUNS = 20, JOBS = 5, THREADS = 3 };

static const char *caller_hash; /* of "right" */

static void *call_often(void *context) {
    struct hasher *hasher = context;
    size_t wrong = 0;
    for (size_t i = 0; i < RUNS; i++) {
        struct hash_job jobs[JOBS];
        for (size_t j = 0; j < JOBS; j++) {
            bool right = (i + j) % 2 == 0;
            jobs[j] = (struct hash_job){
                .verify = true,
                .stored = caller_hash,
                .password = view_text(right ? "right" : "wrong"),
            };
        }
        wrong += hasher_run(hasher, jobs, JOBS) == STATUS_OK ? 0 : 1;
        for (size_t j = 0; j < JOBS; j++) {
            wrong += jobs[j].right == ((i + j) % 2 == 0) ? 0 : 1;
        }
    }
    return wrong == 0 ? context : NULL;
}

static void many_callers_get_their_own_and_never_more_threads(void **state) {
    pthread_t callers[CALLERS];
    struct hasher *hasher = hasher_of(THREADS);
    (void)state;
    caller_hash = hash_of(&small, "right");
    atomic_store(&hashing_max, 0);
    for (size_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_create(&callers[i], NULL, call_often, hasher), 0);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        void *result = NULL;
        (void)pthread_join(callers[i], &result);
        assert_ptr_equal(result, hasher);
    }
    assert_in_range(atomic_load(&hashing_max), 1, THREADS);
    assert_int_equal(atomic_load(&hashing), 0);
    hasher_destroy(hasher);
}

/* ---- no memory ---- */

static void without_memory_the_jobs_are_undone(void **state) {
    struct hasher *hasher = hasher_of(1);
    const char *stored = hash_of(&small, "right");
    (void)state;
    for (int i = 0; i < JOBS; i++) {
        struct hash_job jobs[JOBS];
        for (size_t j = 0; j < JOBS; j++) {
            jobs[j] = (struct hash_job){
                .verify = true,
                .stored = stored,
                .password = view_text("right"),
                .fresh = view_text("fresh"),
            };
        }
        atomic_store(&hashes_until_failure, i);
        assert_int_equal(hasher_run(hasher, jobs, JOBS), STATUS_RETRY);
        atomic_store(&hashes_until_failure, -1);
        for (size_t j = 0; j < JOBS; j++) {
            assert_false(jobs[j].right);
            assert_false(jobs[j].has_made);
            assert_true(sodium_is_zero((const uint8_t *)jobs[j].made, sizeof jobs[j].made));
        }
        assert_int_equal(hasher_run(hasher, jobs, JOBS), STATUS_OK);
        assert_true(jobs[JOBS - 1].right && jobs[JOBS - 1].has_made);
    }
    hasher_destroy(hasher);
}

/* ---- threads of low priority ---- */

static size_t threads_at(int nice_value) {
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry = NULL;
    size_t count = 0;
    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        long id = strtol(entry->d_name, NULL, 10);
        count += id > 0 && getpriority(PRIO_PROCESS, (id_t)id) == nice_value ? 1 : 0;
    }
    (void)closedir(tasks);
    return count;
}

static void hashing_yields_to_everything_else(void **state) {
    int own = getpriority(PRIO_PROCESS, 0);
    struct hash_job job = {.verify = false};
    (void)state;
    struct hasher *hasher = hasher_of(4);
    assert_int_equal(hasher_run(hasher, &job, 1), STATUS_OK);
    while (threads_at(HASHER_NICE) < 4) { /* the other three may not have begun yet */
        (void)usleep(1000);
    }
    assert_int_equal(threads_at(HASHER_NICE), 4);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
    hasher_destroy(hasher);
    assert_int_equal(threads_at(HASHER_NICE), 0);
}

static void senseless_pools_are_refused(void **state) {
    struct error error = {""};
    (void)state;
    assert_null(hasher_new(0, &small, &error));
    assert_null(hasher_new(HASHER_THREADS_MAX + 1, &small, &error));
    assert_null(hasher_new(1, &(struct hash_parameters){65537, 1, 1}, &error));
    assert_null(hasher_new(1, &(struct hash_parameters){0, 0, 0}, &error));
    hasher_destroy(NULL);
}

/* ---- known and unknown logins ---- */

struct sample {
    double count, sum, squares;
};

static void sample_add(struct sample *sample, double value) {
    sample->count++;
    sample->sum += value;
    sample->squares += value * value;
}

static double mean(const struct sample *sample) {
    return sample->sum / sample->count;
}

static double variance_of_mean(const struct sample *sample) {
    double average = mean(sample);
    return (sample->squares / sample->count - average * average) / (sample->count - 1);
}

/* The square of Welch's t. */
static double welch_t_squared(const struct sample *a, const struct sample *b) {
    double difference = mean(a) - mean(b);
    return difference * difference / (variance_of_mean(a) + variance_of_mean(b));
}

static double seconds_of(struct hasher *hasher, const char *stored) {
    struct hash_job job = {.verify = true, .stored = stored, .password = view_text("x7Kq9vLm2TzP")};
    int64_t begin_us = time_monotonic_us();
    assert_int_equal(hasher_run(hasher, &job, 1), STATUS_OK);
    assert_false(job.right);
    return (double)(time_monotonic_us() - begin_us) / (double)TIME_SECOND_US;
}

/* In a random order, so that what else the machine does meets both alike. */
static void an_unknown_login_takes_as_long_as_a_known_one(void **state) {
    enum { EACH = 10000 };
    struct sample samples[2] = {0};
    const char *const stored[2] = {hash_of(&small, "right"), NULL};
    struct hasher *hasher = hasher_of(1);
    (void)state;
    while (samples[0].count < EACH || samples[1].count < EACH) {
        size_t which = randombytes_uniform(2);
        sample_add(&samples[which], seconds_of(hasher, stored[which]));
    }
    double squared = welch_t_squared(&samples[0], &samples[1]);
    print_message(
        "%.0f and %.0f log-ins: t^2 = %.2f\n", samples[0].count, samples[1].count, squared);
    assert_true(squared < 4.5 * 4.5);
    hasher_destroy(hasher);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_come_to_what_they_should),
        cmocka_unit_test(many_callers_get_their_own_and_never_more_threads),
        cmocka_unit_test(without_memory_the_jobs_are_undone),
        cmocka_unit_test(hashing_yields_to_everything_else),
        cmocka_unit_test(senseless_pools_are_refused),
        cmocka_unit_test(an_unknown_login_takes_as_long_as_a_known_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
