-- Verify slotkeeper:appointments

begin;

select appointment_id, slot_id, doctor_id, during, patient_id, patient_role, state, seat, rescheduled_from,
    cancel_reason, booked_at, ended_at, guard, active
from slotkeeper.appointment
where false;

select 1 / (count(*) = 7)::integer
from pg_constraint
where conrelid = 'slotkeeper.appointment'::regclass
    and conname in (
        'appointment_slot', 'appointment_slot_open', 'appointment_patient',
        'appointment_patient_active', 'appointment_doctor_active',
        'appointment_one_active', 'appointment_patient_overlap'
    );

rollback;
