-- Verify slotkeeper:query_indexes

begin;

select 1 / (count(*) = 3)::integer
from pg_index
where indisvalid
    and indexrelid in ('slotkeeper.slot_times'::regclass, 'slotkeeper.appointment_of_doctor'::regclass,
        'slotkeeper.appointment_past_of_patient'::regclass);

rollback;
