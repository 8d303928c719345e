-- Revert slotkeeper:audit_trail

begin;

drop table slotkeeper.purged_slot;
drop table slotkeeper.pending_event;
drop table slotkeeper.account_event;
drop table slotkeeper.slot_event;

commit;
