-- Deploy slotkeeper:oldest_worker_3
-- requires: schema_version_3
-- requires: worker_version
-- requires: worker_sessions
-- The end of the upgrade to version 3: no older worker may start again, and what only they left out is
-- asked for. Refused while one of them is connected. Whoever asks for the version meanwhile waits for
-- this transaction, so none comes in between; whoever has asked before is connected, and seen.

begin;

set local lock_timeout = '1s';

lock table slotkeeper.schema_version in access exclusive mode;

do $$
declare
    pids text;
begin
    select string_agg(pid::text, ', ' order by pid) into pids from slotkeeper.worker_sessions_before(3) as pid;
    if pids is not null then
        raise object_in_use using
            message = format('workers built for a version before 3 are connected (backends %s)', pids),
            hint = 'Stop them, then run this step again.';
    end if;
end
$$;

update slotkeeper.schema_version set oldest_worker = 3;

-- What older workers wrote goes with the log's retention; a later release may then validate it.
alter table slotkeeper.command_log
    add constraint command_log_worker_version check (worker_version is not null) not valid;

commit;
