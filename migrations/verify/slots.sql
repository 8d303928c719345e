-- Verify slotkeeper:slots

begin;
rollback;
