/* The world: every row that a batch may touch, in memory. The store's load fills it, deciders read
 * and change it, the store's save writes what changed. Rows live in the batch's arena. */
#ifndef SLOTKEEPER_DOMAIN_WORLD_H
#define SLOTKEEPER_DOMAIN_WORLD_H

#include "base/arena.h"
#include "base/uuid_map.h"
#include "domain/outcome.h"
#include "domain/purge.h"

/* What save has to do with a row. */
enum change { CHANGE_NONE, CHANGE_INSERT, CHANGE_UPDATE };

struct slot;
struct appointment;

struct account {
    struct uuid account_id;
    enum role role;
    enum state state;
    int32_t credential_version; /* rises with each new password */
    int32_t token_version;
    int64_t tokens_valid_from_us; /* tokens without a version are refused if issued before */
    struct appointment
        *appointments; /* booked ones, by next_of_patient; loaded under LOAD_CALLERS_APPOINTMENTS.
                          One that ends in this batch stays in the list: look at its state. Those
                          that no command names and whose slot no command names have neither
                          slot, doctor nor lineage, and are not found by their id */
    struct slot
        *calendar; /* slots not withdrawn, by next_of_doctor; loaded under LOAD_CALLERS_CALENDAR.
                      One that is withdrawn in this batch stays in the list */
    int64_t slots_to_come; /* not withdrawn and later than now; likewise */

    /* Of the lane of accounts only. */
    struct view login;         /* data NULL: erased, or not loaded */
    const char *password_hash; /* NULL likewise; or another one, to be saved, if `rehashed` */
    bool rehashed;
    struct digest login_key; /* under which failures of `login` are counted */
    bool closing;            /* its deactivation has been announced */
    bool has_booked;         /* appointments; loaded under LOAD_TARGETS_HOLDINGS */
    bool forgets_devices;    /* to be saved: nobody is known by his device any more */
    bool forgets_failures;   /* to be saved: failed log-ins are forgiven */
    struct chain chain;
    enum change change;
};

struct slot {
    struct uuid slot_id;
    struct uuid doctor_id;
    int64_t starts_at_us;
    int64_t ends_at_us;
    bool withdrawn;
    enum reason withdrawal_reason; /* REASON_NONE unless withdrawn, and often then too */
    bool purged;                   /* nothing is left but the id, which is never used again */
    struct appointment *active;    /* the one that is not cancelled, or NULL */
    struct chain chain;
    enum change change;
    struct slot *next_of_doctor;
};

struct appointment {
    struct uuid appointment_id;
    struct uuid slot_id;
    struct uuid doctor_id;
    struct uuid patient_id;
    int64_t starts_at_us;
    int64_t ends_at_us;
    enum state state;
    int16_t seat; /* 1 .. booking.limit while booked, unique per patient; 0: none */
    bool has_rescheduled_from;
    struct uuid rescheduled_from;
    enum reason cancel_reason;
    enum change change;
    struct appointment *next_of_patient;
};

/* The first answer to a (caller, command_id). */
struct recall {
    struct digest content_hash;
    struct view
        outcome; /* the body as it was published; set by the engine for one of the same batch */
    uint64_t outcome_fingerprint;
};

/* What a PurgeHistory finds, and whether it was decided to delete it. */
struct purge {
    struct purge_record record; /* all but before_us is loaded; under LOAD_PURGEABLE */
    bool more;
    struct view slot_ids;             /* as the store has them; nobody else looks inside */
    const struct account *decided_by; /* NULL: nothing is to be deleted; else the event at the head
                                         of this account's chain has taken note of it */
    char detail[PURGE_RECORD_TEXT_SIZE]; /* of that event */
};

struct world_sizes { /* most rows of each kind that will be put in by load */
    size_t accounts;
    size_t slots;
    size_t appointments;
    size_t recalls;
    size_t commands;         /* most decisions that will be taken */
    size_t account_commands; /* of these, in the lane of accounts */
    size_t holdings;         /* slots to come that a deactivation may withdraw */
};

struct world {
    struct uuid_map accounts;
    struct uuid_map slots;
    struct uuid_map appointments;
    struct uuid_map recalls;
    struct uuid_map logins; /* accounts by a digest of their login */
    int64_t active_admins;  /* loaded under LOAD_TARGETS_HOLDINGS */
    struct purge purge;
    struct arena *arena; /* for load; deciders take from the arrays below, reserved beforehand */
    size_t commands_max; /* how many decisions they are reserved for */
    size_t account_commands_max;
    size_t slots_max; /* how many slots may change, and events appear, likewise */
    size_t events_max;
    struct account *new_accounts;
    struct slot *new_slots;
    struct appointment *new_appointments;
    struct recall *new_recalls;
    struct account **changed_accounts; /* each once, in order of first change */
    struct slot **changed_slots;       /* each once, in order of first change */
    struct appointment **changed_appointments;
    struct audit_event *events; /* in order of decision */
    size_t new_account_count;
    size_t changed_account_count;
    size_t new_slot_count;
    size_t new_appointment_count;
    size_t new_recall_count;
    size_t changed_slot_count;
    size_t changed_appointment_count;
    size_t event_count;
};

void world_init(struct world *world, struct arena *arena, const struct world_sizes *sizes);

/* For load: a zeroed row under its id, or the row that is already there (then *is_new is false, and
 * the caller leaves it alone). Linking a row to its neighbours is done by the world_link_...
 * functions. */
struct account *world_put_account(struct world *world, struct uuid account_id, bool *is_new);
struct slot *world_put_slot(struct world *world, struct uuid slot_id, bool *is_new);
struct appointment *world_put_appointment(
    struct world *world, struct uuid appointment_id, bool *is_new);
struct recall *world_put_recall(struct world *world, struct uuid caller, struct uuid command_id);
/* Into its patient's list, if the patient is loaded and the appointment is booked. Once for each
 * appointment. */
void world_link_patient(struct world *world, struct appointment *appointment);
/* Into its doctor's calendar, if the doctor is loaded and the slot not withdrawn. Once for each
 * slot. */
void world_link_doctor(struct world *world, struct slot *slot);
/* Makes the account known by its login, which is set. Once for each account. */
void world_link_login(struct world *world, struct account *account);

/* For everybody; NULL: no such row. world_slot does not find purged slots. */
struct account *world_account(const struct world *world, struct uuid account_id);
/* Also one that has given the login up in this batch: look at account->login. */
struct account *world_account_by_login(const struct world *world, struct view login);
struct slot *world_slot(const struct world *world, struct uuid slot_id);
bool world_slot_id_used(const struct world *world, struct uuid slot_id);
struct appointment *world_appointment(const struct world *world, struct uuid appointment_id);
struct recall *world_recall(const struct world *world, struct uuid caller, struct uuid command_id);

/* For decisions: rows from the reserved arrays, zeroed, under their id, which must not be in use
 * (asserted, as is room). New rows are marked CHANGE_INSERT and listed as changed. */
struct account *world_new_account(struct world *world, struct uuid account_id, struct view login);
struct slot *world_new_slot(struct world *world, struct uuid slot_id);
struct appointment *world_new_appointment(struct world *world, struct uuid appointment_id);
struct recall *world_new_recall(struct world *world, struct uuid caller, struct uuid command_id);
struct audit_event *world_new_event(struct world *world);
/* Lists a row as changed. One that is to be inserted, or is listed already, stays as it is. */
void world_mark_account(struct world *world, struct account *account);
void world_mark_slot(struct world *world, struct slot *slot);
void world_mark_appointment(struct world *world, struct appointment *appointment);

#endif
