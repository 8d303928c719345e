-- Verify slotkeeper:worker_sessions

begin;

select slotkeeper.worker_sessions_before(3) where false;
select 1 / (not has_function_privilege(
    'slotkeeper_worker', 'slotkeeper.worker_sessions_before(integer)', 'execute'))::integer;

rollback;
