-- Deploy slotkeeper:final_states
-- requires: audit_trail
-- What is final stays, and what identifies a row never changes. The conditions stand in the triggers,
-- so that an allowed update calls no function. They fire after the update: with a BEFORE trigger each
-- update of a row with a generated key column takes the strongest lock, and announcing a deactivation
-- would wait for bookings.

begin;

create function slotkeeper.refuse_update() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    raise exception using
        errcode = 'restrict_violation',
        message = format('%s: %s', tg_table_name, tg_argv[0]),
        schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
end
$$;

create trigger account_final after update on slotkeeper.account
for each row when (
    old.state = 'erased'
    or (old.state = 'active' and new.state = 'erased')
)
execute function slotkeeper.refuse_update('active, deactivated, erased; erased is final');

create trigger account_fixed after update on slotkeeper.account
for each row when (
    new.account_id <> old.account_id
    or new.role <> old.role
    or new.created_at <> old.created_at
    or new.credential_version < old.credential_version
    or new.token_version < old.token_version
)
execute function slotkeeper.refuse_update('identity never changes, versions never fall');

create trigger slot_final after update on slotkeeper.slot
for each row when (old.withdrawn_at is not null)
execute function slotkeeper.refuse_update('withdrawn is final');

create trigger slot_fixed after update on slotkeeper.slot
for each row when (
    new.slot_id <> old.slot_id
    or new.doctor_id <> old.doctor_id
    or new.doctor_role <> old.doctor_role
    or new.during <> old.during
    or new.published_at <> old.published_at
)
execute function slotkeeper.refuse_update('identity, doctor and times never change');

create trigger appointment_final after update on slotkeeper.appointment
for each row when (old.state <> 'booked')
execute function slotkeeper.refuse_update('cancelled, fulfilled and noshow are final');

create trigger appointment_fixed after update on slotkeeper.appointment
for each row when (
    new.appointment_id <> old.appointment_id
    or new.slot_id <> old.slot_id
    or new.doctor_id <> old.doctor_id
    or new.during <> old.during
    or new.patient_id <> old.patient_id
    or new.patient_role <> old.patient_role
    or new.booked_at <> old.booked_at
    or new.rescheduled_from is distinct from old.rescheduled_from
)
execute function slotkeeper.refuse_update('identity, slot, patient and lineage never change');

-- A purged slot_id is never used again. A statement that waited for the purge looks here with a
-- snapshot of its own, after the wait.
create function slotkeeper.refuse_purged_slot() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    if exists (select from added join slotkeeper.purged_slot using (slot_id)) then
        raise exception using
            errcode = 'unique_violation',
            message = 'slot: a purged slot_id is never used again',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
    end if;
    return null;
end
$$;

create trigger slot_not_purged after insert on slotkeeper.slot
referencing new table as added
for each statement execute function slotkeeper.refuse_purged_slot();

commit;
