-- Verify slotkeeper:recover_progress

begin;

select settled_below, tokens_valid_from from slotkeeper.partition_progress where false;

select 1 / (
    has_column_privilege('slotkeeper_worker', 'slotkeeper.partition_progress', 'tokens_valid_from', 'insert')
    and not has_column_privilege('slotkeeper_worker', 'slotkeeper.partition_progress', 'tokens_valid_from', 'update')
    and not has_column_privilege('slotkeeper_worker', 'slotkeeper.partition_progress', 'settled_below', 'update')
)::integer;

rollback;
