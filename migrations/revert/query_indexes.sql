-- Revert slotkeeper:query_indexes

drop index concurrently slotkeeper.appointment_past_of_patient;
drop index concurrently slotkeeper.appointment_of_doctor;
drop index concurrently slotkeeper.slot_times;
