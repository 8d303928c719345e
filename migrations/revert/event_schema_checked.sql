-- Revert slotkeeper:event_schema_checked

begin;

alter table slotkeeper.command_log
    rename constraint command_log_event_schema to command_log_event_schema_named;
alter table slotkeeper.command_log
    add constraint command_log_event_schema check (events is null or event_schema is not null);

commit;
