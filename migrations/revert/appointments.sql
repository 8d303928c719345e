-- Revert slotkeeper:appointments

begin;
commit;
