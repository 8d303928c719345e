-- Verify slotkeeper:reference_indexes

begin;

select 1 / (count(*) = 2)::integer
from pg_index
where indisvalid and indisunique
    and indexrelid in ('slotkeeper.slot_as_offered'::regclass, 'slotkeeper.account_as_active'::regclass);

rollback;
