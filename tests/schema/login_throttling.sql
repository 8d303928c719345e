-- Holds: what throttles log-ins has keys of 32 bytes, one row a login, a record and a device; an
-- attacked row stays out of the indexes; what a log-in asks for is found by an index.

begin;
select plan(25);

select run(account('ann'));

select allowed(throttle('login', 0), 'a login without a failure');
select refused_by(throttle('login'), 'login_throttle_pkey', 'a login has one row');
select refused_by(throttle('x', -1), 'login_throttle_failures', 'fewer failures than none');
select refused_by(
    replace(throttle('x'), quote_literal(key('x')), '''\x00'''), 'login_throttle_login_key', 'a short login key');
select refused_by(
    replace(throttle('x'), quote_literal(key('x')), quote_literal(key('x') || '\x00'::bytea)),
    'login_throttle_login_key', 'a long login key');

select allowed(attempt(1, 'login'), 'an attempt');
select refused_by(attempt(1, 'login'), 'login_attempt_pkey', 'an attempt is counted once');
select allowed(attempt(2, 'login'), 'another one at the same login');
select refused_by(attempt(-1, 'login'), 'login_attempt_place', 'an offset below 0');
select refused_by(replace(attempt(3, 'x'), '''t'', 0', '''t'', -1'), 'login_attempt_place', 'a partition below 0');
select refused_by(
    replace(attempt(3, 'x'), quote_literal(key('x')), '''\x00'''), 'login_attempt_login_key', 'a short login key');

select allowed(device('phone', 'ann'), 'a device');
select refused_by(device('phone', 'ann'), 'login_device_pkey', 'a device is remembered once');
select refused_by(device('phone', 'nobody'), 'login_device_account', 'a device of nobody');
select refused_by(
    replace(device('x', 'ann'), quote_literal(key('x')), '''\x00'''), 'login_device_device_key', 'a short device key');

-- The generated columns: failures by powers of 2, times by the minute.
select run(throttle('m' || n, (2::bigint ^ n - 1)::integer)) from generate_series(0, 31) as n;
select run(throttle('p' || n, (2::bigint ^ n)::integer)) from generate_series(0, 30) as n;
select run(throttle('early', 1, at('10:07')));
select run(throttle('late', 1, at('10:07:59.999999')));
select results_eq(
    $$select failures, magnitude::integer from login_throttle where login_key in (
            select key('m' || n) from generate_series(0, 31) as n) order by failures$$,
    $$select (2::bigint ^ n - 1)::integer, n from generate_series(0, 31) as n$$,
    'a magnitude ends below a power of 2');
select results_eq(
    $$select failures, magnitude::integer from login_throttle where login_key in (
            select key('p' || n) from generate_series(0, 30) as n) order by failures$$,
    $$select (2::bigint ^ n)::integer, n + 1 from generate_series(0, 30) as n$$,
    'and begins with one');
select results_eq(
    $$select distinct attempt_minute from login_throttle where login_key in (key('early'), key('late'))$$,
    $$values (at('10:07'))$$,
    'a minute is one whatever the second');

-- An attack: updates of one row that stay on its page and out of the indexes.
create temporary view hot as
select pg_stat_get_xact_tuples_updated(oid) as updates, pg_stat_get_xact_tuples_hot_updated(oid) as hot
from pg_class where oid = 'slotkeeper.login_throttle'::regclass;
create temporary table before as select * from hot;
create procedure pg_temp.attack() language plpgsql as
$$
begin
    for n in 65..80 loop
        update login_throttle set failures = n, last_attempt_at = at('12:00') + n * interval '0.5 s',
            blocked_until = at('13:00') + n * interval '1 s'
        where login_key = key('attacked');
    end loop;
end
$$;
select run(throttle('attacked', 64, at('12:00:30')));
call pg_temp.attack();
select is(hot.updates - before.updates, 16::bigint, '(16 failures at one login)') from hot, before;
select is(hot.hot - before.hot, hot.updates - before.updates, 'none of which reaches an index') from hot, before;
select results_eq(
    $$select fillfactor from (select option_value::integer as fillfactor from pg_class, pg_options_to_table(reloptions)
        where oid = 'slotkeeper.login_throttle'::regclass and option_name = 'fillfactor') as chosen
        where fillfactor < 90$$,
    'values (70)', 'a page leaves room for it');

-- What reads by an index.
set local enable_seqscan = off;
create function pg_temp.plan_of(statement text) returns text language plpgsql as
$$
declare
    line text;
    lines text := '';
begin
    for line in execute 'explain (costs off) ' || statement loop
        lines := lines || line || E'\n';
    end loop;
    return lines;
end
$$;
select matches(
    pg_temp.plan_of('select count(*) from account where role = ''admin'' and state = ''active'''),
    'using account_active_admin', 'the active admins');
select matches(
    pg_temp.plan_of('select account_id from account where closing_at is not null'),
    'account_closing', 'who is closing');
select matches(
    pg_temp.plan_of('select login_key from login_throttle order by magnitude, attempt_minute limit 10'),
    'using login_throttle_forgettable', 'the least missed logins');
select matches(
    pg_temp.plan_of('select login_key from login_throttle
        where magnitude = any (''{0,1,2}''::smallint[]) and attempt_minute < now()'),
    'login_throttle_forgettable.*Index Cond: .*magnitude.*attempt_minute', 'the idle ones');

select * from finish();
rollback;
