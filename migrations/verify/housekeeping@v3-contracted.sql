-- Verify slotkeeper:housekeeping

begin;

select 1 / (prosecdef and position('order by random()' in prosrc) > 0)::integer
from pg_proc
where oid = 'slotkeeper.expire_log(interval, integer)'::regprocedure;

rollback;
