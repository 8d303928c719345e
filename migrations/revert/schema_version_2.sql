-- Revert slotkeeper:schema_version_2

begin;

update slotkeeper.schema_version set version = 1;

commit;
