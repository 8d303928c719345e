-- Revert slotkeeper:slots

begin;
commit;
