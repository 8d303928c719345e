-- Holds: a purge takes only whole slots that are over and hold nothing booked, only what an admin's
-- event names by count and digest, and leaves their ids and where their chains ended; the worker can
-- call it, and cannot have anything else deleted by it.

begin;
select plan(39);

select run(account('doc', 'doctor'));
select run(account('root', 'admin'));
select run(account('pat'));
-- Over: one without an appointment, one with a cancelled and a fulfilled one, one still booked, one
-- without a chain, one withdrawn. To come: one.
select run(slot('empty', 'doc', '-90000:00', '-89999:00'));
select run(slot('used', 'doc', '-89999:00', '-89998:00'));
select run(slot('booked', 'doc', '-89998:00', '-89997:00'));
select run(slot('chainless', 'doc', '-89997:00', '-89996:00'));
select run(slot('withdrawn', 'doc', '-89996:00', '-89995:00'));
select run(slot('coming', 'doc', '10:00', '10:30'));
select run(withdraw('withdrawn'));
select run(book('a-cancelled', 'used', 'pat'));
select run(conclude('a-cancelled', 'cancelled'));
select run(book('a-fulfilled', 'used', 'pat'));
select run(conclude('a-fulfilled', 'fulfilled'));
select run(book('a-booked', 'booked', 'pat'));
select run(slot_event(name, n)) from unnest(array['empty', 'booked', 'withdrawn', 'coming', 'used']) as name,
    generate_series(1, 3) as n where n = 1 or name = 'used';

create function pg_temp.ids(variadic names text[]) returns uuid[] language sql as
$$ select array_agg(id(name) order by id(name)) from unnest(names) as name $$;
create function pg_temp.detail(slots bigint, appointments bigint, events bigint, heads bytea, before timestamptz)
returns text language sql as
$$
    select format('before=%s slots=%s appointments=%s events=%s heads=%s',
        (extract(epoch from before) * 1000000)::bigint, slots, appointments, events, encode(heads, 'hex'))
$$;
-- The event of a purge, as the worker writes it.
create function pg_temp.note(sequence bigint, detail text, actor text default 'root', role text default 'admin',
    reason text default 'purged')
returns text language sql as
$$
    select format('insert into account_event (account_id, sequence, event_id, entity, entity_id, old_state,
            new_state, actor_id, actor_role, command_id, reason, detail, occurred_at, hash)
            values (%1$L, %2$s, %3$L, ''account'', %1$L, ''active'', ''active'', %4$L, %5$L, %6$L, %7$L, %8$L, %9$L, %10$L)',
        id('root'), sequence, id('event' || sequence), id(actor), role, id('command'), reason, detail, now(), sha256('x'))
$$;
create function pg_temp.purge(ids uuid[], sequence bigint, before timestamptz, admin text default 'root')
returns text language sql as
$$ select format('select purge_slots(%L, %L, %L, %s)', ids, before, id(admin), sequence) $$;
create temporary table moments as select now() - interval '1 hour' as before;
grant select on moments to public;

-- Finding.
select throws_ok('select find_purgeable(now(), 0)', '22023', 'slots_max is 1 to 10000', 'no slots');
select throws_ok('select find_purgeable(now(), 10001)', '22023', 'slots_max is 1 to 10000', '10001 slots');
select throws_ok('select find_purgeable(now(), null)', '22023', 'slots_max is 1 to 10000', 'null slots');
select allowed(as_worker('select find_purgeable(now(), 1)'), 'the worker calls it');
create temporary table found as select * from moments, find_purgeable(before, 100);
select is(slot_ids, pg_temp.ids('empty', 'used', 'withdrawn'), 'over, nothing booked, and with a chain') from found;
select is(array[appointments, events], array[2, 5]::bigint[], 'what hangs on them') from found;
select is(more, false, 'no more') from found;
select is(heads, sha256(string_agg(uuid_send(slot_id) || int8send(sequence) || hash, '' order by slot_id)),
    'the digest is over ids, lengths and heads, by id')
from found, slot_event
where slot_id = any (slot_ids) and (sequence = 3 or slot_id <> id('used'))
group by heads;
select is((slot_ids, appointments, events, more)::text, (pg_temp.ids('empty'), 0, 1, true)::text, 'the one that ended first')
from moments, find_purgeable(before, 1);
select is((slot_ids, more)::text, (pg_temp.ids('empty'), false)::text, 'before a moment')
from find_purgeable(at('-89998:30'), 100);
select is((slot_ids, more)::text, ('{}'::uuid[], false)::text, 'an end at that moment is not before it')
from find_purgeable(at('-89999:00'), 100);
select is((slot_ids, appointments, events, more)::text, ('{}'::uuid[], 0, 0, false)::text, 'nothing')
from find_purgeable(at('-99999:00'), 100);

-- Refused: no event that says just this.
create temporary table wanted as
select before, slot_ids, pg_temp.detail(3, appointments, events, heads, before) as detail,
    pg_temp.detail(3, appointments, events, sha256('other'), before) as other_heads,
    pg_temp.detail(3, appointments + 1, events, heads, before) as other_count
from found;
select run(pg_temp.note(1, other_heads)) from wanted;
select run(pg_temp.note(2, other_count)) from wanted;
select run(pg_temp.note(3, detail, 'pat')) from wanted;
select run(pg_temp.note(4, detail, 'root', 'doctor')) from wanted;
select run(pg_temp.note(5, detail, 'root', 'admin', 'password_changed')) from wanted;
select run(pg_temp.note(6, null)) from wanted;
select run(pg_temp.note(7, detail)) from wanted;
select throws_ok(as_worker(pg_temp.purge(slot_ids, n, before)), '40001',
    'no event of an admin says what is to be purged', 'event ' || n)
from wanted, generate_series(1, 6) as n;
select throws_ok(as_worker(pg_temp.purge(slot_ids, 8, before)), '40001', null, 'an event that is not there') from wanted;
select throws_ok(as_worker(pg_temp.purge(slot_ids, 7, before, 'pat')), '40001', null, 'another account''s') from wanted;
select throws_ok(as_worker(pg_temp.purge(slot_ids, 7, before - interval '1 s')), '40001', null, 'another moment') from wanted;
select throws_ok(as_worker(pg_temp.purge(pg_temp.ids('empty', 'used'), 7, before)), '40001', null, 'fewer') from wanted;
select throws_ok(as_worker(pg_temp.purge(pg_temp.ids('empty', 'used', 'coming'), 7, before)), '40001', null, 'others') from wanted;
select throws_ok(as_worker(pg_temp.purge(slot_ids, 7, now() + interval '1 hour')), '22023', null, 'a moment to come') from wanted;
select throws_ok(as_worker(pg_temp.purge(slot_ids, 7, null)), '22023', null, 'no moment') from wanted;
select throws_ok(as_worker(pg_temp.purge(slot_ids, 7, '-infinity')), '22023', null, 'before all time') from wanted;
select throws_ok(as_worker(pg_temp.purge(null, 7, before)), '22023', null, 'no slots') from wanted;
select throws_ok(as_worker(pg_temp.purge(array_fill(id('empty'), array[10001]), 7, before)), '22023', null, '10001 slots') from wanted;

-- Refused: an event that tells the truth of slots that must stay.
create function pg_temp.truth(name text, before timestamptz) returns text language sql as
$$
    select pg_temp.detail(1, (select count(*) from appointment where slot_id = id(name)), 1,
        sha256(uuid_send(slot_id) || int8send(1) || hash), before)
    from slot_event where slot_id = id(name)
$$;
select run(pg_temp.note(9, pg_temp.truth('booked', before))) from wanted;
select run(pg_temp.note(10, pg_temp.truth('coming', before))) from wanted;
select throws_ok(as_worker(pg_temp.purge(pg_temp.ids('booked'), 9, before)), '40001',
    'not all of the slots are there, over, and free', 'one still booked') from wanted;
select throws_ok(as_worker(pg_temp.purge(pg_temp.ids('coming'), 10, before)), '40001',
    'not all of the slots are there, over, and free', 'one to come') from wanted;
select is(count(*), 6::bigint, 'nothing has gone') from slot;

-- Done.
select allowed(as_worker(pg_temp.purge(slot_ids, 7, before)), 'what the event says goes') from wanted;
select results_eq(
    'select slot_id from slot order by 1', 'select unnest(pg_temp.ids(''booked'', ''chainless'', ''coming''))', 'whole slots');
select is_empty('select from slot_event where slot_id not in (select slot_id from slot)', 'with their chains');
select results_eq('select appointment_id from appointment', 'select id(''a-booked'')', 'and their appointments');
select results_eq(
    'select slot_id, head_sequence, head_hash, event_id, head_command_id is not null from purged_slot order by 1',
    $$select slot_id, case slot_id when id('used') then 3 else 1 end::bigint, sha256('x'), id('event7'), true
        from wanted, unnest(slot_ids) as slot_id order by 1$$,
    'their ids and heads stay');
select is(current_setting('slotkeeper.housekeeping'), 'off', 'the switch is off again');
select refused_by(slot('used', 'doc', '12:00', '12:30'), 'slot_not_purged', 'no slot has such an id again');
select throws_ok(as_worker(pg_temp.purge(slot_ids, 7, before)), '40001', null, 'the same again finds nothing') from wanted;

select * from finish();
rollback;
