-- Deploy slotkeeper:reference_indexes
-- requires: appointments
-- What appointments will refer to: all that they need of a slot at once, and of a patient.
-- Built beside running bookings, so outside a transaction; one that was broken off leaves an index that is not
-- valid, and is taken away first.

set client_min_messages = warning;

drop index concurrently if exists slotkeeper.slot_as_offered;
create unique index concurrently slot_as_offered on slotkeeper.slot (slot_id, doctor_id, during, open);
drop index concurrently if exists slotkeeper.account_as_active;
create unique index concurrently account_as_active on slotkeeper.account (account_id, role, active);
