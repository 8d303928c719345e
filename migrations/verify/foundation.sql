-- Verify slotkeeper:foundation

begin;
rollback;
