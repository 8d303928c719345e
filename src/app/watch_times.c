/* Since when records of a partition wait. */
#include "app/watch_times.h"

#include "base/time.h"

static int64_t undecided_since(const struct partition *partition, int64_t high, int64_t now_us) {
    const struct partition_watch *watch = &partition->watch;
    bool first_look = watch->next_offset == 0;
    bool moved = partition->next_offset != watch->next_offset;
    if (high <= partition->next_offset) {
        return 0;
    }
    if (partition->last_offset >= 0 && (first_look || (moved && watch->undecided_since_us != 0))) {
        return partition->last_append_time_us;
    }
    return watch->undecided_since_us != 0 && !moved ? watch->undecided_since_us : now_us;
}

/* The broker has said that all is read below end_offset, and has more behind it. */
static int64_t withheld_since(const struct partition *partition, int64_t high, int64_t now_us) {
    const struct partition_watch *watch = &partition->watch;
    bool withheld = partition->end_offset >= partition->next_offset && high > partition->end_offset;
    bool same = watch->withheld_since_us != 0 && partition->next_offset == watch->next_offset;
    return !withheld ? 0 : same ? watch->withheld_since_us : now_us;
}

void watch_update(struct partition *partition, int64_t high, int64_t now_us) {
    partition->watch = (struct partition_watch){
        .next_offset = partition->next_offset,
        .undecided_since_us = undecided_since(partition, high, now_us),
        .withheld_since_us = withheld_since(partition, high, now_us),
    };
}

double watch_age_s(int64_t since_us, int64_t now_us) {
    return since_us == 0 || since_us > now_us ? 0 : (double)(now_us - since_us) / TIME_SECOND_US;
}
