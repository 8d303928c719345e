-- Deploy slotkeeper:event_schema_checked
-- requires: event_schema_named
-- Reads the table without keeping anybody from writing; then the rule takes the place of the weaker one,
-- which needs a moment alone.

begin;

alter table slotkeeper.command_log validate constraint command_log_event_schema_named;

commit;

begin;

set local lock_timeout = '1s';

alter table slotkeeper.command_log drop constraint command_log_event_schema;
alter table slotkeeper.command_log
    rename constraint command_log_event_schema_named to command_log_event_schema;

commit;
