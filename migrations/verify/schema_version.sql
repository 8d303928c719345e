-- Verify slotkeeper:schema_version

begin;

select 1 / count(*) from slotkeeper.schema_version where singleton and version >= 1;
select 1 / has_table_privilege('slotkeeper_worker', 'slotkeeper.schema_version', 'select')::integer;

rollback;
