/* Of several threads whose time has come at once, one wins the exchange. */
#include "base/pace.h"

bool pace_admits(struct pace *pace, int64_t now_us, int64_t *silent) {
    long long next_us = atomic_load(&pace->next_us);
    if (now_us < next_us
        || !atomic_compare_exchange_strong(&pace->next_us, &next_us, now_us + PACE_MINUTE_US)) {
        (void)atomic_fetch_add(&pace->silent, 1);
        return false;
    }
    *silent = atomic_exchange(&pace->silent, 0);
    return true;
}
