-- Deploy slotkeeper:worker_sessions
-- requires: schema_version
-- Which workers are there. Each of their sessions, from version 3 on, holds a shared advisory lock that
-- says what it was built for; one that holds none is older. Only the owner asks, before a step that
-- older workers would not survive.

begin;

create function slotkeeper.worker_sessions_before(of_version integer) returns setof integer
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select session.pid
    from pg_stat_activity as session
    where session.datname = current_database()
        and session.usename = 'slotkeeper_worker'
        and not exists (
            select from pg_locks as lock
            where lock.pid = session.pid
                and lock.locktype = 'advisory'
                and lock.classid = 1936486260
                and lock.objid >= of_version::oid
        )
$$;

commit;
