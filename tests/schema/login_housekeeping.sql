-- Holds: forget_log_ins takes what is over, and of too many logins the least missed ones, and no more
-- at a time than asked; the worker may call it. (races.sql has two calls at once.)

begin;
select plan(30);

create function pg_temp.logins() returns text[] language sql as
$$
    select coalesce(array_agg(name order by name), '{}')
    from unnest(string_to_array('blocked busy dawn dusk free idle1 idle2 idle3 many old1 old2 tried young1 young2', ' '))
        as name
    where exists (select from login_throttle where login_key = key(name))
$$;

select throws_ok('select forget_log_ins(''1 day'', 0, 10)', '22023', 'row_max is 1 to 10000', 'row_max of 0');
select throws_ok('select forget_log_ins(''1 day'', 10001, 10)', '22023', 'row_max is 1 to 10000', 'row_max of 10001');
select throws_ok('select forget_log_ins(''1 day'', null, 10)', '22023', 'row_max is 1 to 10000', 'row_max of null');
select throws_ok(
    'select forget_log_ins(''1 day'', 10, 0)', '22023', 'rows_kept_max is 1 to 10000000', 'keeping none');
select throws_ok(
    'select forget_log_ins(''1 day'', 10, 10000001)', '22023', 'rows_kept_max is 1 to 10000000', 'keeping 10000001');
select throws_ok(
    'select forget_log_ins(''1 day'', 10, null)', '22023', 'rows_kept_max is 1 to 10000000', 'keeping null');
select throws_ok('select forget_log_ins(''0'', 10, 10)', '22023', 'idle is longer than nothing', 'an idle of 0');
select throws_ok('select forget_log_ins(null, 10, 10)', '22023', 'idle is longer than nothing', 'an idle of null');

select is(forget_log_ins('1 day', 10000, 10000000), 0, 'nothing there');

-- A table that cannot hold too many rows is not read for their number, and who is not idle is not
-- read either: whatever is asked, an index answers it. (Of so few rows a plan would read all.)
set local enable_seqscan = off;
discard plans;
create temporary view rows_read as select sum(pg_stat_get_xact_tuples_returned(oid)) as count
from (
    select 'login_throttle'::regclass as oid
    union all
    select indexrelid from pg_index where indrelid = 'login_throttle'::regclass
) as places;
create temporary table before as select * from rows_read;
select run(throttle('n' || n, n % 9)) from generate_series(1, 90) as n;
select is(forget_log_ins('1 day', 100, 1000), 0, 'few rows, all tried of late');
select is(rows_read.count, before.count, 'none of them is read') from rows_read, before;
select run('delete from login_throttle');
set local enable_seqscan = on;
discard plans;

-- What is over.
select run(throttle('idle1', 0, now() - interval '25 hours'));
select run(throttle('idle2', 3, now() - interval '2 days', now() - interval '47 hours'));
select run(throttle('idle3', 2147483647, now() - interval '40 days', now() - interval '1 s'));
select run(throttle('blocked', 200, now() - interval '25 hours', now() + interval '1 hour'));
select run(throttle('tried', 3, now() - interval '23 hours'));
select run(throttle('busy', 3));
select is(forget_log_ins('50 days', 100, 100), 0, 'all younger than that');
select is(forget_log_ins('1 day', 2, 100), 2, 'two at a time');
select is(forget_log_ins('1 day', 100, 100), 1, 'and the rest');
select is(pg_temp.logins(), '{blocked,busy,tried}', 'who is blocked, and who was tried since, stays');

-- The minute is only what the index knows: the time itself decides.
create function pg_temp.minute() returns timestamptz language sql as
$$ select date_bin('1 minute', now() - interval '1 day', '2000-01-01 00:00+00') $$;
select run('delete from login_throttle');
select run(throttle('tried', 1, pg_temp.minute() + interval '59 s'));
select is(
    forget_log_ins(clock_timestamp() - pg_temp.minute() - interval '30 s', 100, 100), 0,
    'tried later in the minute');
select is(
    forget_log_ins(clock_timestamp() - pg_temp.minute() - interval '60 s', 100, 100), 1,
    'tried before the minute was over');

-- Attempts.
select run(attempt(n, 'busy', now() - interval '2 days')) from generate_series(1, 3) as n;
select run(attempt(4, 'busy'));
select is(forget_log_ins('1 day', 2, 100), 2, 'two attempts that nobody answered');
select run(throttle('idle' || n, 1, now() - interval '2 days')) from generate_series(1, 3) as n;
select is(forget_log_ins('1 day', 2, 100), 2, 'the third and a login that is over');
select is(forget_log_ins('1 day', 3, 100), 2, 'and the other two');
select results_eq('select record_offset from login_attempt', 'values (4::bigint)', 'one under way stays');

-- Too many. All tried within the day, so only their number sends them away.
select run('delete from login_throttle');
select run(throttle('old1', 1, now() - interval '3 hours'));
select run(throttle('old2', 1, now() - interval '2 hours'));
select run(throttle('young1', 1, now() - interval '2 minutes'));
select run(throttle('young2', 1));
select run(throttle('free', 0));
select run(throttle('many', 7, now() - interval '20 hours'));
select run(throttle('blocked', 200, now() - interval '23 hours', now() + interval '1 hour'));
select is(forget_log_ins('1 day', 100, 7), 0, 'as many as are kept');
select is(forget_log_ins('1 day', 100, 6), 1, 'one more');
select is(pg_temp.logins(), '{blocked,many,old1,old2,young1,young2}', 'it had no failure');
select is(forget_log_ins('1 day', 1, 4), 1, 'two more, one at a time');
select is(pg_temp.logins(), '{blocked,many,old2,young1,young2}', 'it was the oldest of the least');
select run(attempt(5, 'busy', now() - interval '2 days'));
select run(throttle('idle1', 9, now() - interval '2 days'));
select is(forget_log_ins('1 day', 3, 2), 3, 'what is over comes first, and counts');
select is(pg_temp.logins(), '{blocked,many,young1,young2}', 'one of too many went with it');
select allowed(as_worker('select forget_log_ins(''1 day'', 100, 1)'), 'the worker calls it');
select is(pg_temp.logins(), '{blocked}', 'most failures stay longest');

select * from finish();
rollback;
