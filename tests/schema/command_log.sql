-- Holds: one row a request record; a caller's command_id is decided once; what is published never
-- passes what was consumed.

begin;
select plan(27);

create function pg_temp.with_column(column_name text, value text) returns text language sql as
$$ select replace(replace(log_row(50), 'route)', 'route, ' || column_name || ')'), '''\x00'')', '''\x00'', ' || value || ')') $$;

select allowed(log_row(1, 'first'), 'a recallable answer');
select refused_by(log_row(1), 'command_log_pkey', 'a record is answered once');
select refused_by(log_row(2, 'first'), 'command_log_recall', 'a caller''s command_id is decided once');
select allowed(log_row(3), 'an answer that is not tied to a command_id');
select allowed(
    replace(log_row(4, 'first'), id('caller')::text, id('stranger')::text), 'another caller, the same command_id');
select allowed(
    replace(log_row(5), 'NULL, ''\x', quote_literal(id('first')) || ', ''\x'),
    'a repeat, answered from the log');

select refused_by(
    replace(log_row(6, 'x'), quote_literal(id('caller')), 'null'), 'command_log_recallable', 'without a caller');
select refused_by(
    replace(log_row(6, 'x'), quote_literal(id('x')), 'null'), 'command_log_recallable', 'without a command_id');
select refused_by(
    replace(log_row(6, 'x'), quote_literal(sha256('x')), 'null'),
    'command_log_recallable', 'without a content hash');
select refused_by(
    replace(log_row(6), quote_literal(sha256('x')), '''\x00'''),
    'command_log_content_hash', 'a short content hash');
select refused_by(log_row(-1), 'command_log_place', 'an offset below 0');
select refused_by(replace(log_row(6), '''t'', 0', '''t'', -1'), 'command_log_place', 'a partition below 0');
select refused_by(
    pg_temp.with_column('events', '''\x00'''), 'command_log_event_schema', 'events without their schema');
select refused_by(
    pg_temp.with_column('event_schema', '7'), 'command_log_event_schema', 'a schema without events');
select allowed(
    replace(replace(pg_temp.with_column('events', '''\x00'', 7'), 'route, events', 'route, events, event_schema'),
        '0, 50,', '0, 51,'),
    'events with their schema');
select refused_by(
    replace(log_row(6), ', 3, 1, ', ', null, 1, '), 'command_log_worker_version', 'a release that does not say which it is');
select allowed(
    pg_temp.with_column('dead_letter', '''\x00'''), 'an unreadable record with what it said');
select refused_by(
    replace(pg_temp.with_column('dead_letter', '''\x00'''),
        format('NULL, %L, ''f''', sha256('x')), format('%L, %L, ''t''', id('c'), sha256('x'))),
    'command_log_recallable', 'an unreadable record that can be recalled');

select allowed(progress(0, 3, 5), 'consumed further than published');
select refused_by(progress(0, 3, 5), 'partition_progress_pkey', 'a partition has one row');
select refused_by(progress(1, 6, 5), 'partition_progress_offsets', 'published further than consumed');
select refused_by(progress(1, -1, 5), 'partition_progress_offsets', 'published below 0');
select refused_by(progress(-1, 3, 5), 'partition_progress_place', 'a partition below 0');
select refused_by(
    'update partition_progress set last_offset = 4', 'partition_progress_last_record', 'half a last record');
select refused_by(
    'update partition_progress set last_offset = 4, last_append_time = now(), last_hash = ''\x00''',
    'partition_progress_last_hash', 'a short hash');
select allowed('update partition_progress set settled_below = 0, tokens_valid_from = now()', 'a loss was accepted');
select refused_by(
    'update partition_progress set settled_below = -1', 'partition_progress_settled_below', 'settled below -1');

select * from finish();
rollback;
