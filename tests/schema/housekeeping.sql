-- Holds: the functions that take rows out of the log take only what is published, only what they
-- are for, and no more at a time than asked; the worker may call them.

begin;
select plan(26);

create function pg_temp.offsets() returns bigint[] language sql as
$$ select array_agg(record_offset order by record_offset) from command_log where topic = 't' and partition = 0 $$;

-- A partition without a row of progress: nothing is known to be published.
select run(log_row(n)) from generate_series(1, 9) as n where n % 2 = 1;
select run(log_row(n, 'command' || n, now() - interval '8 days')) from generate_series(1, 9) as n where n % 2 = 0;
select is(forget_answers('t', 0, 100, 100), 0, 'no progress: no answer goes');
select is(expire_log('1 hour', 100), 0, 'no progress: nothing expires');

-- 7 of 10 are published. Odd offsets are passing answers, even ones can be recalled.
select run(progress(0, 7, 10));
select throws_ok('select forget_answers(''t'', 0, 100, 0)', '22023', null, 'row_max of 0');
select throws_ok('select forget_answers(''t'', 0, 100, null)', '22023', null, 'row_max of null');
select throws_ok('select expire_log(''1 hour'', 10001)', '22023', null, 'row_max of 10001');
select throws_ok('select expire_log(''0'', 100)', '22023', null, 'no retention');
select throws_ok('select expire_log(null, 100)', '22023', null, 'a retention of null');

select is(forget_answers('u', 0, 100, 100), 0, 'another topic');
select is(forget_answers('t', 1, 100, 100), 0, 'another partition');
select is(forget_answers('t', 0, 100, 1), 1, 'one of them');
select is(pg_temp.offsets(), '{2,3,4,5,6,7,8,9}', 'the oldest');
select is(forget_answers('t', 0, 5, 100), 1, 'below 5');
select is(pg_temp.offsets(), '{2,4,5,6,7,8,9}', 'it was 3');
select allowed(as_worker('select forget_answers(''t'', 0, 100, 100)'), 'the worker calls it');
select is(pg_temp.offsets(), '{2,4,6,7,8,9}', '7 and 9 are not published');

select is(expire_log('30 days', 100), 0, 'younger than the retention');
select is(expire_log('7 days', 2), 2, 'two at a time');
select is(pg_temp.offsets(), '{6,7,8,9}', 'from the old end');
select run('update partition_progress set published_offset = 10');
select run(log_row(0, 'young'));
select is(expire_log('7 days', 100), 0, 'not past a young one');
select run('delete from command_log where record_offset = 0') from set_config('session_replication_role', 'replica', true);
select set_config('session_replication_role', 'origin', true) \g /dev/null
select allowed(as_worker('select expire_log(''7 days'', 100)'), 'the worker calls it');
select is(pg_temp.offsets(), '{7,8,9}', 'up to the first young one');
select is(current_setting('slotkeeper.housekeeping'), 'off', 'the switch is off again');

-- While partition 2 always has something to expire, partition 3 has its turn, too: in about 60 of 120 calls.
select run(progress(of_partition, 200, 200)) from unnest('{2,3}'::integer[]) as of_partition;
select run(replace(log_row(n, of_partition || '-' || n, now() - interval '9 days'), '''t'', 0', '''t'', ' || of_partition))
from generate_series(1, 130) as n, unnest('{2,3}'::integer[]) as of_partition;
select is(sum(expire_log('7 days', 1)), 120::bigint, 'one at a time') from generate_series(1, 120);
select ok(count(*) between 30 and 110, 'no partition waits behind another')
from command_log where topic = 't' and partition = 3;

-- What stays beside them is not read, even before the table was ever analysed; under the settings of a worker's session.
set local plan_cache_mode = force_generic_plan;
set local enable_seqscan = off;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
discard plans;
select run(progress(4, 1000, 1000));
select run(replace(log_row(n, '4-' || n), '''t'', 0', '''t'', 4')) from generate_series(1, 500) as n;
select run(replace(log_row(n), '''t'', 0', '''t'', 4')) from generate_series(501, 510) as n;
select idx_tup_fetch as fetched from pg_stat_xact_user_tables where relid = 'command_log'::regclass \gset
select is(forget_answers('t', 4, 1000, 100), 10, 'those that pass');
select cmp_ok(idx_tup_fetch - :fetched, '<=', 20::bigint, 'and no other row is read')
from pg_stat_xact_user_tables where relid = 'command_log'::regclass;

select * from finish();
rollback;
