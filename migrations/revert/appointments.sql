-- Revert slotkeeper:appointments

begin;

drop table slotkeeper.appointment;

commit;
