/* The hasher: how many hashes are computed at once and whose turn it is, what a job brings, and
 * that neither time nor memory gives anything away. */
#include "argon2_hook.h"
#include "memory_scan.h"
#include "security/hasher.h"

#include <dirent.h>
#include <sched.h>

enum { NICENESS = 10, CALLERS = 8, JOBS = 4 };

static const struct hash_parameters cheap = {64, 1, 1};
static const struct hash_parameters older = {32, 2, 1};

static struct hasher *start(size_t threads) {
    struct error error = {""};
    struct hasher *hasher = hasher_new(threads, &cheap, &error);
    assert_non_null(hasher);
    hook_reset();
    return hasher;
}

static void make(const struct hash_parameters *parameters, const char *password, char *encoded) {
    struct error error;
    assert_int_equal(password_hash(parameters, view_text(password), encoded, &error), STATUS_OK);
}

/* A caller in a thread of its own. */
struct caller {
    pthread_t thread;
    struct hasher *hasher;
    struct hash_job jobs[JOBS];
    size_t count;
    enum status status;
};

static void *call(void *argument) {
    struct caller *caller = argument;
    caller->status = hasher_run(caller->hasher, caller->jobs, caller->count);
    return NULL;
}

static void begin_call(struct caller *caller, struct hasher *hasher, size_t count) {
    caller->hasher = hasher;
    caller->count = count;
    assert_int_equal(pthread_create(&caller->thread, NULL, call, caller), 0);
}

static void end_call(struct caller *caller) {
    (void)pthread_join(caller->thread, NULL);
    assert_int_equal(caller->status, STATUS_OK);
}

static void wait_for_waiting(struct hasher *hasher, size_t count) {
    while (hasher_waiting(hasher) != count) {
        (void)sched_yield();
    }
}

static void close_gate(void) {
    hook_reset();
    hook.gate_closed = true;
}

static void no_more_are_hashed_at_once_than_threads(void **state) {
    (void)state;
    static struct caller callers[CALLERS];
    char stored[PASSWORD_HASH_SIZE];
    make(&cheap, "velvet crayon", stored);
    for (size_t threads = 1; threads <= 4; threads++) {
        struct hasher *hasher = start(threads);
        close_gate();
        for (size_t i = 0; i < CALLERS; i++) {
            for (size_t j = 0; j < JOBS; j++) {
                const char *password = (i + j) % 2 == 0 ? "velvet crayon" : "velvet crayom";
                callers[i].jobs[j] = (struct hash_job){
                    .verify = true, .stored = stored, .password = view_text(password)};
            }
            begin_call(&callers[i], hasher, JOBS);
        }
        hook_wait_for_inside(threads);
        wait_for_waiting(hasher, CALLERS * JOBS - threads);
        hook_open_gate();
        for (size_t i = 0; i < CALLERS; i++) {
            end_call(&callers[i]);
            for (size_t j = 0; j < JOBS; j++) {
                assert_int_equal(callers[i].jobs[j].right, (i + j) % 2 == 0);
                assert_false(callers[i].jobs[j].has_made);
            }
        }
        hasher_destroy(hasher);
        assert_int_equal(hook.inside_max, threads);
        assert_int_equal(hook.count, CALLERS * JOBS);
    }
}

static void callers_take_turns(void **state) {
    (void)state;
    static struct caller many;
    static struct caller one;
    struct hasher *hasher = start(1);
    close_gate();
    for (size_t j = 0; j < JOBS; j++) {
        many.jobs[j] = (struct hash_job){.verify = true, .password = view_text("many")};
    }
    one.jobs[0] = (struct hash_job){.verify = true, .password = view_text("one")};
    begin_call(&many, hasher, JOBS);
    hook_wait_for_inside(1);
    begin_call(&one, hasher, 1);
    wait_for_waiting(hasher, JOBS);
    hook_open_gate();
    end_call(&many);
    end_call(&one);
    hasher_destroy(hasher);
    assert_int_equal(hook.count, JOBS + 1);
    assert_true(hook.seen[1].initial == 'o' || hook.seen[2].initial == 'o');
}

static void run(struct hasher *hasher, struct hash_job *job) {
    hook_reset();
    assert_int_equal(hasher_run(hasher, job, 1), STATUS_OK);
}

/* One hash of the same cost, whether or not there is an account or its hash is of use. */
static void unknown_accounts_take_as_long(void **state) {
    (void)state;
    struct hasher *hasher = start(1);
    char stored[PASSWORD_HASH_SIZE];
    make(&cheap, "velvet crayon", stored);
    const char *const cases[] = {stored, NULL, "", "$argon2id$v=19$m=9999999,t=1,p=1$c2Fs$c2Fs"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hash_job job = {
            .verify = true,
            .stored = cases[i],
            .password = view_text("velvet crayom"),
            .fresh = view_text("toaster puddle"),
        };
        run(hasher, &job);
        assert_false(job.right);
        assert_false(job.has_made);
        assert_int_equal(hook.count, 1);
        assert_memory_equal(
            &hook.seen[0],
            (&(struct hash_seen){cheap.memory_kib, cheap.passes, cheap.lanes, 16, 32, 'v'}),
            sizeof(uint32_t) * 5);
    }
    hasher_destroy(hasher);
}

static void a_right_password_may_be_replaced(void **state) {
    (void)state;
    struct hasher *hasher = start(2);
    char stored[PASSWORD_HASH_SIZE];
    make(&older, "velvet crayon", stored);
    struct hash_job job = {
        .verify = true,
        .stored = stored,
        .password = view_text("velvet crayon"),
        .fresh = view_text("toaster puddle"),
    };
    run(hasher, &job);
    assert_true(job.right);
    assert_true(job.has_made);
    assert_true(password_verify(job.made, job.fresh));
    assert_false(password_verify(job.made, job.password));
    assert_true(password_hash_is_current(job.made, &cheap));
    hasher_destroy(hasher);
}

static void a_first_password_is_hashed(void **state) {
    (void)state;
    struct hasher *hasher = start(2);
    struct hash_job job = {.fresh = view_text("toaster puddle"), .right = true};
    run(hasher, &job);
    assert_false(job.right);
    assert_true(job.has_made);
    assert_true(password_verify(job.made, job.fresh));
    job.fresh = view_of(NULL, 0);
    run(hasher, &job);
    assert_false(job.has_made);
    assert_int_equal(hook.count, 0);
    assert_int_equal(hasher_run(hasher, NULL, 0), STATUS_OK);
    hasher_destroy(hasher);
}

static void old_hashes_are_renewed(void **state) {
    (void)state;
    struct hasher *hasher = start(1);
    char stored[PASSWORD_HASH_SIZE];
    make(&older, "velvet crayon", stored);
    struct hash_job job = {
        .verify = true, .stored = stored, .password = view_text("velvet crayon")};
    run(hasher, &job);
    assert_true(job.right);
    assert_true(job.has_made);
    assert_true(password_verify(job.made, job.password));
    assert_true(password_hash_is_current(job.made, &cheap));

    struct hash_job again = {.verify = true, .stored = job.made, .password = job.password};
    run(hasher, &again);
    assert_true(again.right);
    assert_false(again.has_made);

    job.password = view_text("velvet crayom");
    run(hasher, &job);
    assert_false(job.right);
    assert_false(job.has_made);
    hasher_destroy(hasher);
}

static void without_memory_the_caller_tries_again(void **state) {
    (void)state;
    struct hasher *hasher = start(1);
    struct hash_job jobs[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = (struct hash_job){.fresh = view_text("toaster puddle")};
    }
    hook.memory_is_out = true;
    assert_int_equal(hasher_run(hasher, jobs, JOBS), STATUS_RETRY);
    assert_int_equal(hook.count, 1);
    hook_reset();
    assert_int_equal(hasher_run(hasher, jobs, JOBS), STATUS_OK);
    assert_int_equal(hook.count, JOBS);
    hasher_destroy(hasher);
}

/* Threads of this process at that niceness. */
static size_t count_nice_threads(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        id_t thread = (id_t)strtoul(entry->d_name, NULL, 10);
        count += thread != 0 && getpriority(PRIO_PROCESS, thread) == NICENESS ? 1 : 0;
    }
    (void)closedir(folder);
    return count;
}

static void its_threads_step_back(void **state) {
    (void)state;
    size_t before = count_nice_threads();
    struct hasher *hasher = start(3);
    while (count_nice_threads() != before + 3) {
        (void)sched_yield();
    }
    assert_int_not_equal(getpriority(PRIO_PROCESS, 0), NICENESS);
    hasher_destroy(hasher);
}

static void wrong_sizes_are_refused(void **state) {
    (void)state;
    struct error error = {""};
    assert_null(hasher_new(0, &cheap, &error));
    assert_null(hasher_new(HASHER_THREADS_MAX + 1, &cheap, &error));
    assert_null(hasher_new(1, &(struct hash_parameters){HASH_MEMORY_KIB_MAX + 1, 1, 1}, &error));
    assert_null(hasher_new(1, &(struct hash_parameters){64, 0, 1}, &error));
    assert_string_not_equal(error.text, "");
    hasher_destroy(NULL);
}

static void put_canary(uint8_t bytes[CANARY_SIZE]) {
    for (size_t i = 0; i < CANARY_SIZE; i++) {
        bytes[i] = canary_at(i);
    }
}

/* Everything that ever happens to a password: afterwards it is where the caller has it, and wiping
 * that leaves none. */
static void no_copy_of_a_password_is_left(void **state) {
    (void)state;
    static uint8_t given[CANARY_SIZE];
    static uint8_t password[PASSWORD_SIZE_MAX];
    static struct hash_job job;
    size_t size = 0;
    struct hasher *hasher = start(2);
    assert_int_equal(scan_memory(), 0);
    put_canary(given);
    assert_true(password_normalise(view_of(given, CANARY_SIZE), password, &size));
    assert_int_equal(scan_memory(), 2 * CANARY_SIZE / CANARY_PART_SIZE);
    assert_true(password_is_good(view_of(password, size), view_text("ann")));
    job = (struct hash_job){.fresh = view_of(password, size)};
    run(hasher, &job);
    struct hash_job check = {
        .verify = true, .stored = job.made, .password = view_of(password, size)};
    run(hasher, &check);
    assert_true(check.right);
    assert_true(password_verify(job.made, view_of(password, size)));
    memset(given, 0, sizeof given);
    memset(password, 0, sizeof password);
    assert_int_equal(scan_memory(), 0);
    assert_int_equal(hook.memory_dirty, 0);
    hasher_destroy(hasher);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_are_hashed_at_once_than_threads),
        cmocka_unit_test(callers_take_turns),
        cmocka_unit_test(unknown_accounts_take_as_long),
        cmocka_unit_test(a_right_password_may_be_replaced),
        cmocka_unit_test(a_first_password_is_hashed),
        cmocka_unit_test(old_hashes_are_renewed),
        cmocka_unit_test(without_memory_the_caller_tries_again),
        cmocka_unit_test(its_threads_step_back),
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(no_copy_of_a_password_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
