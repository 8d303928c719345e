-- Verify slotkeeper:schema_version

begin;
rollback;
