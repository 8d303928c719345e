-- Verify slotkeeper:housekeeping

begin;
rollback;
