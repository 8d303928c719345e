/* One line a minute of what may happen at any rate, and how often it did. */
#include "base/pace.h"
#include "unit.h"

#include <pthread.h>

enum { THREADS = 4, TRIES = 20000 };

static void the_first_is_admitted_and_then_one_a_minute(void **state) {
    (void)state;
    struct pace pace = {0};
    int64_t silent = -1;
    assert_true(pace_admits(&pace, 5, &silent));
    assert_int_equal(silent, 0);
    assert_false(pace_admits(&pace, 5, &silent));
    assert_false(pace_admits(&pace, 5 + PACE_MINUTE_US - 1, &silent));
    assert_true(pace_admits(&pace, 5 + PACE_MINUTE_US, &silent));
    assert_int_equal(silent, 2);
    assert_false(pace_admits(&pace, 6 + PACE_MINUTE_US, &silent));
    assert_true(pace_admits(&pace, 1000LL * PACE_MINUTE_US, &silent));
    assert_int_equal(silent, 1);
}

static struct pace shared;
static atomic_llong admitted;

static void *try_often(void *unused) {
    (void)unused;
    int64_t silent = 0;
    for (int i = 0; i < TRIES; i++) {
        if (pace_admits(&shared, 7, &silent)) {
            (void)atomic_fetch_add(&admitted, 1);
        }
    }
    return NULL;
}

static void of_several_threads_one_is_admitted(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, try_often, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    int64_t silent = 0;
    assert_int_equal(admitted, 1);
    assert_true(pace_admits(&shared, 7 + PACE_MINUTE_US, &silent));
    assert_int_equal(silent, THREADS * TRIES - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_admitted_and_then_one_a_minute),
        cmocka_unit_test(of_several_threads_one_is_admitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
