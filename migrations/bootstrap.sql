-- What a superuser runs once before the first `sqitch deploy`, and again after changing a password:
--   psql -v database=NAME -v owner_password=... -v worker_password=... -f bootstrap.sql
-- The database exists and belongs to slotkeeper_owner, or is given to it afterwards with
-- ALTER DATABASE ... OWNER TO slotkeeper_owner. A password that is not given stays as it is.
-- Settings take effect for sessions that start later.

\set ON_ERROR_STOP on
\if :{?database}
\else
select current_database() as database \gset
\endif

begin;

-- One at a time: roles belong to the whole cluster.
select pg_advisory_xact_lock(hashtextextended('slotkeeper.bootstrap', 0)) \g /dev/null

select format('create role %I', name) as statement
from unnest(array['slotkeeper_owner', 'slotkeeper_worker']) as name
where not exists (select from pg_roles where rolname = name) \gexec

alter role slotkeeper_owner with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role slotkeeper_worker with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;

\if :{?owner_password}
-- The statements with passwords stay out of the server's log.
set local log_statement = 'none';
set local log_min_duration_statement = -1;
set local log_min_error_statement = 'panic';
alter role slotkeeper_owner with password :'owner_password';
\endif
\if :{?worker_password}
set local log_statement = 'none';
set local log_min_duration_statement = -1;
set local log_min_error_statement = 'panic';
alter role slotkeeper_worker with password :'worker_password';
\endif

alter role slotkeeper_owner in database :"database" set search_path = slotkeeper;
alter role slotkeeper_worker in database :"database" set search_path = slotkeeper;
-- Errors of class 23 quote the row in their detail: keep it out of the server's log.
alter role slotkeeper_owner in database :"database" set log_error_verbosity = terse;
alter role slotkeeper_worker in database :"database" set log_error_verbosity = terse;
alter role slotkeeper_worker in database :"database" set deadlock_timeout = '100ms';

revoke all on database :"database" from public;
grant connect on database :"database" to slotkeeper_owner, slotkeeper_worker;

commit;
