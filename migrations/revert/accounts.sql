-- Revert slotkeeper:accounts

begin;
commit;
