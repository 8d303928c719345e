/* Ids as they are met; sorted and made unique at the end. */
#include "engine/ports.h"

#include <stdlib.h>

void uuid_list_add(struct uuid_list *list, struct uuid id) {
    list->items[list->count++] = id;
}

static int compare_ids(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct uuid));
}

void uuid_list_sort_unique(struct uuid_list *list) {
    if (list->count == 0) {
        return;
    }
    qsort(list->items, list->count, sizeof list->items[0], compare_ids);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++) {
        if (!uuid_equal(list->items[i], list->items[kept - 1])) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}
