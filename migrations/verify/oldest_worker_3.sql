-- Verify slotkeeper:oldest_worker_3

begin;

select 1 / count(*) from slotkeeper.schema_version where oldest_worker >= 3;
select 1 / count(*)
from pg_constraint
where conrelid = 'slotkeeper.command_log'::regclass and conname = 'command_log_worker_version';

rollback;
