-- Revert slotkeeper:query_indexes

begin;

drop index slotkeeper.appointment_past_of_patient;
drop index slotkeeper.appointment_of_doctor;
drop index slotkeeper.slot_times;

commit;
