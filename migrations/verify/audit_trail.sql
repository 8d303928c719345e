-- Verify slotkeeper:audit_trail

begin;

select slot_id, sequence, event_id, entity, entity_id, old_state, new_state, actor_id, actor_role,
    command_id, reason, related_id, detail, occurred_at, hash
from slotkeeper.slot_event
where false;

select account_id, sequence, event_id, entity, entity_id, old_state, new_state, actor_id, actor_role,
    command_id, reason, related_id, detail, occurred_at, hash
from slotkeeper.account_event
where false;

select position, account_id, event_id, event_schema, event from slotkeeper.pending_event where false;
select slot_id, head_sequence, head_hash, event_id from slotkeeper.purged_slot where false;

rollback;
