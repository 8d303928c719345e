-- Deploy slotkeeper:worker_grants
-- requires: worker_grants@v1
-- requires: account_rules
-- What the worker's role may do: no more than its statements need. It owns nothing. Columns that are
-- generated or have one possible value are not for it to name. Steps after @v1 grant what they bring
-- themselves.

begin;

grant usage on schema slotkeeper to slotkeeper_worker;

-- Logging in compares the password hash; erasing takes it and the login away.
grant select (account_id, role, state, active, login, password_hash, credential_version, token_version,
        tokens_valid_from, closing_at, created_at, deactivated_at, erased_at),
    insert (account_id, role, login, password_hash, created_at),
    update (state, login, password_hash, credential_version, token_version, tokens_valid_from, closing_at,
        deactivated_at, erased_at)
    on slotkeeper.account to slotkeeper_worker;

grant select,
    insert (slot_id, doctor_id, during, published_at, withdrawn_at, withdrawal_reason),
    update (withdrawn_at, withdrawal_reason)
    on slotkeeper.slot to slotkeeper_worker;

grant select,
    insert (appointment_id, slot_id, doctor_id, during, patient_id, state, seat, rescheduled_from,
        cancel_reason, booked_at, ended_at),
    update (state, seat, cancel_reason, ended_at)
    on slotkeeper.appointment to slotkeeper_worker;

grant select, insert on slotkeeper.slot_event to slotkeeper_worker;
grant select, insert on slotkeeper.account_event to slotkeeper_worker;
grant select on slotkeeper.purged_slot to slotkeeper_worker;
grant select, delete on slotkeeper.pending_event to slotkeeper_worker;

grant select, insert on slotkeeper.command_log to slotkeeper_worker;
grant select,
    insert,
    update (cluster_id, generation, next_offset, published_offset, owner, transactional_id, backend_pid,
        backend_start, to_fence, last_offset, last_append_time, last_hash, taken_at)
    on slotkeeper.partition_progress to slotkeeper_worker;

grant execute on function slotkeeper.forget_answers(text, integer, bigint, integer) to slotkeeper_worker;
grant execute on function slotkeeper.expire_log(interval, integer) to slotkeeper_worker;

commit;
