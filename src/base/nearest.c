/* Levenshtein distance over short names; a name that differs in more than a third of its letters is
 * no hint.
 */
#include "base/nearest.h"

#include <string.h>

enum { NAME_MAX_SIZE = 64 };

static size_t min_of(size_t a, size_t b) {
    return a < b ? a : b;
}

/* One row of the table of distances is enough: `row[j]` is the distance of the letters of `a` so
 * far to the first j of `b`. */
static size_t distance_of(const char *a, const char *b) {
    size_t row[NAME_MAX_SIZE + 1];
    size_t b_size = strlen(b);
    for (size_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = min_of(replaced, min_of(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_size];
}

void nearest_begin(struct nearest *nearest, const char *wanted) {
    *nearest = (struct nearest){wanted, NULL, (strlen(wanted) + 2) / 3 + 1};
}

void nearest_offer(struct nearest *nearest, const char *name) {
    if (strlen(nearest->wanted) > NAME_MAX_SIZE || strlen(name) > NAME_MAX_SIZE) {
        return;
    }
    size_t distance = distance_of(nearest->wanted, name);
    if (distance < nearest->distance) {
        nearest->name = name;
        nearest->distance = distance;
    }
}
