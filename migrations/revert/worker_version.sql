-- Revert slotkeeper:worker_version

begin;

alter table slotkeeper.command_log drop column worker_version;

commit;
