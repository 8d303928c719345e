-- Verify slotkeeper:schema_version_3

begin;

select 1 / count(*) from slotkeeper.schema_version where version >= 3;

rollback;
