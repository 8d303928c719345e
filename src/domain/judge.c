/* The order of checks from step 5 of the contract on, one function a step. Steps 1 to 4 (readable,
 * genuine token, role, rate) were passed before. */
#include "base/planted.h"
#include "domain/decision.h"

#include <assert.h>

/* 5 */
static enum code check_account(struct decision *decision) {
    if (decision->anonymous) {
        return CODE_ACCEPTED;
    }
    struct account *caller = world_account(decision->world, decision->caller_id);
    if (caller == NULL || caller->role != decision->caller_role) {
        return CODE_UNAUTHENTICATED;
    }
    decision->caller = caller;
    return CODE_ACCEPTED;
}

/* 6 */
static enum code check_recall(struct decision *decision) {
    struct recall *recall =
        world_recall(decision->world, decision->caller_id, decision->command->command_id);
    if (recall == NULL) {
        return CODE_ACCEPTED;
    }
    if (!digest_equal(&recall->content_hash, &decision->content_hash)
        && !PLANTED("content_ignored")) {
        return CODE_COMMAND_ID_REUSED;
    }
    decision->recalled = recall;
    return CODE_ACCEPTED;
}

/* 7 */
static enum code check_token_is_current(struct decision *decision) {
    const struct account *caller = decision->caller;
    if (caller == NULL) {
        return CODE_ACCEPTED;
    }
    bool is_current = decision->has_token_version
                          ? decision->token_version == caller->token_version
                          : decision->token_issued_at_us >= caller->tokens_valid_from_us;
    return is_current ? CODE_ACCEPTED : CODE_UNAUTHENTICATED;
}

/* 8 */
static enum code check_age(struct decision *decision) {
    int64_t as_of_us = decision->settled_before ? decision->append_time_us : decision->now_us;
    int64_t expires_at_us = decision->expires_at_us;
    bool has_expired = expires_at_us >= 0 && as_of_us > expires_at_us;
    bool is_old = as_of_us - decision->append_time_us > decision->limits->command_age_max_us;
    return has_expired || is_old ? CODE_EXPIRED : CODE_ACCEPTED;
}

/* 9 */
static enum code check_account_is_active(struct decision *decision) {
    return decision->caller == NULL || decision->caller->state == STATE_ACTIVE
                   || PLANTED("inactive_accepted")
               ? CODE_ACCEPTED
               : CODE_ACCOUNT_INACTIVE;
}

typedef enum code check(struct decision *decision);

static check *const checks[] = {
    check_account, check_recall, check_token_is_current, check_age, check_account_is_active};

enum { CHECK_COUNT = sizeof checks / sizeof checks[0] };

/* 10 */
static enum code decide(struct decision *decision) {
    const struct command *command = decision->command;
    enum code code = command->definition->decide(decision);
    bool leaves_event = code == CODE_ACCEPTED && !command->definition->eventless;
    assert(leaves_event == (decision->event_count > 0));
    assert((code == CODE_ACCEPTED) == (decision->result.type != RESULT_NONE));
    (void)leaves_event;
    if (decision->needs_proof || code == CODE_LOGIN_THROTTLED) {
        return code;
    }
    decision->remembered =
        world_new_recall(decision->world, decision->caller_id, command->command_id);
    decision->remembered->content_hash = decision->content_hash;
    return code;
}

/* Without a token only credentials say who asks. */
static void assert_caller_may_ask(const struct decision *decision) {
    const struct command_definition *definition = decision->command->definition;
    assert(
        decision->anonymous || (definition->roles & ROLE_BIT(decision->caller_role)) != 0
        || PLANTED("role_unchecked"));
    assert(!decision->anonymous || decision->credentials != NULL);
    assert(
        !decision->anonymous || definition->credentials == CREDENTIALS_ONLY
        || definition->credentials == CREDENTIALS_OR_TOKEN);
    (void)definition;
}

static void begin(struct decision *decision) {
    assert_caller_may_ask(decision);
    decision->caller = NULL;
    decision->recalled = NULL;
    decision->remembered = NULL;
    decision->needs_proof = false;
    decision->retry_after_us = -1;
    decision->result = (struct result){.type = RESULT_NONE};
    decision->first_event = decision->world->event_count;
    decision->event_count = 0;
}

enum code judge(struct decision *decision) {
    begin(decision);
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        enum code code = checks[i](decision);
        if (code != CODE_ACCEPTED || decision->recalled != NULL) {
            return code;
        }
    }
    return decide(decision);
}

/* Nothing of a query is remembered, so nothing is recalled. */
enum code judge_query(struct decision *decision) {
    static check *const checks_of_queries[] = {
        check_account, check_token_is_current, check_age, check_account_is_active};
    decision->caller = NULL;
    decision->retry_after_us = -1;
    decision->result = (struct result){.type = RESULT_NONE};
    enum code code = CODE_ACCEPTED;
    size_t count = sizeof checks_of_queries / sizeof checks_of_queries[0];
    for (size_t i = 0; code == CODE_ACCEPTED && i < count; i++) {
        code = checks_of_queries[i](decision);
    }
    return code;
}
