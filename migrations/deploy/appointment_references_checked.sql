-- Deploy slotkeeper:appointment_references_checked
-- requires: appointment_references
-- Reads the table without keeping anybody from writing; then the two keys take the place of the four, which needs
-- a moment alone.

begin;

alter table slotkeeper.appointment validate constraint appointment_slot_as_offered;
alter table slotkeeper.appointment validate constraint appointment_patient_as_active;

commit;

begin;

set local lock_timeout = '1s';

-- In the order in which bookings meet them; whoever meets them in another one is refused once (40P01), and comes again.
lock table slotkeeper.account, slotkeeper.slot, slotkeeper.appointment in access exclusive mode;

alter table slotkeeper.appointment
    drop constraint appointment_slot,
    drop constraint appointment_slot_open,
    drop constraint appointment_patient,
    drop constraint appointment_patient_active;
alter table slotkeeper.appointment rename constraint appointment_slot_as_offered to appointment_slot;
alter table slotkeeper.appointment rename constraint appointment_patient_as_active to appointment_patient;
alter table slotkeeper.slot
    drop constraint slot_with_time,
    drop constraint slot_with_open;

commit;
