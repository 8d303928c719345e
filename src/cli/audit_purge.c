/* Reads the counts of an event's detail, and writes the detail anew with what the rows say: the two
 * texts are the same, or the event is not of these rows. */
#include "cli/audit_purge.h"

#include <stdlib.h>
#include <string.h>

void audit_purge_begin(struct audit_purge *purge, struct view detail) {
    digester_begin(&purge->heads);
    if (detail.data != NULL && detail.size < sizeof purge->detail) {
        memcpy(purge->detail, detail.data, detail.size);
        purge->detail[detail.size] = '\0';
    }
}

void audit_purge_add(struct audit_purge *purge, struct uuid slot_id, const struct chain *chain) {
    if (purge->slots == 0) {
        purge->first_slot_id = slot_id;
    }
    purge_heads_add(&purge->heads, slot_id, chain);
    purge->slots++;
    purge->events += chain->sequence;
}

/* Whatever else the text is: written anew, it would be another one. */
static bool read_number(const char *text, const char *name, int64_t *number) {
    const char *at = strstr(text, name);
    *number = at == NULL ? -1 : strtoll(at + strlen(name), NULL, 10);
    return *number >= 0;
}

bool audit_purge_is_true(struct audit_purge *purge) {
    struct purge_record record = {.slots = purge->slots, .events = purge->events};
    char text[PURGE_RECORD_TEXT_SIZE];
    digester_end(&purge->heads, &record.heads);
    if (!purge->has_event || purge->events < 0
        || !read_number(purge->detail, "before=", &record.before_us)
        || !read_number(purge->detail, "appointments=", &record.appointments)) {
        return false;
    }
    purge_record_format(&record, text);
    return strcmp(text, purge->detail) == 0;
}

struct audit_finding audit_purge_finding(const struct audit_purge *purge) {
    struct audit_place slot = {purge->first_slot_id, false, 1};
    struct audit_place event = {purge->account_id, true, purge->sequence};
    return (struct audit_finding){
        .kind = AUDIT_UNACCOUNTED,
        .place = purge->has_event ? event : slot,
        .has_event_id = true,
        .event_id = purge->event_id,
    };
}
