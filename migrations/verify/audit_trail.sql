-- Verify slotkeeper:audit_trail

begin;
rollback;
