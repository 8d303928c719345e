/* ListOpenSlots: what could be booked now. Slots are nobody's secret. */
#include "domain/decision.h"
#include "domain/page.h"

static enum code plan(struct decision *decision, struct page *page) {
    const struct value *doctor_id = decision_value(decision, "doctor_id");
    page->kind = doctor_id->present ? PAGE_DOCTORS_OPEN_SLOTS : PAGE_OPEN_SLOTS;
    page->subject = doctor_id->as.uuid;
    page_set_window(decision, decision->now_us + decision->limits->booking_lead_time_us, page);
    return CODE_ACCEPTED;
}

const struct command_definition command_list_open_slots = {
    .name = "ListOpenSlots",
    .roles = ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_QUERIES,
    .fields =
        {
            {.name = "doctor_id", .type = FIELD_UUID, .nullable = true},
            {.name = "from", .type = FIELD_TIME},
            {.name = "until", .type = FIELD_TIME},
            {.name = "limit", .type = FIELD_INT, .paging = true},
            {.name = "cursor", .type = FIELD_BYTES, .nullable = true, .paging = true},
        },
    .plan = plan,
};
