-- Verify slotkeeper:login_housekeeping

begin;

select 1 / (
    prosecdef
    and pg_get_userbyid(proowner) = current_user
    and 'search_path=pg_catalog, slotkeeper, pg_temp' = any(proconfig)
    and has_function_privilege('slotkeeper_worker', oid, 'execute')
)::integer
from pg_proc
where oid = 'slotkeeper.forget_log_ins(interval, integer, integer)'::regprocedure;

rollback;
