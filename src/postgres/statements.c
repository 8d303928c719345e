/* The SQL of the worker. Locks, loads and the clock are separate statements, because a statement
 * that locks and joins reads the joined rows as of before its wait. Whatever is locked is ordered
 * by its id.
 *
 * Plans are made when a table may still be empty, and stay until it is analysed. So loading leaves
 * no join to the planner that it could carry out by reading a small table once: OFFSET 0 keeps a
 * lateral look-up a look-up. */
#include "postgres/statements.h"

#define APPOINTMENT_COLUMNS                                                                        \
    "appointment_id, slot_id, doctor_id, patient_id, lower(during), upper(during), state::text, "  \
    "seat, rescheduled_from"

#define ACCOUNT_COLUMNS "account_id, role::text, state::text, token_version, tokens_valid_from"

/* A slot's doctor never changes, so it may be read before the slot is locked. */
#define LOCK_ACCOUNTS(strength)                                                                    \
    "SELECT " ACCOUNT_COLUMNS " FROM account"                                                      \
    " WHERE account_id = ANY ($1::uuid[] || ARRAY(SELECT doctor_id FROM slot WHERE slot_id = ANY " \
    "($2::uuid[])))"                                                                               \
    " ORDER BY account_id FOR " strength

#define WHOLE_ACCOUNT_COLUMNS                                                                      \
    ACCOUNT_COLUMNS ", credential_version, login, password_hash, closing_at IS NOT NULL"

/* Without a lock, or with one. */
#define ACCOUNTS(lock)                                                                             \
    "SELECT " WHOLE_ACCOUNT_COLUMNS                                                                \
    " FROM account WHERE account_id = ANY ($1::uuid[]) ORDER BY account_id " lock

/* `more` names password_hash only where there is another one: a trigger judges what is written
 * there, and an account whose password an identity provider keeps has none that would pass. */
#define UPDATE_ACCOUNTS(more)                                                                      \
    "UPDATE account a SET state = u.state::account_state," more                                    \
    " credential_version = u.credential_version, token_version = u.token_version,"                 \
    " tokens_valid_from = u.tokens_valid_from, closing_at = NULL,"                                 \
    " deactivated_at = CASE WHEN u.state <> 'active' THEN coalesce(a.deactivated_at, "             \
    "$7::timestamptz) END,"                                                                        \
    " erased_at = CASE WHEN u.state = 'erased' THEN $7::timestamptz END"                           \
    " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::integer[], "              \
    "$6::timestamptz[])"                                                                           \
    " u (account_id, state, password_hash, credential_version, token_version, "                    \
    "tokens_valid_from)"                                                                           \
    " WHERE a.account_id = u.account_id"

/* The open slots of doctors $1; the trigger account_nothing_to_come says what is open. */
#define OPEN_TO_COME                                                                               \
    " FROM unnest($1::uuid[]) d (doctor_id)"                                                       \
    " CROSS JOIN LATERAL (SELECT slot_id FROM slot WHERE slot.doctor_id = d.doctor_id"             \
    " AND slot.withdrawn_at IS NULL AND lower(slot.during) > statement_timestamp()"                \
    " AND NOT EXISTS (SELECT FROM appointment a WHERE a.slot_id = slot.slot_id AND a.active"       \
    " OFFSET 0) ORDER BY lower(slot.during) OFFSET 0) s"

#define SLOTS_TO_COME(lock)                                                                        \
    "SELECT slot_id, doctor_id, lower(during), upper(during), withdrawn_at IS NOT NULL FROM slot"  \
    " WHERE slot_id = ANY (ARRAY(SELECT s.slot_id" OPEN_TO_COME ")) ORDER BY slot_id " lock

#define INSERT_EVENTS(table, chain)                                                                \
    "INSERT INTO " table " (" chain ", sequence, event_id, entity, entity_id, old_state,"          \
    " new_state, actor_id, actor_role, command_id, reason, related_id, detail, occurred_at, hash)" \
    " SELECT n.chain, n.sequence, n.event_id, n.entity::entity, n.entity_id,"                      \
    " n.old_state::entity_state, n.new_state::entity_state, n.actor_id,"                           \
    " n.actor_role::account_role, n.command_id, n.reason::event_reason, n.related_id, n.detail,"   \
    " $14::timestamptz, n.hash"                                                                    \
    " FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::uuid[], $6::text[],"       \
    " $7::text[], $8::uuid[], $9::text[], $10::uuid[], $11::text[], $12::uuid[], $13::text[],"     \
    " $15::bytea[]) n (chain, sequence, event_id, entity, entity_id, old_state, new_state,"        \
    " actor_id, actor_role, command_id, reason, related_id, detail, hash)"

static const struct statement_text statements[STATEMENT_READS] = {
    [STATEMENT_BEGIN] = {"begin", "BEGIN"},
    [STATEMENT_COMMIT] = {"commit", "COMMIT"},
    [STATEMENT_ROLLBACK] = {"rollback", "ROLLBACK"},
    [STATEMENT_CLAIM] =
        {"claim",
         "UPDATE partition_progress p SET next_offset = c.after_offset, published_offset = "
         "c.published_offset,"
         " last_offset = c.last_offset, last_append_time = c.last_append_time, last_hash = "
         "c.last_hash"
         " FROM unnest($3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], "
         "$8::timestamptz[],"
         " $9::bytea[]) c (partition, remembered, after_offset, published_offset, last_offset, "
         "last_append_time, last_hash)"
         " WHERE p.topic = $1::text AND p.partition = c.partition AND p.owner = $2::uuid"
         " AND p.next_offset = c.remembered"},
    [STATEMENT_LOCK_ACCOUNTS_SHARED] = {"lock_accounts_shared", LOCK_ACCOUNTS("KEY SHARE")},
    [STATEMENT_LOCK_ACCOUNTS_FOR_UPDATE] = {"lock_accounts_for_update", LOCK_ACCOUNTS("UPDATE")},
    /* Whoever ends an account waits for bookings with it, which share a lock that newcomers join
       without waiting. So a batch that meets an end that was announced lately asks for a lock that
       has to queue behind it. Nearly always there is none: IS TRUE keeps the planner from asking
       for one account after the other, and the slots are looked up only once there is one. */
    [STATEMENT_LET_ENDS_PASS] =
        {"let_ends_pass",
         "SELECT account_id FROM account WHERE closing_at > statement_timestamp() - interval '30 s'"
         " AND (account_id = ANY ($1::uuid[] || ARRAY(SELECT doctor_id FROM slot WHERE slot_id = "
         "ANY ($2::uuid[])))) IS TRUE"
         " ORDER BY account_id FOR UPDATE"},
    /* A rehearsal moves nothing on; it only must not outlive its ownership. */
    [STATEMENT_HOLD_PARTITIONS] =
        {"hold_partitions",
         "SELECT p.partition FROM partition_progress p"
         " JOIN unnest($3::integer[], $4::bigint[]) c (partition, remembered)"
         " ON p.partition = c.partition AND p.next_offset = c.remembered"
         " WHERE p.topic = $1::text AND p.owner = $2::uuid FOR SHARE OF p"},
    /* One at a time, so that two admins cannot each be the other's reason not to be the last. */
    [STATEMENT_LOCK_ENDS] =
        {"lock_ends",
         "SELECT pg_advisory_xact_lock(hashtextextended('slotkeeper.end_account', 0))"},
    [STATEMENT_LOOK_AT_ACCOUNTS] = {"look_at_accounts", ACCOUNTS("")},
    [STATEMENT_LOCK_ACCOUNTS] = {"lock_accounts", ACCOUNTS("FOR NO KEY UPDATE")},
    [STATEMENT_LOCK_ACCOUNTS_TO_END] = {"lock_accounts_to_end", ACCOUNTS("FOR UPDATE")},
    [STATEMENT_LOAD_ACCOUNTS_BY_LOGIN] =
        {"load_accounts_by_login",
         "SELECT " WHOLE_ACCOUNT_COLUMNS " FROM account WHERE login = ANY ($1::text[])"},
    [STATEMENT_LOAD_ACCOUNT_CHAINS] =
        {"load_account_chains",
         "SELECT a.account_id, e.sequence, e.hash FROM unnest($1::uuid[]) a (account_id) CROSS "
         "JOIN "
         "LATERAL (SELECT sequence, hash FROM account_event"
         " WHERE account_event.account_id = a.account_id ORDER BY sequence DESC LIMIT 1) e"},
    [STATEMENT_LOAD_HOLDERS] =
        {"load_holders",
         "SELECT h.account_id FROM unnest($1::uuid[]) h (account_id)"
         " WHERE EXISTS (SELECT FROM appointment a WHERE a.patient_id = h.account_id"
         " AND a.state = 'booked' OFFSET 0)"
         " OR EXISTS (SELECT FROM appointment a WHERE a.doctor_id = h.account_id AND a.guard"
         " OFFSET 0)"},
    [STATEMENT_LOOK_AT_SLOTS_TO_COME] = {"look_at_slots_to_come", SLOTS_TO_COME("")},
    [STATEMENT_LOCK_SLOTS_TO_COME] = {"lock_slots_to_come", SLOTS_TO_COME("FOR NO KEY UPDATE")},
    [STATEMENT_LOAD_CHAINS_TO_COME] =
        {"load_chains_to_come",
         "SELECT s.slot_id, e.sequence, e.hash" OPEN_TO_COME
         " CROSS JOIN LATERAL (SELECT sequence, hash FROM slot_event WHERE slot_event.slot_id = "
         "s.slot_id ORDER BY sequence DESC LIMIT 1) e"},
    [STATEMENT_COUNT_ADMINS] =
        {"count_admins", "SELECT count(*) FROM account WHERE role = 'admin' AND state = 'active'"},
    [STATEMENT_FIND_PURGEABLE] =
        {"find_purgeable",
         "SELECT slot_ids, appointments, events, heads, more, cardinality(slot_ids)::bigint"
         " FROM find_purgeable(least($1::timestamptz,"
         " clock_timestamp() - $2::bigint * interval '1 microsecond'), $3::integer)"},
    [STATEMENT_FIND_DEVICES] =
        {"find_devices",
         "SELECT d.account_id, d.device_key FROM unnest($1::uuid[], $2::bytea[]) k (account_id, "
         "device_key) CROSS JOIN LATERAL (SELECT * FROM login_device"
         " WHERE login_device.account_id = k.account_id"
         " AND login_device.device_key = k.device_key OFFSET 0) d"},
    [STATEMENT_ADD_THROTTLES] =
        {"add_throttles",
         "INSERT INTO login_throttle (login_key, failures, last_attempt_at)"
         " SELECT k.login_key, 0, $2::timestamptz FROM unnest($1::bytea[]) k (login_key)"
         " ON CONFLICT DO NOTHING"},
    [STATEMENT_LOCK_THROTTLES] =
        {"lock_throttles",
         "SELECT login_key, failures, blocked_until, last_attempt_at FROM login_throttle"
         " WHERE login_key = ANY ($1::bytea[]) ORDER BY login_key FOR UPDATE"},
    [STATEMENT_FIND_ATTEMPTS] =
        {"find_attempts",
         "SELECT a.partition, a.record_offset FROM unnest($2::integer[], $3::bigint[]) k "
         "(partition, "
         "record_offset) CROSS JOIN LATERAL (SELECT * FROM login_attempt"
         " WHERE login_attempt.topic = $1::text AND login_attempt.partition = k.partition"
         " AND login_attempt.record_offset = k.record_offset OFFSET 0) a"},
    [STATEMENT_UPDATE_THROTTLES] =
        {"update_throttles",
         "UPDATE login_throttle t SET failures = u.failures, blocked_until = u.blocked_until,"
         " last_attempt_at = u.last_attempt_at"
         " FROM unnest($1::bytea[], $2::integer[], $3::timestamptz[], $4::timestamptz[])"
         " u (login_key, failures, blocked_until, last_attempt_at) WHERE t.login_key = "
         "u.login_key"},
    [STATEMENT_INSERT_ATTEMPTS] =
        {"insert_attempts",
         "INSERT INTO login_attempt (topic, partition, record_offset, login_key, reserved_at)"
         " SELECT $1::text, n.partition, n.record_offset, n.login_key, $5::timestamptz"
         " FROM unnest($2::integer[], $3::bigint[], $4::bytea[]) n (partition, record_offset, "
         "login_key)"},
    [STATEMENT_ANNOUNCE_ENDS] =
        {"announce_ends",
         "UPDATE account SET closing_at = $2::timestamptz WHERE account_id = ANY ($1::uuid[])"
         " AND state <> 'erased'"},
    [STATEMENT_LOCK_SLOTS] =
        {"lock_slots",
         "SELECT slot_id, doctor_id, lower(during), upper(during), withdrawn_at IS NOT NULL FROM "
         "slot"
         " WHERE slot_id = ANY ($1::uuid[]) ORDER BY slot_id FOR NO KEY UPDATE"},
    [STATEMENT_LOAD_CHAINS] =
        {"load_chains",
         "SELECT s.slot_id, e.sequence, e.hash FROM unnest($1::uuid[]) s (slot_id) CROSS JOIN "
         "LATERAL"
         " (SELECT sequence, hash FROM slot_event WHERE slot_event.slot_id = s.slot_id"
         " ORDER BY sequence DESC LIMIT 1) e"},
    [STATEMENT_LOAD_PURGED] =
        {"load_purged", "SELECT slot_id FROM purged_slot WHERE slot_id = ANY ($1::uuid[])"},
    [STATEMENT_LOAD_ACTIVE_APPOINTMENTS] =
        {"load_active_appointments",
         "SELECT " APPOINTMENT_COLUMNS
         " FROM appointment WHERE slot_id = ANY ($1::uuid[]) AND active"},
    [STATEMENT_LOAD_NAMED_APPOINTMENTS] =
        {"load_named_appointments",
         "SELECT " APPOINTMENT_COLUMNS " FROM appointment WHERE appointment_id = ANY ($1::uuid[])"},
    [STATEMENT_LOAD_PATIENTS_APPOINTMENTS] =
        {"load_patients_appointments",
         "SELECT appointment_id, patient_id, lower(during), upper(during), seat"
         " FROM appointment WHERE patient_id = ANY ($1::uuid[]) AND state = 'booked'"
         " AND (seat IS NOT NULL OR upper(during) > statement_timestamp())"},
    [STATEMENT_LOAD_CALENDARS] =
        {"load_calendars",
         "SELECT s.slot_id, s.doctor_id, lower(s.during), upper(s.during)"
         " FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) w (doctor_id, starts_at, "
         "ends_at)"
         " CROSS JOIN LATERAL (SELECT slot_id, doctor_id, during FROM slot"
         " WHERE slot.doctor_id = w.doctor_id AND slot.during && tstzrange(w.starts_at, w.ends_at)"
         " AND slot.withdrawn_at IS NULL OFFSET 0) s"},
    /* The order is the index's, and keeps the planner on it. */
    [STATEMENT_COUNT_SLOTS_TO_COME] =
        {"count_slots_to_come",
         "SELECT d.doctor_id, (SELECT count(*) FROM (SELECT FROM slot s"
         " WHERE s.doctor_id = d.doctor_id AND s.withdrawn_at IS NULL"
         " AND lower(s.during) > statement_timestamp() ORDER BY lower(s.during) OFFSET 0) to_come)"
         " FROM unnest($1::uuid[]) d (doctor_id)"},
    [STATEMENT_LOAD_RECALLS] =
        {"load_recalls",
         "SELECT l.caller, l.command_id, l.content_hash, l.outcome_schema, l.outcome"
         " FROM unnest($1::uuid[], $2::uuid[]) k (caller, command_id) CROSS JOIN LATERAL"
         " (SELECT * FROM command_log WHERE command_log.caller = k.caller"
         " AND command_log.command_id = k.command_id AND command_log.recallable OFFSET 0) l"},
    [STATEMENT_CLOCK] = {"clock", "SELECT clock_timestamp()"},
    [STATEMENT_UPDATE_APPOINTMENTS] =
        {"update_appointments",
         "UPDATE appointment a SET state = u.state::appointment_state, seat = u.seat,"
         " cancel_reason = u.cancel_reason::event_reason,"
         " ended_at = CASE WHEN u.state = 'booked' THEN NULL ELSE $5::timestamptz END"
         " FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::text[]) u (appointment_id, "
         "state, seat, cancel_reason)"
         " WHERE a.appointment_id = u.appointment_id AND a.state = 'booked'"},
    [STATEMENT_WITHDRAW_SLOTS] =
        {"withdraw_slots",
         "UPDATE slot s SET withdrawn_at = $3::timestamptz, withdrawal_reason = "
         "u.reason::event_reason"
         " FROM unnest($1::uuid[], $2::text[]) u (slot_id, reason)"
         " WHERE s.slot_id = u.slot_id AND s.withdrawn_at IS NULL"},
    [STATEMENT_INSERT_SLOTS] =
        {"insert_slots",
         "INSERT INTO slot (slot_id, doctor_id, during, published_at, withdrawn_at, "
         "withdrawal_reason)"
         " SELECT n.slot_id, n.doctor_id, tstzrange(n.starts_at, n.ends_at), $7::timestamptz,"
         " CASE WHEN n.withdrawn THEN $7::timestamptz END, n.reason::event_reason"
         " FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], "
         "$5::boolean[], $6::text[])"
         " n (slot_id, doctor_id, starts_at, ends_at, withdrawn, reason)"},
    [STATEMENT_INSERT_APPOINTMENTS] =
        {"insert_appointments",
         "INSERT INTO appointment (appointment_id, slot_id, doctor_id, during, patient_id, state, "
         "seat,"
         " rescheduled_from, cancel_reason, booked_at, ended_at)"
         " SELECT n.appointment_id, n.slot_id, n.doctor_id, tstzrange(n.starts_at, n.ends_at), "
         "n.patient_id,"
         " n.state::appointment_state, n.seat, n.rescheduled_from, n.cancel_reason::event_reason, "
         "$11::timestamptz,"
         " CASE WHEN n.state <> 'booked' THEN $11::timestamptz END"
         " FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], "
         "$6::uuid[],"
         " $7::text[], $8::smallint[], $9::uuid[], $10::text[]) n (appointment_id, slot_id, "
         "doctor_id, starts_at,"
         " ends_at, patient_id, state, seat, rescheduled_from, cancel_reason)"},
    [STATEMENT_INSERT_SLOT_EVENTS] = {"insert_slot_events", INSERT_EVENTS("slot_event", "slot_id")},
    [STATEMENT_INSERT_ACCOUNT_EVENTS] =
        {"insert_account_events", INSERT_EVENTS("account_event", "account_id")},
    [STATEMENT_PURGE_SLOTS] =
        {"purge_slots", "SELECT purge_slots($1::uuid[], $2::timestamptz, $3::uuid, $4::bigint)"},
    /* A login that was taken meanwhile is a race; an error would quote the row. */
    [STATEMENT_INSERT_ACCOUNTS] =
        {"insert_accounts",
         "INSERT INTO account (account_id, role, login, password_hash, created_at)"
         " SELECT n.account_id, n.role::account_role, n.login, n.password_hash, $5::timestamptz"
         " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) n (account_id, role, login, "
         "password_hash) ON CONFLICT (login) DO NOTHING"},
    [STATEMENT_UPDATE_ACCOUNTS] = {"update_accounts", UPDATE_ACCOUNTS("")},
    [STATEMENT_UPDATE_CREDENTIALS] =
        {"update_credentials",
         UPDATE_ACCOUNTS(" login = CASE WHEN u.state <> 'erased' THEN a.login END,"
                         " password_hash = u.password_hash,")},
    [STATEMENT_FORGIVE_FAILURES] =
        {"forgive_failures",
         "WITH forgiven AS (SELECT login_key FROM login_throttle WHERE login_key = ANY "
         "($1::bytea[])"
         " ORDER BY login_key FOR UPDATE)"
         " DELETE FROM login_throttle t USING forgiven WHERE t.login_key = forgiven.login_key"},
    [STATEMENT_FORGET_DEVICES] =
        {"forget_devices", "DELETE FROM login_device WHERE account_id = ANY ($1::uuid[])"},
    [STATEMENT_REMEMBER_DEVICES] =
        {"remember_devices",
         "INSERT INTO login_device (account_id, device_key, last_used_at)"
         " SELECT DISTINCT n.account_id, n.device_key, $3::timestamptz"
         " FROM unnest($1::uuid[], $2::bytea[]) n (account_id, device_key)"
         " ORDER BY n.account_id, n.device_key"
         " ON CONFLICT (account_id, device_key) DO UPDATE SET last_used_at = "
         "excluded.last_used_at"},
    /* The eight used last stay. */
    [STATEMENT_TRIM_DEVICES] =
        {"trim_devices",
         "DELETE FROM login_device d USING (SELECT n.account_id, o.device_key"
         " FROM unnest($1::uuid[]) n (account_id) CROSS JOIN LATERAL (SELECT device_key FROM "
         "login_device WHERE login_device.account_id = n.account_id"
         " ORDER BY last_used_at DESC, device_key OFFSET 8) o) old"
         " WHERE d.account_id = old.account_id AND d.device_key = old.device_key"},
    [STATEMENT_SETTLE_ATTEMPTS] =
        {"settle_attempts",
         "DELETE FROM login_attempt a USING unnest($2::integer[], $3::bigint[]) s (partition, "
         "record_offset) WHERE a.topic = $1::text AND a.partition = s.partition"
         " AND a.record_offset = s.record_offset"},
    [STATEMENT_INSERT_ANSWERS] =
        {"insert_answers",
         "INSERT INTO command_log (topic, partition, record_offset, append_time, caller, "
         "command_id, content_hash,"
         " recallable, decided_at, code, outcome_schema, outcome, event_schema, events, route, "
         "dead_letter, worker_version)"
         " SELECT $1::text, n.partition, n.record_offset, n.append_time, n.caller, n.command_id, "
         "n.content_hash,"
         " n.recallable, $2::timestamptz, n.code, n.outcome_schema, n.outcome, n.event_schema, "
         "n.events, n.route,"
         " n.dead_letter, $17::integer"
         " FROM unnest($3::integer[], $4::bigint[], $5::timestamptz[], $6::uuid[], $7::uuid[], "
         "$8::bytea[],"
         " $9::boolean[], $10::text[], $11::bigint[], $12::bytea[], $13::bigint[], $14::bytea[], "
         "$15::bytea[],"
         " $16::bytea[]) n (partition, record_offset, append_time, caller, command_id, "
         "content_hash, recallable, code,"
         " outcome_schema, outcome, event_schema, events, route, dead_letter)"},
    /* The write waits for whatever the owner before left undecided: from here on nothing of it can
     commit. */
    [STATEMENT_TAKE_PARTITION] =
        {"take_partition",
         "INSERT INTO partition_progress AS p (topic, partition, cluster_id, next_offset, "
         "published_offset, owner,"
         " transactional_id, backend_pid, backend_start, taken_at, tokens_valid_from)"
         " SELECT $1::text, $2::integer, $3::text, $4::bigint, $4::bigint, $5::uuid, $6::text, "
         "pg_backend_pid(),"
         " a.backend_start, clock_timestamp(), (SELECT tokens_valid_from FROM "
         "partition_progress WHERE topic = $1::text AND partition = 0) FROM "
         "pg_stat_get_activity(pg_backend_pid()) a"
         " ON CONFLICT (topic, partition) DO UPDATE SET owner = excluded.owner,"
         " transactional_id = excluded.transactional_id, backend_pid = excluded.backend_pid,"
         " backend_start = excluded.backend_start, taken_at = excluded.taken_at,"
         " to_fence = CASE WHEN p.transactional_id IS NULL OR p.transactional_id = ANY "
         "(p.to_fence) THEN p.to_fence"
         " ELSE p.to_fence || p.transactional_id END"
         " RETURNING next_offset, published_offset, generation, cluster_id, last_offset, "
         "last_append_time, last_hash,"
         " array_to_string(to_fence, ' '), settled_below, tokens_valid_from"},
    [STATEMENT_DROP_FENCED] =
        {"drop_fenced",
         "UPDATE partition_progress SET to_fence = array_remove(to_fence, $4::text)"
         " WHERE topic = $1::text AND partition = $2::integer AND owner = $3::uuid"},
    [STATEMENT_RELEASE_PARTITION] =
        {"release_partition",
         "UPDATE partition_progress SET owner = NULL, transactional_id = NULL, published_offset = "
         "$4::bigint"
         " WHERE topic = $1::text AND partition = $2::integer AND owner = $3::uuid"},
    [STATEMENT_NOTE_PUBLISHED] =
        {"note_published",
         "UPDATE partition_progress SET published_offset = $4::bigint"
         " WHERE topic = $1::text AND partition = $2::integer AND owner = $3::uuid"},
    /* What stands between the last record and the end are markers of transactions, which nobody
       answers. */
    [STATEMENT_NOTE_END] =
        {"note_end",
         "UPDATE partition_progress SET next_offset = $5::bigint, published_offset = $5::bigint"
         " WHERE topic = $1::text AND partition = $2::integer AND owner = $3::uuid"
         " AND next_offset = $4::bigint"},
    /* Dead letters, and the events of a doctor's end, can be large: a slice ends after 4 MiB. */
    [STATEMENT_LOAD_UNPUBLISHED] =
        {"load_unpublished",
         "SELECT record_offset, append_time, caller, command_id, code, outcome_schema, outcome, "
         "event_schema, events,"
         " route, dead_letter FROM (SELECT *, sum(large) OVER (ORDER BY record_offset) - large AS "
         "bytes_before FROM (SELECT *, coalesce(octet_length(dead_letter), 0)"
         " + coalesce(octet_length(events), 0) AS large FROM command_log"
         " WHERE topic = $1::text AND partition = $2::integer AND record_offset >= $3::bigint"
         " AND record_offset < $4::bigint ORDER BY record_offset LIMIT $5::integer) first) slice"
         " WHERE bytes_before < 4194304 ORDER BY record_offset"},
    [STATEMENT_FORGET_ANSWERS] =
        {"forget_answers", "SELECT forget_answers($1::text, $2::integer, $3::bigint, $4::integer)"},
    [STATEMENT_EXPIRE_LOG] =
        {"expire_log", "SELECT expire_log($1::bigint * interval '1 microsecond', $2::integer)"},
    [STATEMENT_FORGET_LOG_INS] =
        {"forget_log_ins",
         "SELECT forget_log_ins($1::bigint * interval '1 microsecond', $2::integer, $3::integer)"},
    [STATEMENT_LOAD_PENDING_EVENTS] =
        {"load_pending_events",
         "SELECT position, event_schema, event FROM pending_event ORDER BY position LIMIT "
         "$1::integer"},
    [STATEMENT_DELETE_PENDING_EVENTS] =
        {"delete_pending_events", "DELETE FROM pending_event WHERE position < $1::bigint"},
    /* A stopped worker can keep its locks while it is idle in a transaction, or while its socket is
     full. */
    [STATEMENT_TERMINATE_STALLED] =
        {"terminate_stalled",
         "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = "
         "current_user"
         " AND datname = current_database() AND pid <> pg_backend_pid() AND state_change < "
         "clock_timestamp() - interval '2 s'"
         " AND (state LIKE 'idle in transaction%' OR (state = 'active' AND wait_event = "
         "'ClientWrite'))"},
    /* Who asks: on the primary, without a lock, since nothing is decided. */
    [STATEMENT_LOOK_AT_CALLERS] =
        {"look_at_callers",
         "SELECT " ACCOUNT_COLUMNS " FROM account"
         " WHERE account_id = ANY ($1::uuid[])"},
    /* The time of a batch of queries, and what a replica must have to be used. */
    [STATEMENT_PRIMARY_PLACE] =
        {"primary_place",
         "SELECT clock_timestamp(), pg_current_wal_lsn(), pg_postmaster_start_time()"},
    [STATEMENT_PLAN_AGAIN] = {"plan_again", "DISCARD PLANS"},
    [STATEMENT_PING] = {"ping", "SELECT 1"},
    /* Of a standby's row only its existence is shown to whoever lacks pg_read_all_stats. */
    [STATEMENT_MEASURE] =
        {"measure",
         "SELECT (SELECT coalesce(sum(gap), 0)::bigint FROM (SELECT next_offset - "
         "published_offset AS gap"
         " FROM partition_progress ORDER BY topic, partition LIMIT 10000) every),"
         " (SELECT count(*) FROM (SELECT FROM pending_event ORDER BY position LIMIT 1000) first),"
         " pg_database_size(current_database()),"
         " CASE WHEN current_setting('synchronous_standby_names') = '' THEN 0 ELSE (SELECT "
         "count(*) FROM pg_stat_get_wal_senders()"
         " WHERE sync_state IS NULL OR sync_state IN ('sync', 'quorum')) END"},
};

const struct statement_text *statement_text(enum statement statement) {
    return statement < STATEMENT_READS ? &statements[statement] : read_statement_text(statement);
}
