/* The SQL of pages. Each statement stands alone and looks at a bounded number of rows, whatever the
 * tables hold: rows come in the order of an index from where the page begins, and a list that has
 * to pass rows over - slots that are taken, events that the caller may not see - passes over so
 * many at a time. The last row that was looked at then comes along although it is not to be shown,
 * and the next page begins behind it.
 *
 * A limit is always one more than the page takes, so that it is seen whether there is more. */
#include "postgres/statements.h"

#include <assert.h>

/* Rows looked at for one page of a list that passes rows over. */
#define LOOKED_AT "400"

#define SLOT_COLUMNS "slot_id, doctor_id, lower(during) AS starts_at, upper(during) AS ends_at"

/* `slots` begins behind a position, in order. A slot that is not withdrawn is open unless it has an
 * appointment that is not cancelled. */
#define OPEN_SLOTS(slots, limit)                                                                   \
    "SELECT slot_id, doctor_id, starts_at, ends_at, open, number = " LOOKED_AT                     \
    " FROM (SELECT *, row_number() OVER () AS number,"                                             \
    " NOT EXISTS (SELECT FROM appointment a WHERE a.slot_id = looked_at.slot_id AND a.active"      \
    " OFFSET 0) AS open FROM (" slots " LIMIT " LOOKED_AT ") looked_at) numbered"                  \
    " WHERE open OR number = " LOOKED_AT " LIMIT " limit

#define APPOINTMENT_COLUMNS                                                                        \
    "appointment_id, slot_id, doctor_id, patient_id, lower(during) AS starts_at,"                  \
    " upper(during) AS ends_at, state, rescheduled_from"

/* Of $1, behind ($3, $4), before $5, at most $6. */
#define APPOINTMENTS_OF(account, more)                                                             \
    "SELECT " APPOINTMENT_COLUMNS " FROM appointment WHERE " account " = $1::uuid AND " more       \
    " AND (lower(during), appointment_id) > ($3::timestamptz, $4::uuid)"                           \
    " AND lower(during) < $5::timestamptz"                                                         \
    " ORDER BY lower(during), appointment_id LIMIT $6::integer"

/* Each wanted state is a list of its own in the index; the first of each are merged. */
#define APPOINTMENTS_BY_STATE(account, more)                                                       \
    "SELECT f.* FROM unnest($2::text[]) w (state) CROSS JOIN LATERAL (" APPOINTMENTS_OF(           \
        account, "state = w.state::appointment_state" more) ") f"

#define APPOINTMENT_PAGE(appointments)                                                             \
    "SELECT p.appointment_id, p.slot_id, p.doctor_id, p.patient_id, p.starts_at, p.ends_at,"       \
    " p.state::text, p.rescheduled_from,"                                                          \
    " (SELECT r.appointment_id FROM appointment r WHERE r.rescheduled_from = p.appointment_id)"    \
    " FROM (SELECT * FROM (" appointments ") merged"                                               \
    " ORDER BY starts_at, appointment_id LIMIT $6::integer) p"

/* Events of slot `slot` behind $2, at most $3 of those that are `visible`. The hash before an
 * event's own is that of its neighbour, which need not be visible. */
#define HISTORY(slot, visible)                                                                     \
    " LEFT JOIN LATERAL (SELECT * FROM (SELECT *, row_number() OVER () AS number,"                 \
    " " visible " AS visible FROM (SELECT * FROM slot_event WHERE slot_event.slot_id = " slot      \
    " AND slot_event.sequence > $2::bigint ORDER BY slot_event.sequence LIMIT " LOOKED_AT          \
    ") looked_at) numbered WHERE visible OR number = " LOOKED_AT " LIMIT $3::integer) e ON true"   \
    " LEFT JOIN LATERAL (SELECT b.hash AS hash_before FROM slot_event b"                           \
    " WHERE b.slot_id = e.slot_id AND b.sequence = e.sequence - 1 OFFSET 0) b ON true"             \
    " ORDER BY e.sequence"

#define HISTORY_COLUMNS                                                                            \
    "e.sequence, e.visible, e.number = " LOOKED_AT ", e.slot_id, e.event_id, e.entity::text,"      \
    " e.entity_id, e.old_state::text, e.new_state::text, e.actor_id, e.actor_role::text,"          \
    " e.command_id, e.reason::text, e.related_id, e.detail, e.occurred_at, e.hash, b.hash_before"

static const struct statement_text statements[STATEMENT_COUNT - STATEMENT_READS] = {
    [STATEMENT_REPLICA_PLACE - STATEMENT_READS] =
        {"replica_place",
         "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn(), pg_last_xact_replay_timestamp(),"
         " pg_postmaster_start_time()"},
    [STATEMENT_READ_OPEN_SLOTS - STATEMENT_READS] =
        {"read_open_slots",
         OPEN_SLOTS(
             "SELECT " SLOT_COLUMNS " FROM slot WHERE withdrawn_at IS NULL"
             " AND (lower(during), slot_id) > ($1::timestamptz, $2::uuid)"
             " AND lower(during) < $3::timestamptz ORDER BY lower(during), slot_id",
             "$4::integer")},
    /* A doctor's slots never overlap, so their time alone is their order. */
    [STATEMENT_READ_DOCTORS_OPEN_SLOTS - STATEMENT_READS] =
        {"read_doctors_open_slots",
         OPEN_SLOTS(
             "SELECT " SLOT_COLUMNS " FROM slot WHERE withdrawn_at IS NULL"
             " AND doctor_id = $1::uuid AND lower(during) > $2::timestamptz"
             " AND lower(during) < $3::timestamptz ORDER BY lower(during)",
             "$4::integer")},
    [STATEMENT_READ_DOCTORS_APPOINTMENTS - STATEMENT_READS] =
        {"read_doctors_appointments", APPOINTMENT_PAGE(APPOINTMENTS_BY_STATE("doctor_id", ""))},
    /* Those that are booked are few, and in the index of seats; bookings pay for no other. */
    [STATEMENT_READ_PATIENTS_APPOINTMENTS - STATEMENT_READS] =
        {"read_patients_appointments",
         APPOINTMENT_PAGE(
             "(" APPOINTMENTS_OF("patient_id", "state = 'booked' AND 'booked' = ANY ($2::text[])") ") UNION ALL (" APPOINTMENTS_BY_STATE(
                 "patient_id", " AND state <> 'booked'") ")")},
    [STATEMENT_READ_SLOT_HISTORY - STATEMENT_READS] =
        {"read_slot_history",
         "SELECT s.doctor_id, NULL::uuid, " HISTORY_COLUMNS
         " FROM (SELECT slot_id, doctor_id FROM slot WHERE slot_id = $1::uuid) s" HISTORY(
             "s.slot_id",
             "(cardinality($4::uuid[]) = 0 OR entity = 'slot' OR EXISTS (SELECT FROM appointment a"
             " WHERE a.appointment_id = looked_at.entity_id AND a.patient_id = ANY ($4::uuid[])"
             " OFFSET 0))")},
    [STATEMENT_READ_APPOINTMENT_HISTORY - STATEMENT_READS] =
        {"read_appointment_history",
         "SELECT a.doctor_id, a.patient_id, " HISTORY_COLUMNS
         " FROM (SELECT slot_id, doctor_id, patient_id FROM appointment"
         " WHERE appointment_id = $1::uuid) a" HISTORY(
             "a.slot_id", "(entity = 'appointment' AND entity_id = $1::uuid)")},
};

const struct statement_text *read_statement_text(enum statement statement) {
    assert(statement >= STATEMENT_READS && statement < STATEMENT_COUNT);
    return &statements[statement - STATEMENT_READS];
}
