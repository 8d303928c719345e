-- Revert slotkeeper:command_log

begin;
commit;
