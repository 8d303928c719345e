-- Verify slotkeeper:worker_grants
-- A sample of both sides; tests/schema has the whole matrix.

begin;

select 1 / (
    has_column_privilege('slotkeeper_worker', 'slotkeeper.appointment', 'state', 'update')
    and has_table_privilege('slotkeeper_worker', 'slotkeeper.command_log', 'insert')
    and has_function_privilege('slotkeeper_worker', 'slotkeeper.expire_log(interval, integer)', 'execute')
    and not has_table_privilege('slotkeeper_worker', 'slotkeeper.slot_event', 'update, delete, truncate')
    and not has_column_privilege('slotkeeper_worker', 'slotkeeper.account', 'password_hash', 'select')
)::integer;

rollback;
