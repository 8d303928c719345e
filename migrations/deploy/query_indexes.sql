-- Deploy slotkeeper:query_indexes
-- requires: appointments
-- What pages are read from, each from its first row on: an index a list, in the list's order.
--
-- A booking pays for one of them, appointment_of_doctor, whose entries of a doctor lie together. A patient's
-- are scattered over the whole index, so those that are booked - few, and in appointment_seat already - are
-- left out of appointment_past_of_patient: it is paid by whatever ends an appointment. slot_times is paid by
-- PublishSlot.
-- Built beside running bookings, so outside a transaction; one that was broken off leaves an index that is not
-- valid, and is taken away first.

set client_min_messages = warning;

-- Open slots of any doctor. Those of one doctor are in slot_calendar.
drop index concurrently if exists slotkeeper.slot_times;
create index concurrently slot_times on slotkeeper.slot (lower(during), slot_id) where withdrawn_at is null;

-- The state first, so that a page of one state passes over no other; a page of all states merges four.
drop index concurrently if exists slotkeeper.appointment_of_doctor;
create index concurrently appointment_of_doctor on slotkeeper.appointment
    (doctor_id, state, lower(during), appointment_id);
drop index concurrently if exists slotkeeper.appointment_past_of_patient;
create index concurrently appointment_past_of_patient on slotkeeper.appointment
    (patient_id, state, lower(during), appointment_id) where state <> 'booked';
