/* GetHistory: the audit events of a slot, or of one appointment. A patient sees of a slot its own
 * events and those of the patient's appointments; a doctor all of an own slot, and nothing of
 * another's. */
#include "domain/decision.h"
#include "domain/page.h"

static bool names_one(const struct command *command) {
    return command_value(command, "slot_id")->present
           != command_value(command, "appointment_id")->present;
}

static enum code plan(struct decision *decision, struct page *page) {
    const struct value *slot_id = decision_value(decision, "slot_id");
    const struct value *appointment_id = decision_value(decision, "appointment_id");
    page->kind = slot_id->present ? PAGE_SLOT_HISTORY : PAGE_APPOINTMENT_HISTORY;
    page->subject = slot_id->present ? slot_id->as.uuid : appointment_id->as.uuid;
    page->limit = page_limit(decision);
    page->only_viewers = decision->caller_role == ROLE_PATIENT;
    page->viewer = decision->caller_id;
    return CODE_ACCEPTED;
}

static enum code show(const struct decision *decision, const struct page *page) {
    bool of_slot = page->kind == PAGE_SLOT_HISTORY;
    const bool may_see[ROLE_COUNT] = {
        [ROLE_PATIENT] = of_slot || uuid_equal(page->patient_id, decision->caller_id),
        [ROLE_DOCTOR] = uuid_equal(page->doctor_id, decision->caller_id),
        [ROLE_ADMIN] = true,
    };
    if (page->exists && may_see[decision->caller_role]) {
        return CODE_ACCEPTED;
    }
    return of_slot ? CODE_SLOT_NOT_FOUND : CODE_APPOINTMENT_NOT_FOUND;
}

const struct command_definition command_get_history = {
    .name = "GetHistory",
    .roles = ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_QUERIES,
    .fields =
        {
            {.name = "slot_id", .type = FIELD_UUID, .nullable = true},
            {.name = "appointment_id", .type = FIELD_UUID, .nullable = true},
            {.name = "limit", .type = FIELD_INT, .paging = true},
            {.name = "cursor", .type = FIELD_BYTES, .nullable = true, .paging = true},
        },
    .well_formed = names_one,
    .plan = plan,
    .show = show,
};
