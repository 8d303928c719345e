-- Verify slotkeeper:appointments

begin;

select appointment_id, slot_id, doctor_id, during, patient_id, patient_role, state, seat, rescheduled_from,
    cancel_reason, booked_at, ended_at, guard, active
from slotkeeper.appointment
where false;

-- Later steps replace two more.
select 1 / (count(*) = 5)::integer
from pg_constraint
where conrelid = 'slotkeeper.appointment'::regclass
    and conname in (
        'appointment_slot', 'appointment_patient', 'appointment_doctor_active',
        'appointment_one_active', 'appointment_patient_overlap'
    );

rollback;
