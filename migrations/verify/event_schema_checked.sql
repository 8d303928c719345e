-- Verify slotkeeper:event_schema_checked

begin;

select 1 / count(*)
from pg_constraint
where conrelid = 'slotkeeper.command_log'::regclass
    and conname = 'command_log_event_schema'
    and convalidated
    and pg_get_constraintdef(oid) like '%((events IS NULL) = (event_schema IS NULL))%';

rollback;
