-- Revert slotkeeper:append_only

begin;
commit;
