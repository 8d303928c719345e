-- Holds: the roles have exactly these privileges, nobody has one more. A grant that is missing here
-- or there fails.

begin;
select plan(11);

-- Every privilege on the schema's own objects, of everybody but their owner. What was never granted
-- or revoked shows as PostgreSQL's default.
create temporary view granted as
with object (kind, name, acl, owner) as (
    select 'schema', nspname, coalesce(nspacl, acldefault('n', nspowner)), nspowner
    from pg_namespace
    where nspname = 'slotkeeper'
    union all
    select 'relation', relname, coalesce(relacl, acldefault((case relkind when 'S' then 's' else 'r' end)::"char", relowner)), relowner
    from pg_class
    where relnamespace = 'slotkeeper'::regnamespace and relkind not in ('i', 'c')
    union all
    select 'column', relname || '.' || attname, attacl, relowner
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'slotkeeper'::regnamespace and attacl is not null
    union all
    select 'function', proname, coalesce(proacl, acldefault('f', proowner)), proowner
    from pg_proc
    where pronamespace = 'slotkeeper'::regnamespace
        and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
)
select case grantee when 0 then 'public' else pg_get_userbyid(grantee)::text end collate "default" as grantee,
    kind, name::text collate "default" as name, privilege_type as privilege
from object, aclexplode(acl)
where grantee <> owner;

create temporary view granted_columns as
select split_part(name, '.', 1) || ': ' || privilege as what,
    string_agg(split_part(name, '.', 2), ' ' order by split_part(name, '.', 2)) as columns
from granted
where kind = 'column'
group by 1;

select is_empty(
    'select * from granted where grantee <> ''slotkeeper_worker''', 'nobody but the worker was granted anything');
select is_empty(
    'select * from pg_default_acl, aclexplode(defaclacl) where grantee <> defaclrole',
    'and nobody gets anything by default');

select results_eq(
    $$select kind || ' ' || name, string_agg(privilege, ' ' order by privilege) from granted
        where kind <> 'column' group by kind, name order by kind collate "C", name collate "C"$$,
    $$values
        ('function expire_log', 'EXECUTE'),
        ('function find_purgeable', 'EXECUTE'),
        ('function forget_answers', 'EXECUTE'),
        ('function forget_log_ins', 'EXECUTE'),
        ('function purge_slots', 'EXECUTE'),
        ('relation account_event', 'INSERT SELECT'),
        ('relation appointment', 'SELECT'),
        ('relation command_log', 'INSERT SELECT'),
        ('relation login_attempt', 'DELETE INSERT SELECT'),
        ('relation login_device', 'DELETE INSERT SELECT'),
        ('relation login_throttle', 'DELETE SELECT'),
        ('relation partition_progress', 'INSERT SELECT'),
        ('relation pending_event', 'DELETE SELECT'),
        ('relation purged_slot', 'SELECT'),
        ('relation schema_version', 'SELECT'),
        ('relation slot', 'SELECT'),
        ('relation slot_event', 'INSERT SELECT'),
        ('schema slotkeeper', 'USAGE')$$,
    'the worker: whole objects');

select results_eq(
    'select what, columns from granted_columns order by what collate "C"',
    $$values
        ('account: INSERT', 'account_id created_at login password_hash role'),
        ('account: SELECT',
            'account_id active closing_at created_at credential_version deactivated_at erased_at login '
            || 'password_hash role state token_version tokens_valid_from'),
        ('account: UPDATE',
            'closing_at credential_version deactivated_at erased_at login password_hash state token_version '
            || 'tokens_valid_from'),
        ('appointment: INSERT',
            'appointment_id booked_at cancel_reason doctor_id during ended_at patient_id rescheduled_from seat '
            || 'slot_id state'),
        ('appointment: UPDATE', 'cancel_reason ended_at seat state'),
        ('login_device: UPDATE', 'last_used_at'),
        ('login_throttle: INSERT', 'blocked_until failures last_attempt_at login_key'),
        ('login_throttle: UPDATE', 'blocked_until failures last_attempt_at'),
        ('partition_progress: UPDATE',
            'backend_pid backend_start cluster_id generation last_append_time last_hash last_offset next_offset '
            || 'owner published_offset taken_at to_fence transactional_id'),
        ('slot: INSERT', 'doctor_id during published_at slot_id withdrawal_reason withdrawn_at'),
        ('slot: UPDATE', 'withdrawal_reason withdrawn_at')$$,
    'the worker: columns');

-- The roles themselves.
select is_empty(
    $$select rolname from pg_roles
        where rolname like 'slotkeeper%'
            and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls or not rolcanlogin)$$,
    'both roles may log in and nothing else');
select is_empty(
    $$select * from pg_auth_members
        where member in ('slotkeeper_owner'::regrole, 'slotkeeper_worker'::regrole)
            or roleid in ('slotkeeper_owner'::regrole, 'slotkeeper_worker'::regrole)$$,
    'neither is a member of another role, nor another of them');
select is_empty(
    $$select classid::regclass, objid from pg_shdepend
        where deptype = 'o' and refobjid = 'slotkeeper_worker'::regrole$$,
    'the worker owns nothing');
select is_empty(
    $$select relname from pg_class
        where relnamespace = 'slotkeeper'::regnamespace and relowner <> 'slotkeeper_owner'::regrole$$,
    'the owner owns the tables');
select results_eq(
    $$select case grantee when 0 then 'public' else pg_get_userbyid(grantee)::text end collate "default", privilege_type
        from pg_database, aclexplode(datacl)
        where datname = current_database() and grantee <> datdba order by 1, 2$$,
    $$values ('slotkeeper_worker', 'CONNECT')$$,
    'the database lets in only its owner and the worker');
select results_eq(
    $$select setting collate "default" from pg_db_role_setting, unnest(setconfig) as setting
        where setrole = 'slotkeeper_worker'::regrole
            and setdatabase = (select oid from pg_database where datname = current_database())
        order by setting$$,
    $$values ('deadlock_timeout=100ms'), ('log_error_verbosity=terse'), ('search_path=slotkeeper')$$,
    'the worker''s settings');
select is_empty(
    $$select proname from pg_proc
        where pronamespace = 'slotkeeper'::regnamespace and prosecdef
            and proconfig is distinct from array['search_path=pg_catalog, slotkeeper, pg_temp']$$,
    'functions that run as the owner look nowhere else');

select * from finish();
rollback;
