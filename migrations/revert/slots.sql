-- Revert slotkeeper:slots

begin;

drop table slotkeeper.slot;

commit;
