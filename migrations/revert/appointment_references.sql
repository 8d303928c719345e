-- Revert slotkeeper:appointment_references

begin;

lock table slotkeeper.account, slotkeeper.slot, slotkeeper.appointment in access exclusive mode;

alter table slotkeeper.appointment
    drop constraint appointment_patient_as_active,
    drop constraint appointment_slot_as_offered;
drop trigger slot_takes_appointments on slotkeeper.slot;
drop function slotkeeper.take_appointments();
drop trigger appointment_born_ended on slotkeeper.appointment;
drop function slotkeeper.refuse_stray_appointment();

commit;
