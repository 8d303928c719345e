-- Verify slotkeeper:append_only

begin;

select 1 / (count(*) = 7)::integer
from pg_trigger
where tgenabled = 'O'
    and tgfoid = 'slotkeeper.refuse_change()'::regprocedure;

rollback;
