-- Verify slotkeeper:slot_end

begin;

select 1 / indisvalid::integer from pg_index where indexrelid = 'slotkeeper.slot_end'::regclass;

rollback;
