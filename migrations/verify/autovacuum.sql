-- Verify slotkeeper:autovacuum

begin;

select 1 / (count(*) = 4)::integer
from pg_class
where oid in (
        'slotkeeper.slot'::regclass, 'slotkeeper.appointment'::regclass, 'slotkeeper.slot_event'::regclass,
        'slotkeeper.account'::regclass
    )
    and array_to_string(reloptions, ' ') like '%autovacuum_vacuum_scale_factor=%';

rollback;
