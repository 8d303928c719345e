-- Verify slotkeeper:appointment_references

begin;

-- One step later they have their final names.
select 1 / (count(*) = 2)::integer
from pg_constraint
where conrelid = 'slotkeeper.appointment'::regclass
    and (
        conname in ('appointment_slot', 'appointment_slot_as_offered')
        and pg_get_constraintdef(oid) like '%slot(slot_id, doctor_id, during, open) ON DELETE CASCADE%'
        or conname in ('appointment_patient', 'appointment_patient_as_active')
        and pg_get_constraintdef(oid) like '%account(account_id, role, active)%'
    );

select 1 / (count(*) = 2)::integer
from pg_trigger
where tgenabled = 'O'
    and (
        tgrelid = 'slotkeeper.appointment'::regclass and tgname = 'appointment_born_ended'
        or tgrelid = 'slotkeeper.slot'::regclass and tgname = 'slot_takes_appointments'
    );

rollback;
