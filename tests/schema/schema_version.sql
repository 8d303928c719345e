-- Holds: there is one version of the schema, and a worker can read which workers it takes.

begin;
select plan(5);

select results_eq(
    'select version, oldest_worker from schema_version', 'values (3, 1)', 'the version of the last step');
select refused_by(
    'insert into schema_version (version, oldest_worker) values (4, 1)', 'schema_version_pkey', 'a second one');
select refused_by(
    'insert into schema_version values (false, 4, 1)', 'schema_version_singleton', 'a second one by another key');
select refused_by(
    'update schema_version set oldest_worker = 4', 'schema_version_order', 'a version that takes no worker');
select allowed(as_worker('select version, oldest_worker from schema_version'), 'the worker reads it');

select * from finish();
rollback;
