/* Text and digest of a purge; the database's function purge_slots makes the same. */
#include "domain/purge.h"

#include <assert.h>

enum { NUMBER_TEXT_MAX = 20 };

static char *put_text(char *end, const char *text) {
    for (; *text != '\0'; text++) {
        *end++ = *text;
    }
    return end;
}

/* None of them is negative: counts, and a time since 1970. */
static char *put_number(char *end, const char *name, int64_t number) {
    char digits[NUMBER_TEXT_MAX + 1] = {0};
    size_t start = NUMBER_TEXT_MAX;
    int64_t rest = number;
    assert(number >= 0);
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    return put_text(put_text(end, name), digits + start);
}

void purge_record_format(const struct purge_record *record, char text[PURGE_RECORD_TEXT_SIZE]) {
    char *end = put_number(text, "before=", record->before_us);
    end = put_number(end, " slots=", record->slots);
    end = put_number(end, " appointments=", record->appointments);
    end = put_number(end, " events=", record->events);
    digest_format(&record->heads, put_text(end, " heads="));
}

void purge_heads_add(struct digester *heads, struct uuid slot_id, const struct chain *chain) {
    uint8_t sequence[sizeof(int64_t)];
    for (size_t i = 0; i < sizeof sequence; i++) {
        sequence[i] = (uint8_t)((uint64_t)chain->sequence >> (56 - 8 * i));
    }
    digester_add(heads, view_of(slot_id.bytes, sizeof slot_id.bytes));
    digester_add(heads, view_of(sequence, sizeof sequence));
    digester_add(heads, view_of(chain->head.bytes, sizeof chain->head.bytes));
}
