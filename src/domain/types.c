/* The words of the domain as text. Each list stands in the order of its enum; the first word of a
 * row is the Avro symbol, the second SQL's. */
#include "domain/types.h"

#include <assert.h>

struct word {
    const char *symbol;
    const char *name;
};

#define WORD(value, symbol, name) [value] = {symbol, name}

static const struct word roles[ROLE_COUNT] = {
    WORD(ROLE_PATIENT, "PATIENT", "patient"),
    WORD(ROLE_DOCTOR, "DOCTOR", "doctor"),
    WORD(ROLE_ADMIN, "ADMIN", "admin"),
};

static const struct word states[STATE_COUNT] = {
    WORD(STATE_OPEN, "OPEN", "open"),
    WORD(STATE_WITHDRAWN, "WITHDRAWN", "withdrawn"),
    WORD(STATE_BOOKED, "BOOKED", "booked"),
    WORD(STATE_CANCELLED, "CANCELLED", "cancelled"),
    WORD(STATE_FULFILLED, "FULFILLED", "fulfilled"),
    WORD(STATE_NOSHOW, "NOSHOW", "noshow"),
    WORD(STATE_ACTIVE, "ACTIVE", "active"),
    WORD(STATE_DEACTIVATED, "DEACTIVATED", "deactivated"),
    WORD(STATE_ERASED, "ERASED", "erased"),
};

static const struct word reasons[REASON_COUNT] = {
    WORD(REASON_NONE, NULL, NULL),
    WORD(REASON_PATIENT, "PATIENT", "patient"),
    WORD(REASON_PROVIDER, "PROVIDER", "provider"),
    WORD(REASON_FACILITY, "FACILITY", "facility"),
    WORD(REASON_ERROR, "ERROR", "error"),
    WORD(REASON_OTHER, "OTHER", "other"),
    WORD(REASON_RESCHEDULED, "RESCHEDULED", "rescheduled"),
    WORD(REASON_DOCTOR_DEACTIVATED, "DOCTOR_DEACTIVATED", "doctor_deactivated"),
    WORD(REASON_PASSWORD_CHANGED, "PASSWORD_CHANGED", "password_changed"),
    WORD(REASON_PASSWORD_RESET, "PASSWORD_RESET", "password_reset"),
    WORD(REASON_PURGED, "PURGED", "purged"),
};

static const char *const entities[ENTITY_COUNT] = {
    [ENTITY_SLOT] = "SLOT",
    [ENTITY_APPOINTMENT] = "APPOINTMENT",
    [ENTITY_ACCOUNT] = "ACCOUNT",
};

static const char *const outcome_statuses[] = {
    [OUTCOME_ACCEPTED] = "ACCEPTED",
    [OUTCOME_REFUSED] = "REFUSED",
    [OUTCOME_INVALID] = "INVALID",
};

const char *role_symbol(enum role role) {
    assert(role < ROLE_COUNT);
    return roles[role].symbol;
}

const char *role_name(enum role role) {
    assert(role < ROLE_COUNT);
    return roles[role].name;
}

const char *state_symbol(enum state state) {
    assert(state < STATE_COUNT);
    return states[state].symbol;
}

const char *state_name(enum state state) {
    assert(state < STATE_COUNT);
    return states[state].name;
}

const char *entity_symbol(enum entity entity) {
    assert(entity < ENTITY_COUNT);
    return entities[entity];
}

const char *reason_symbol(enum reason reason) {
    assert(reason < REASON_COUNT);
    return reasons[reason].symbol;
}

const char *outcome_status_symbol(enum outcome_status status) {
    assert(status <= OUTCOME_INVALID);
    return outcome_statuses[status];
}

/* The row that `text` names, wholly in upper or wholly in lower case; `count` if none does. */
static unsigned word_find(const struct word *words, unsigned count, struct view text) {
    for (unsigned i = 0; i < count; i++) {
        if (words[i].symbol != NULL
            && (view_is(text, words[i].symbol) || view_is(text, words[i].name))) {
            return i;
        }
    }
    return count;
}

bool role_parse(struct view text, enum role *role) {
    unsigned found = word_find(roles, ROLE_COUNT, text);
    if (found == ROLE_COUNT) {
        return false;
    }
    *role = (enum role)found;
    return true;
}

bool state_parse(struct view text, enum state *state) {
    unsigned found = word_find(states, STATE_COUNT, text);
    if (found == STATE_COUNT) {
        return false;
    }
    *state = (enum state)found;
    return true;
}

bool reason_parse(struct view text, enum reason *reason) {
    unsigned found = word_find(reasons, REASON_COUNT, text);
    if (found == REASON_COUNT) {
        return false;
    }
    *reason = (enum reason)found;
    return true;
}
