-- Verify slotkeeper:account_indexes

begin;

select 1 / (count(*) = 2)::integer
from pg_index
where indrelid = 'slotkeeper.account'::regclass
    and indisvalid
    and indexrelid in ('slotkeeper.account_closing'::regclass, 'slotkeeper.account_active_admin'::regclass);

rollback;
