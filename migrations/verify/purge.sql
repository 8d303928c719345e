-- Verify slotkeeper:purge

begin;

select head_command_id from slotkeeper.purged_slot where false;

select 1 / (
    prosecdef
    and pg_get_userbyid(proowner) = current_user
    and 'search_path=pg_catalog, slotkeeper, pg_temp' = any(proconfig)
    and has_function_privilege('slotkeeper_worker', oid, 'execute')
)::integer
from pg_proc
where oid in (
    'slotkeeper.find_purgeable(timestamptz, integer)'::regprocedure,
    'slotkeeper.purge_slots(uuid[], timestamptz, uuid, bigint)'::regprocedure
);

select 1 / (not has_function_privilege('slotkeeper_worker', 'slotkeeper.weigh_purge(uuid[])', 'execute'))::integer;

rollback;
