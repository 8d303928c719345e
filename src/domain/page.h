/* What a query reads: worked out from it beforehand, filled by the store, and shown if the caller
 * may see it. Lists come in pages; a page begins behind a position, so that rows which come and go
 * meanwhile neither repeat nor hide one that stood still. */
#ifndef SLOTKEEPER_DOMAIN_PAGE_H
#define SLOTKEEPER_DOMAIN_PAGE_H

#include "domain/outcome.h"

struct decision;

enum page_kind {
    PAGE_NONE,               /* the result is there without it */
    PAGE_OPEN_SLOTS,         /* of any doctor */
    PAGE_DOCTORS_OPEN_SLOTS, /* of the doctor `subject` */
    PAGE_DOCTORS_APPOINTMENTS,
    PAGE_PATIENTS_APPOINTMENTS,
    PAGE_SLOT_HISTORY,        /* of the slot `subject` */
    PAGE_APPOINTMENT_HISTORY, /* of the appointment `subject` */
    PAGE_KIND_COUNT
};

/* A row's place in the list: starts_at in microseconds, then id; of events the sequence alone. */
struct page_position {
    int64_t at;
    struct uuid id;
};

struct page {
    /* What is wanted. */
    enum page_kind kind;
    struct uuid subject;
    unsigned states;            /* STATE_BIT of each that is wanted, of appointments */
    int64_t until_us;           /* rows that begin earlier */
    struct page_position after; /* rows behind it */
    int32_t limit;              /* 1 .. query.page_max */
    bool only_viewers;  /* of a slot's history: SLOT events, and those of the appointments of */
    struct uuid viewer; /* this patient */

    /* What was found; items are in the arena. */
    bool refused; /* PostgreSQL refuses the data of this page alone */
    bool exists;  /* of a history: its slot, or its appointment */
    struct uuid doctor_id;
    struct uuid patient_id; /* of an appointment */
    struct slot_result *slots;
    struct appointment_result *appointments;
    struct audit_event *events;
    size_t count;
    bool more;                 /* rows behind `last` may be there */
    struct page_position last; /* of the last row that was looked at: not always one of the items */
};

/* Where a list of rows with from <= starts_at begins. */
struct page_position page_position_before(int64_t from_us);
/* Sets until, limit and `after` from the query's fields; nothing earlier than earliest_us. */
void page_set_window(const struct decision *decision, int64_t earliest_us, struct page *page);
/* The query's limit, clamped. */
int32_t page_limit(const struct decision *decision);
/* A page's position moves `after` on, never back. */
void page_continue(struct page *page, const struct page_position *position);
/* What was read, as a result. */
void result_of_page(struct result *result, const struct page *page, struct view next_cursor);

#endif
