/* The words of the domain: roles and states, the same in schema, SQL, C and docs. Values that
 * appear in an .avsc are mapped by symbol, never by number. */
#ifndef SLOTKEEPER_DOMAIN_TYPES_H
#define SLOTKEEPER_DOMAIN_TYPES_H

#include "base/uuid.h"

enum role { ROLE_PATIENT, ROLE_DOCTOR, ROLE_ADMIN, ROLE_COUNT };

#define ROLE_BIT(role) (1U << (unsigned)(role))

/* Every state of every entity, as AuditEvent has them: old_state and new_state are of this type. */
enum state {
    STATE_OPEN,        /* slot */
    STATE_WITHDRAWN,   /* slot, final */
    STATE_BOOKED,      /* appointment; of a slot it is derived */
    STATE_CANCELLED,   /* appointment, final */
    STATE_FULFILLED,   /* appointment, final */
    STATE_NOSHOW,      /* appointment, final */
    STATE_ACTIVE,      /* account */
    STATE_DEACTIVATED, /* account */
    STATE_ERASED,      /* account, final */
    STATE_COUNT
};

#define STATE_BIT(state) (1U << (unsigned)(state))

enum entity { ENTITY_SLOT, ENTITY_APPOINTMENT, ENTITY_ACCOUNT, ENTITY_COUNT };

enum reason { /* why a state changed: a CancelReason, or one of our own */
              REASON_NONE,
              REASON_PATIENT,
              REASON_PROVIDER,
              REASON_FACILITY,
              REASON_ERROR,
              REASON_OTHER,
              REASON_RESCHEDULED,
              REASON_DOCTOR_DEACTIVATED,
              REASON_PASSWORD_CHANGED,
              REASON_PASSWORD_RESET,
              REASON_PURGED,
              REASON_COUNT
};

enum outcome_status { OUTCOME_ACCEPTED, OUTCOME_REFUSED, OUTCOME_INVALID };

/* Upper-case symbols as the .avsc files and audit events have them; NULL for REASON_NONE. SQL has
 * the same in lower case; the token's role claim is the lower-case one too. */
const char *role_symbol(enum role role);
const char *role_name(enum role role); /* lower case */
const char *state_symbol(enum state state);
const char *state_name(enum state state); /* lower case */
const char *entity_symbol(enum entity entity);
const char *reason_symbol(enum reason reason);
const char *outcome_status_symbol(enum outcome_status status);

/* From either case; false: no such word. */
bool role_parse(struct view text, enum role *role) MUST_USE;
bool state_parse(struct view text, enum state *state) MUST_USE;
bool reason_parse(struct view text, enum reason *reason) MUST_USE;

#endif
