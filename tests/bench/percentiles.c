/* Of many times, the two that are told. */
#include "bench.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

struct percentiles percentiles_of(int64_t *times_us, size_t count) {
    qsort(times_us, count, sizeof *times_us, ascending);
    return (struct percentiles){
        .p50_us = times_us[count / 2], .p99_us = times_us[count * 99 / 100]};
}
