-- Revert slotkeeper:schema_version_3

begin;

update slotkeeper.schema_version set version = 2;

commit;
