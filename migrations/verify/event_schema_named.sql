-- Verify slotkeeper:event_schema_named

begin;

-- One step later it has its final name.
select 1 / count(*)
from pg_constraint
where conrelid = 'slotkeeper.command_log'::regclass
    and conname in ('command_log_event_schema_named', 'command_log_event_schema')
    and pg_get_constraintdef(oid) like '%((events IS NULL) = (event_schema IS NULL))%';

rollback;
