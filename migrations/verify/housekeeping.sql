-- Verify slotkeeper:housekeeping

begin;

select 1 / (prosecdef and position('ctid = any' in prosrc) > 0)::integer
from pg_proc
where oid in (
    'slotkeeper.forget_answers(text, integer, bigint, integer)'::regprocedure,
    'slotkeeper.expire_log(interval, integer)'::regprocedure
);

rollback;
