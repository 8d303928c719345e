-- Revert slotkeeper:housekeeping

begin;
commit;
