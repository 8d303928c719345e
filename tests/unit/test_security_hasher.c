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
    if (getpriority(PRIO_PROCESS, 0) >= NICENESS) {
        skip(); /* whoever stands there already has no step to take */
    }
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

/* One step of a password's life, in a thread that then stands still, so that its stack stays as the
 * step has left it while all memory is looked through. */
static struct {
    uint8_t given[CANARY_SIZE + 1];
    uint8_t password[PASSWORD_SIZE_MAX];
    size_t size;
    char encoded[PASSWORD_HASH_SIZE];
    struct hasher *hasher;
    bool as_expected;
    pthread_barrier_t done;
    pthread_barrier_t looked;
} life;

static struct view password_of_life(void) {
    return view_of(life.password, life.size);
}

static bool live_normalise(void) {
    struct view given = view_of(life.given, CANARY_SIZE);
    return password_normalise(given, life.password, &life.size);
}

static bool live_normalise_wrong(void) {
    life.given[CANARY_SIZE] = 0xff;
    bool right =
        password_normalise(view_of(life.given, CANARY_SIZE + 1), life.password, &life.size);
    return !right && live_normalise();
}

static bool live_judge(void) {
    return password_is_good(password_of_life(), view_text("ann"));
}

static bool live_refuse(void) {
    life.password[CANARY_SIZE] = '\n';
    return !password_is_good(view_of(life.password, CANARY_SIZE + 1), view_text("ann"));
}

static bool live_hash(void) {
    struct error error;
    return password_hash(&cheap, password_of_life(), life.encoded, &error) == STATUS_OK;
}

static bool live_verify(void) {
    return password_verify(life.encoded, password_of_life());
}

static bool live_verify_wrong(void) {
    return !password_verify(life.encoded, view_of(life.password, CANARY_SIZE - 1));
}

static bool live_in_hasher(void) {
    struct hash_job job = {
        .verify = true,
        .stored = life.encoded,
        .password = password_of_life(),
        .fresh = password_of_life(),
    };
    return hasher_run(life.hasher, &job, 1) == STATUS_OK && job.right && job.has_made;
}

/* Further down the stack than what the thread does afterwards. */
static __attribute__((noinline)) bool live_deep_down(bool (*step)(void)) {
    volatile uint8_t distance[8192];
    distance[0] = 0;
    distance[sizeof distance - 1] = distance[0];
    bool as_expected = step();
    return as_expected && distance[sizeof distance - 1] == 0;
}

static bool (*const life_steps[])(void) = {
    live_normalise,
    live_normalise_wrong,
    live_judge,
    live_refuse,
    live_hash,
    live_verify,
    live_verify_wrong,
    live_in_hasher,
};

static void *live(void *argument) {
    bool (*const *step)(void) = argument;
    life.as_expected = live_deep_down(*step);
    (void)pthread_barrier_wait(&life.done);
    (void)pthread_barrier_wait(&life.looked);
    return NULL;
}

static size_t count_copies_after(size_t step) {
    pthread_t thread;
    bool (*function)(void) = life_steps[step];
    assert_int_equal(pthread_create(&thread, NULL, live, &function), 0);
    (void)pthread_barrier_wait(&life.done);
    size_t count = scan_memory();
    (void)pthread_barrier_wait(&life.looked);
    (void)pthread_join(thread, NULL);
    assert_true(life.as_expected);
    return count;
}

/* There are the one that was given and the normalised one, which are the caller's, and no more. */
static void no_copy_of_a_password_is_left(void **state) {
    (void)state;
    skip_where_others_copy();
    life.hasher = start(2);
    (void)pthread_barrier_init(&life.done, NULL, 2);
    (void)pthread_barrier_init(&life.looked, NULL, 2);
    assert_int_equal(scan_memory(), 0);
    for (size_t i = 0; i < CANARY_SIZE; i++) {
        life.given[i] = canary_at(i);
    }
    assert_int_equal(scan_memory(), CANARY_SIZE / CANARY_PART_SIZE);
    for (size_t i = 0; i < sizeof life_steps / sizeof life_steps[0]; i++) {
        assert_int_equal(count_copies_after(i), 2 * CANARY_SIZE / CANARY_PART_SIZE);
    }
    memset(life.given, 0, sizeof life.given);
    memset(life.password, 0, sizeof life.password);
    assert_int_equal(scan_memory(), 0);
    hasher_destroy(life.hasher);
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
