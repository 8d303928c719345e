-- Deploy slotkeeper:appointment_references
-- requires: reference_indexes
-- requires: purge
-- Each foreign key costs a booking about as much as an index, and two of an appointment's five asked for what
-- the two beside them look at anyway. So: one key to the slot, which holds while the appointment is not cancelled,
-- and one to the patient, which holds while it is booked.
--
-- What has ended stays true without a key. It was checked when it was booked; neither it nor its slot nor its
-- patient ever changes in what the keys name (final_states), accounts stay, and a slot goes in a purge alone
-- (append_only), where the trigger slot_takes_appointments sends along what does not cascade any more. An appointment
-- that is born ended, booked and cancelled in one batch, is looked at by the trigger appointment_born_ended.

begin;

set local lock_timeout = '1s';

-- In the order in which bookings meet them. A batch that meets them in another one is refused once (40P01) and repeated.
lock table slotkeeper.account, slotkeeper.slot, slotkeeper.appointment in share row exclusive mode;

create function slotkeeper.refuse_stray_appointment() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    perform from slotkeeper.slot
    where slot.slot_id = new.slot_id and slot.doctor_id = new.doctor_id and slot.during = new.during
    for key share;
    if found then
        perform from slotkeeper.account
        where account.account_id = new.patient_id and account.role = new.patient_role
        for key share;
    end if;
    if not found then
        raise exception using
            errcode = 'foreign_key_violation',
            message = 'appointment: its slot or its patient is not there',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
    end if;
    return null;
end
$$;

create trigger appointment_born_ended after insert on slotkeeper.appointment
for each row when (new.state <> 'booked')
execute function slotkeeper.refuse_stray_appointment();

-- Whoever deletes a slot is the owner, who alone may (slot_kept). With the snapshot of a whole transaction it would not see
-- an appointment that came after it.
create function slotkeeper.take_appointments() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = 'slot: slots are deleted in a transaction that is READ COMMITTED',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
    end if;
    delete from slotkeeper.appointment where slot_id = any(array(select slot_id from gone));
    return null;
end
$$;

create trigger slot_takes_appointments after delete on slotkeeper.slot
referencing old table as gone
for each statement execute function slotkeeper.take_appointments();

alter table slotkeeper.appointment
    add constraint appointment_slot_as_offered foreign key (slot_id, doctor_id, during, active)
        references slotkeeper.slot (slot_id, doctor_id, during, open) on delete cascade not valid,
    add constraint appointment_patient_as_active foreign key (patient_id, patient_role, guard)
        references slotkeeper.account (account_id, role, active) not valid;

commit;
