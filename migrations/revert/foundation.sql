-- Revert slotkeeper:foundation

begin;
commit;
