-- Revert slotkeeper:schema_version

begin;

drop table slotkeeper.schema_version;

commit;
