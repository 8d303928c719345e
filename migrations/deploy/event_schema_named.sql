-- Deploy slotkeeper:event_schema_named
-- requires: command_log
-- A row names the schema of its events if, and only if, it has any: so far one without events might name
-- one. Holds for what is written from now on; the step event_schema_checked looks at what was there.

begin;

set local lock_timeout = '1s';

alter table slotkeeper.command_log
    add constraint command_log_event_schema_named
        check ((events is null) = (event_schema is null)) not valid;

commit;
