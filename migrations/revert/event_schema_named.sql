-- Revert slotkeeper:event_schema_named

begin;

alter table slotkeeper.command_log drop constraint command_log_event_schema_named;

commit;
