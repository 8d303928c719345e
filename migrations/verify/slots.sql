-- Verify slotkeeper:slots

begin;

select slot_id, doctor_id, doctor_role, during, published_at, withdrawn_at, withdrawal_reason, open
from slotkeeper.slot
where false;

select 1 / count(*)
from pg_constraint
where conrelid = 'slotkeeper.slot'::regclass and conname = 'slot_doctor_overlap' and contype = 'x';

rollback;
