-- Verify slotkeeper:appointment_references_checked

begin;

select 1 / (count(*) = 2)::integer
from pg_constraint
where conrelid = 'slotkeeper.appointment'::regclass
    and convalidated
    and conname in ('appointment_slot', 'appointment_patient');

-- Five on the way, three at the end.
select 1 / (count(*) = 3)::integer
from pg_constraint
where conrelid = 'slotkeeper.appointment'::regclass and contype = 'f';

rollback;
