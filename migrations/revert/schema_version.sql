-- Revert slotkeeper:schema_version

begin;
commit;
