-- Revert slotkeeper:command_log

begin;

drop table slotkeeper.partition_progress;
drop table slotkeeper.command_log;

commit;
