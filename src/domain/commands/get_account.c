/* GetAccount: what is known of an account, which is the primary's answer: it was loaded there with
 * the caller. An erased one keeps id and role. */
#include "domain/decision.h"
#include "domain/page.h"

static enum code plan(struct decision *decision, struct page *page) {
    struct account *account = NULL;
    enum code code = rule_find_account(decision, &account);
    if (code != CODE_ACCEPTED && code != CODE_ACCOUNT_ERASED) {
        return code;
    }
    page->kind = PAGE_NONE;
    result_of_account(&decision->result, account);
    return CODE_ACCEPTED;
}

const struct command_definition command_get_account = {
    .name = "GetAccount",
    .roles = ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_QUERIES,
    .fields = {{.name = "account_id", .type = FIELD_UUID, .row = ROW_ACCOUNT}},
    .plan = plan,
};
