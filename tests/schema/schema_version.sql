-- Holds: there is one version of the schema, and a worker can read which workers it takes. Sessions of
-- workers say what they were built for.

begin;
select plan(9);

select results_eq(
    'select version, oldest_worker from schema_version', 'values (3, 3)', 'the version of the last step');
select refused_by(
    'insert into schema_version (version, oldest_worker) values (4, 1)', 'schema_version_pkey', 'a second one');
select refused_by(
    'insert into schema_version values (false, 4, 1)', 'schema_version_singleton', 'a second one by another key');
select refused_by(
    'update schema_version set oldest_worker = 4', 'schema_version_order', 'a version that takes no worker');
select allowed(as_worker('select version, oldest_worker from schema_version'), 'the worker reads it');

-- A worker's session, of a release that says nothing, and of later ones.
create function pg_temp.older_than(version integer) returns boolean language sql as
$$ select exists (select from worker_sessions_before(version) as pid join session using (pid) where name = 'some') $$;
select open_session('some');
select ok(pg_temp.older_than(1), 'no lock: older than all that hold one');
select * from dblink('some', 'select pg_try_advisory_lock_shared(1936486260, 3)') as locked (locked boolean) \g /dev/null
select ok(pg_temp.older_than(4), 'built for 3: older than 4');
select ok(not pg_temp.older_than(3), 'not older than itself');
select refused_by(as_worker('select worker_sessions_before(3)'), 'permission denied for function worker_sessions_before', 'only the owner asks');
select close_session('some');

select * from finish();
rollback;
