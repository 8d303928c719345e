-- Verify slotkeeper:command_log

begin;
rollback;
