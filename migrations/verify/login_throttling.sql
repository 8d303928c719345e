-- Verify slotkeeper:login_throttling

begin;

select login_key, failures, blocked_until, last_attempt_at, magnitude, attempt_minute
from slotkeeper.login_throttle
where false;

select topic, partition, record_offset, login_key, reserved_at from slotkeeper.login_attempt where false;
select account_id, device_key, last_used_at from slotkeeper.login_device where false;

select 1 / count(*)
from pg_index
where indrelid = 'slotkeeper.login_throttle'::regclass
    and indexrelid = 'slotkeeper.login_throttle_forgettable'::regclass;

select 1 / (
    has_column_privilege('slotkeeper_worker', 'slotkeeper.login_throttle', 'failures', 'update')
    and has_table_privilege('slotkeeper_worker', 'slotkeeper.login_attempt', 'insert')
    and not has_column_privilege('slotkeeper_worker', 'slotkeeper.login_throttle', 'login_key', 'update')
)::integer;

rollback;
