/* A command: its definition, one const row in a file of its own under commands/, and its decoded
 * values. The definition alone tells every other part what it needs to know: the wire layer which
 * fields to read, the loader which rows to fetch, the engine who may send it. */
#ifndef SLOTKEEPER_DOMAIN_COMMAND_H
#define SLOTKEEPER_DOMAIN_COMMAND_H

#include "domain/code.h"
#include "domain/types.h"

enum { COMMAND_FIELDS_MAX = 8, COMMAND_EVENTS_MAX = 2, COMMAND_NAME_MAX = 40 };

/* Each lane is a request topic with threads and a consumer group of its own, so that none waits for
 * another: passwords are slow to hash on purpose, and a heavy query must not stand before a
 * booking.
 */
enum lane { LANE_SLOTS, LANE_ACCOUNTS, LANE_QUERIES, LANE_COUNT };

enum field_type {
    FIELD_UUID,   /* string with logicalType uuid: value.as.uuid */
    FIELD_TIME,   /* long with logicalType timestamp-micros: value.as.time_us */
    FIELD_REASON, /* enum CancelReason: value.as.reason */
    FIELD_TEXT,   /* string: value.as.bytes, UTF-8 without NUL */
    FIELD_BYTES,  /* bytes or fixed: value.as.bytes */
    FIELD_INT,    /* int: value.as.number */
    FIELD_STATE,  /* enum AppointmentState: value.as.state */
};

/* Which row the field's value names, so that the loader locks and loads it. */
enum field_row { ROW_NONE, ROW_SLOT, ROW_APPOINTMENT, ROW_ACCOUNT };

struct field {
    const char *name; /* as in the .avsc; NULL ends the list */
    enum field_type type;
    enum field_row row;
    bool nullable;
    bool paging; /* says which part of a query's rows is wanted, not which rows */
};

struct value {
    bool present; /* false: null */

    union {
        struct uuid uuid;
        int64_t time_us;
        enum reason reason;
        enum state state;
        int32_t number;
        struct view bytes; /* in memory that lives as long as the batch */
    } as;
};

/* Rows beside those that fields name. */
enum {
    LOAD_CALLERS_APPOINTMENTS = 1U << 0U, /* the calling patient's booked appointments */
    LOAD_CALLERS_CALENDAR = 1U << 1U, /* the calling doctor's slots around [starts_at, ends_at), and
                                         how many are to come */
    LOAD_TARGETS_HOLDINGS =
        1U << 2U,              /* of the account named: whether it has booked appointments,
                                  its slots to come, locked; and how many admins are active */
    LOAD_PURGEABLE = 1U << 3U, /* slots that ended before `before` and may be purged, locked; such a
                                  command is decided in a batch of its own */
};

/* What sealed credentials (slotkeeper.command.Credentials) are to a command. */
enum credentials_use {
    CREDENTIALS_NEVER,
    CREDENTIALS_ONLY,         /* no token: the caller is the box's reply_key */
    CREDENTIALS_OR_TOKEN,     /* without a box it takes a token, of one of `roles` */
    CREDENTIALS_BESIDE_TOKEN, /* both */
};

/* Whose password the credentials must hold. */
enum password_of {
    PASSWORD_OF_NOBODY, /* a new one, for an account to be made */
    PASSWORD_OF_LOGIN,  /* that of the account with the login given */
    PASSWORD_OF_CALLER, /* that of the calling account */
};

struct decision;
struct command;
struct page;

struct command_definition {
    const char *name; /* of the record: "BookSlot"; the schema is slotkeeper.command.<name> */
    unsigned roles;   /* ROLE_BIT of each role that may send it */
    unsigned loads;   /* LOAD_... */
    enum lane lane;
    bool open_to_all; /* needs neither token nor credentials */
    enum credentials_use credentials;
    enum password_of password;
    bool eventless;    /* changes no state, so that accepted it leaves no audit event */
    bool ends_account; /* once accepted, nobody may book with the account named: it is announced
                          beforehand, decided in a batch of its own and with the account locked
                          against everything */
    struct field fields[COMMAND_FIELDS_MAX + 1]; /* after command_id, in any order; what is not
                                                    listed is skipped */
    /* The command's own rules against loaded rows: CODE_ACCEPTED after changing the rows, or the
     * first code that applies, nothing changed. Pure: no I/O, no clock, no allocation, no logging.
     */
    enum code (*decide)(struct decision *decision);

    /* What its fields must be together, beyond the type of each; NULL: nothing. False: MALFORMED.
     */
    bool (*well_formed)(const struct command *command);
    /* Of a query, which is read and not decided: what to read, into *page, or the result itself,
     * or the first code that applies. NULL: the engine knows the answer. As pure as decide. */
    enum code (*plan)(struct decision *decision, struct page *page);
    /* Whether the caller may know what was found. NULL: whatever is found may be known. */
    enum code (*show)(const struct decision *decision, const struct page *page);
};

/* A decoded command. values[i] belongs to definition->fields[i]. */
struct command {
    const struct command_definition *definition;
    struct uuid command_id;
    struct value values[COMMAND_FIELDS_MAX];
};

/* All definitions; ends with NULL. Their order is the label order of metrics, nothing else. */
extern const struct command_definition *const command_definitions[];
size_t command_definition_count(void);
/* By record name without namespace; NULL: none. */
const struct command_definition *command_definition_find(struct view name);

/* SHA-256 over the name and the fields that are not null, by name: what makes two commands the
 * same. A later schema's new field, null by default, leaves the digest as it was. */
void command_content_hash(const struct command *command, struct digest *hash);

/* Likewise of a query, without the fields that say which part is wanted: what makes two pages parts
 * of one list. */
void command_filters_hash(const struct command *command, struct digest *hash);

/* The value of the field of that name; NULL: the command has no such field. */
const struct value *command_value(const struct command *command, const char *field);

/* The fields of a command that must be sealed. */
#define CREDENTIALS_FIELDS                                                                         \
    {.name = "key_id", .type = FIELD_TEXT}, {                                                      \
        .name = "sealed", .type = FIELD_BYTES                                                      \
    }

/* The content of a sealed box as a command of its own, which no topic takes. */
extern const struct command_definition credentials_definition;

#endif
