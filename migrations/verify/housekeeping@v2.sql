-- Verify slotkeeper:housekeeping

begin;

-- Owned by the owner, run under its name, with a search_path of their own, for nobody else.
select 1 / (
    prosecdef
    and pg_get_userbyid(proowner) = current_user
    and 'search_path=pg_catalog, slotkeeper, pg_temp' = any(proconfig)
)::integer
from pg_proc
where oid in (
    'slotkeeper.forget_answers(text, integer, bigint, integer)'::regprocedure,
    'slotkeeper.expire_log(interval, integer)'::regprocedure
);

rollback;
