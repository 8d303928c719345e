-- Deploy slotkeeper:query_indexes
-- requires: appointments
-- What pages are read from, each from its first row on: an index a list, in the list's order.
--
-- A booking pays for one of them, appointment_of_doctor, whose entries of a doctor lie together. A patient's
-- are scattered over the whole index, so those that are booked - few, and in appointment_seat already - are
-- left out of appointment_past_of_patient: it is paid by whatever ends an appointment. slot_times is paid by
-- PublishSlot.
--
-- On tables that are large make the three by hand first, `create index concurrently if not exists`, under the
-- same names: this step then finds them.

begin;

-- Open slots of any doctor. Those of one doctor are in slot_calendar.
create index if not exists slot_times on slotkeeper.slot (lower(during), slot_id) where withdrawn_at is null;

-- The state first, so that a page of one state passes over no other; a page of all states merges four.
create index if not exists appointment_of_doctor on slotkeeper.appointment
    (doctor_id, state, lower(during), appointment_id);
create index if not exists appointment_past_of_patient on slotkeeper.appointment
    (patient_id, state, lower(during), appointment_id) where state <> 'booked';

commit;
