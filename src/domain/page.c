/* What the queries that read lists share. */
#include "domain/page.h"

#include "domain/decision.h"

#include <assert.h>

/* Behind every row that begins a microsecond earlier, which is the least that times differ by. */
struct page_position page_position_before(int64_t from_us) {
    struct page_position position = {.at = from_us - 1};
    memset(position.id.bytes, 0xff, sizeof position.id.bytes);
    return position;
}

int32_t page_limit(const struct decision *decision) {
    int32_t limit = decision_value(decision, "limit")->as.number;
    int32_t most = (int32_t)decision->limits->query_page_max;
    return limit < 1 ? 1 : limit > most ? most : limit;
}

void page_set_window(const struct decision *decision, int64_t earliest_us, struct page *page) {
    int64_t from_us = decision_value(decision, "from")->as.time_us;
    page->after = page_position_before(from_us > earliest_us ? from_us : earliest_us);
    page->until_us = decision_value(decision, "until")->as.time_us;
    page->limit = page_limit(decision);
}

void page_continue(struct page *page, const struct page_position *position) {
    const struct page_position *after = &page->after;
    if (position->at > after->at
        || (position->at == after->at && uuid_compare(position->id, after->id) > 0)) {
        page->after = *position;
    }
}

static bool lists_slots(enum page_kind kind) {
    return kind == PAGE_OPEN_SLOTS || kind == PAGE_DOCTORS_OPEN_SLOTS;
}

static bool lists_appointments(enum page_kind kind) {
    return kind == PAGE_DOCTORS_APPOINTMENTS || kind == PAGE_PATIENTS_APPOINTMENTS;
}

void result_of_page(struct result *result, const struct page *page, struct view next_cursor) {
    assert(page->kind != PAGE_NONE && page->kind != PAGE_KIND_COUNT);
    if (lists_slots(page->kind)) {
        *result = (struct result){
            .type = RESULT_SLOT_PAGE, .as.slot_page = {page->slots, page->count, next_cursor}};
    } else if (lists_appointments(page->kind)) {
        *result = (struct result){
            .type = RESULT_APPOINTMENT_PAGE,
            .as.appointment_page = {page->appointments, page->count, next_cursor}};
    } else {
        *result = (struct result){
            .type = RESULT_HISTORY_PAGE,
            .as.history_page = {page->events, page->count, next_cursor}};
    }
}
