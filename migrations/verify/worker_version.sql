-- Verify slotkeeper:worker_version

begin;

select worker_version from slotkeeper.command_log where false;
select 1 / has_column_privilege('slotkeeper_worker', 'slotkeeper.command_log', 'worker_version', 'insert')::integer;

rollback;
