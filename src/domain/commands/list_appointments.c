/* ListAppointments: those that an account is part of. Patients and doctors see their own, admins
 * everybody's; an admin is part of none. */
#include "domain/decision.h"
#include "domain/page.h"

enum {
    ANY_STATE = STATE_BIT(STATE_BOOKED) | STATE_BIT(STATE_CANCELLED) | STATE_BIT(STATE_FULFILLED)
                | STATE_BIT(STATE_NOSHOW)
};

static const struct account *find_account(const struct decision *decision) {
    const struct value *account_id = decision_value(decision, "account_id");
    if (!account_id->present) {
        return decision->caller;
    }
    bool may_see =
        decision->caller_role == ROLE_ADMIN || uuid_equal(account_id->as.uuid, decision->caller_id);
    return may_see ? world_account(decision->world, account_id->as.uuid) : NULL;
}

static enum code plan(struct decision *decision, struct page *page) {
    const struct value *state = decision_value(decision, "state");
    const struct account *account = find_account(decision);
    if (account == NULL) {
        return CODE_ACCOUNT_NOT_FOUND;
    }
    page->kind =
        account->role == ROLE_DOCTOR ? PAGE_DOCTORS_APPOINTMENTS : PAGE_PATIENTS_APPOINTMENTS;
    page->subject = account->account_id;
    page->states = state->present ? STATE_BIT(state->as.state) : ANY_STATE;
    page_set_window(decision, INT64_MIN, page);
    return CODE_ACCEPTED;
}

const struct command_definition command_list_appointments = {
    .name = "ListAppointments",
    .roles = ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_QUERIES,
    .fields =
        {
            {.name = "account_id", .type = FIELD_UUID, .row = ROW_ACCOUNT, .nullable = true},
            {.name = "state", .type = FIELD_STATE, .nullable = true},
            {.name = "from", .type = FIELD_TIME},
            {.name = "until", .type = FIELD_TIME},
            {.name = "limit", .type = FIELD_INT, .paging = true},
            {.name = "cursor", .type = FIELD_BYTES, .nullable = true, .paging = true},
        },
    .plan = plan,
};
