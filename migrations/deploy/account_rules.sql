-- Deploy slotkeeper:account_rules
-- requires: final_states
-- What the worker may not make of an account, and what a deactivated doctor may not offer. As in
-- final_states they fire after the row is written, and the conditions stand in the triggers.

begin;

-- The first three bind the worker, which writes what strangers send. The owner may add an account
-- that has no password, because an identity provider vouches for it, and makes the admins.
create trigger account_password_encoding after insert or update of password_hash on slotkeeper.account
for each row when (
    current_user = 'slotkeeper_worker'
    and new.password_hash !~
        '^\$argon2id\$v=19\$m=[1-9][0-9]{0,9},t=[1-9][0-9]{0,9},p=[1-9][0-9]{0,7}\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$'
)
execute function slotkeeper.refuse_update('a password hash is an Argon2id encoding');

create trigger account_admin_by_owner after insert on slotkeeper.account
for each row when (current_user = 'slotkeeper_worker' and new.role = 'admin')
execute function slotkeeper.refuse_update('admins are made by the owner');

create trigger account_login_kept after update of login on slotkeeper.account
for each row when (current_user = 'slotkeeper_worker' and new.login <> old.login)
execute function slotkeeper.refuse_update('a login stays until it is erased');

-- A deactivated doctor offers nothing to come. Two statements make it so, a deactivation and the
-- withdrawals with it, in either order: it is looked at when they commit. Slots in the past stay open;
-- one that holds an appointment is not open, and appointment_doctor_active refuses those that are booked.
create function slotkeeper.refuse_slots_to_come() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    if exists (
        select from slotkeeper.account
        join slotkeeper.slot on slot.doctor_id = account.account_id
        where account.account_id = new.account_id
            and not account.active
            and slot.withdrawn_at is null
            and lower(slot.during) > clock_timestamp()
            and not exists (
                select from slotkeeper.appointment
                where appointment.slot_id = slot.slot_id and appointment.active
            )
    ) then
        raise exception using
            errcode = 'restrict_violation',
            message = 'account: a deactivated doctor offers no slot to come',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
    end if;
    return null;
end
$$;

create constraint trigger account_nothing_to_come after update on slotkeeper.account
deferrable initially deferred
for each row when (old.role = 'doctor' and old.active and not new.active)
execute function slotkeeper.refuse_slots_to_come();

-- The other way round. The key slot_doctor locks the doctor's row before this fires, so a publication
-- waits for a deactivation under way and looks here with a snapshot of its own, after the wait; a
-- deactivation waits for publications, and finds them at its end. OFFSET 0 keeps the look-up a look-up.
create function slotkeeper.refuse_inactive_doctor() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    if exists (
        select from added
        cross join lateral (
            select from slotkeeper.account
            where account.account_id = added.doctor_id and not account.active
            offset 0
        ) as gone
        where added.withdrawn_at is null
    ) then
        raise exception using
            errcode = 'restrict_violation',
            message = 'slot: its doctor is not active',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
    end if;
    return null;
end
$$;

create trigger slot_doctor_active after insert on slotkeeper.slot
referencing new table as added
for each statement execute function slotkeeper.refuse_inactive_doctor();

commit;
