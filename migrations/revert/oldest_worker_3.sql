-- Revert slotkeeper:oldest_worker_3

begin;

alter table slotkeeper.command_log drop constraint command_log_worker_version;
update slotkeeper.schema_version set oldest_worker = 1;

commit;
