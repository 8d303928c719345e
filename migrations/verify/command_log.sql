-- Verify slotkeeper:command_log

begin;

select topic, partition, record_offset, append_time, caller, command_id, content_hash, recallable,
    decided_at, code, outcome_schema, outcome, event_schema, events, route, dead_letter
from slotkeeper.command_log
where false;

select topic, partition, cluster_id, generation, next_offset, published_offset, owner, transactional_id,
    backend_pid, backend_start, to_fence, last_offset, last_append_time, last_hash, taken_at
from slotkeeper.partition_progress
where false;

rollback;
