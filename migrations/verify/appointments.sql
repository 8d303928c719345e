-- Verify slotkeeper:appointments

begin;
rollback;
