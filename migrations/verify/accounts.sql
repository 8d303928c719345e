-- Verify slotkeeper:accounts

begin;
rollback;
