/* One decision: a command against the world at one moment. judge() is the order of checks from step
 * 5 of contract.md on; the deciders under commands/ are step 10. All of it is pure. */
#ifndef SLOTKEEPER_DOMAIN_DECISION_H
#define SLOTKEEPER_DOMAIN_DECISION_H

#include "domain/command.h"
#include "domain/credentials.h"
#include "domain/limits.h"
#include "domain/world.h"

struct decision {
    /* What is asked, by whom, when. */
    struct world *world;
    const struct limits *limits;
    int64_t now_us; /* the batch's database time */
    const struct command *command;
    struct digest content_hash;            /* command_content_hash */
    const struct credentials *credentials; /* NULL: none were sent */
    bool anonymous;                        /* no token: the caller is a reply_key, and no account */
    struct uuid caller_id; /* the token's sub; of an anonymous caller, its reply_key's digest */
    enum role caller_role; /* the token's role */
    bool has_token_version;
    int32_t token_version;      /* the token's ver */
    int64_t token_issued_at_us; /* the token's iat */
    int64_t append_time_us;     /* the record's */
    bool settled_before;        /* it was answered in time once, before a loss */
    int64_t expires_at_us;      /* ce_expirytime; negative: none */
    struct uuid outcome_id;
    uint32_t seat_hint; /* where the search for a free seat begins, as a fraction of 2^32: batches
                           that run at the same time begin in different places and seldom meet */

    /* What judge finds out. */
    struct account *caller;  /* NULL: no such account */
    struct recall *recalled; /* not NULL: answer with this body, nothing else happens */
    struct recall
        *remembered;  /* not NULL: the answer is to be recalled later; the engine sets its body */
    bool needs_proof; /* the password must be looked at first, or once more: what is returned means
                         nothing, and nothing was changed */
    int64_t retry_after_us; /* with LOGIN_THROTTLED; else negative */
    struct result result;   /* when accepted */
    size_t first_event;     /* the decision's events are world->events[first_event ..] */
    size_t event_count;
};

/* Steps 5 to 10. CODE_ACCEPTED, or the first code that applies. When decision->recalled is set, the
 * code returned is CODE_ACCEPTED and means nothing: the recalled body says how it was decided. */
enum code judge(struct decision *decision);
/* Steps 5 and 7 to 9, for what is not decided but read. */
enum code judge_query(struct decision *decision);

/* For deciders. ------------------------------------------------------------------------------- */

/* The value of the field of that name, which the definition must have (asserted). */
const struct value *decision_value(const struct decision *decision, const char *field);

/* The next event of this decision, on that chain; `more` has all but id, command and time. */
void decision_append_event(
    struct decision *decision, struct chain *chain, const struct audit_event *more);

/* A new slot of the caller's. Linked, marked for insert, its SLOT event appended. */
struct slot *decision_publish_slot(
    struct decision *decision, struct uuid slot_id, int64_t starts_at_us, int64_t ends_at_us);
void decision_withdraw_slot(struct decision *decision, struct slot *slot, enum reason reason);
/* A new appointment of the caller's on `slot`, its id minted from outcome_id; `given_up` (or NULL)
 * is the one it replaces. Event appended. */
struct appointment *decision_book(
    struct decision *decision, struct slot *slot, const struct appointment *given_up);
/* To STATE_CANCELLED, STATE_FULFILLED or STATE_NOSHOW; frees seat and slot as the state says. Event
 * appended; related_id is the new appointment of a reschedule, or NULL. */
void decision_end_appointment(
    struct decision *decision,
    struct appointment *appointment,
    enum state state,
    enum reason reason,
    const struct uuid *related_id);

/* Rules that several commands share; each returns CODE_ACCEPTED or the code that applies. */
/* The appointment on the slot named, if the caller may see it, into *found: else
 * APPOINTMENT_NOT_FOUND; ALREADY_... unless booked. */
enum code rule_find_booked(const struct decision *decision, struct appointment **found);
/* Of cancelling, after rule_find_booked: reason and cutoff. */
enum code rule_may_cancel(const struct decision *decision, const struct appointment *appointment);
/* Of booking slot_id for the caller; `given_up` (or NULL) counts neither as overlap nor towards the
 * limit. */
enum code rule_may_book(
    const struct decision *decision,
    struct uuid slot_id,
    const struct appointment *given_up,
    struct slot **found);

/* A new account with the credentials' login and new hash. Its own actor, unless the caller has an
 * account. Event appended. */
struct account *decision_register(struct decision *decision, enum role role);
/* A new hash, which ends every older token; forgets devices and failures. Event appended. */
void decision_set_password(
    struct decision *decision, struct account *account, const char *hash, enum reason reason);
/* The same password under today's parameters: not a change that anybody sees. */
void decision_refresh_hash(struct decision *decision, struct account *account);
/* To STATE_DEACTIVATED, STATE_ACTIVE or STATE_ERASED; tokens end with it. Event appended. */
void decision_move_account(struct decision *decision, struct account *account, enum state state);

/* What was loaded under LOAD_PURGEABLE is to be deleted. Event appended to the caller's chain. */
void decision_purge(struct decision *decision, int64_t before_us);

/* Of a sealed request: the account whose password the credentials hold, into *account; else
 * LOGIN_THROTTLED or LOGIN_FAILED. Sets needs_proof if it was not looked at. */
enum code rule_password_is_right(struct decision *decision, struct account **account);
/* The account that account_id names, if the caller may see it: else ACCOUNT_NOT_FOUND;
 * ACCOUNT_ERASED. */
enum code rule_find_account(const struct decision *decision, struct account **found);

/* The decider of registrations. */
enum code decide_registration(struct decision *decision, enum role role);

void result_of_account(struct result *result, const struct account *account);
void result_of_session(struct result *result, const struct account *account);
void result_of_slot(struct result *result, const struct slot *slot);
void result_of_appointment(struct result *result, const struct appointment *appointment);

#endif
