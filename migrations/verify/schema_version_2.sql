-- Verify slotkeeper:schema_version_2

begin;

select 1 / count(*) from slotkeeper.schema_version where version >= 2;

rollback;
