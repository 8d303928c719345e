-- Revert slotkeeper:audit_trail

begin;
commit;
