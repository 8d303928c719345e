-- Holds: an event belongs to a chain that exists, has one place in it, and speaks of states that its
-- kind of entity has.

begin;
select plan(28);

select run(account('doc', 'doctor'));
select run(slot('s', 'doc'));

create function pg_temp.event(
    of_entity text, entity_id uuid, new_state text, sequence bigint default 9, old_state text default null,
    hash bytea default sha256('x'), detail text default null)
returns text language sql as
$$
    select format('insert into slot_event (slot_id, sequence, event_id, entity, entity_id, old_state, new_state,
            actor_id, actor_role, command_id, occurred_at, hash, detail)
            values (%L, %s, gen_random_uuid(), %L, %L, %L, %L, %L, ''doctor'', gen_random_uuid(), now(), %L, %L)',
        id('s'), sequence, of_entity, entity_id, old_state, new_state, id('doc'), hash, detail)
$$;
create function pg_temp.account_event(statement text) returns text language sql as
$$
    select replace(replace(replace(statement, 'slot_event', 'account_event'), '(slot_id', '(account_id'),
        id('s')::text, id('doc')::text)
$$;

select allowed(slot_event('s', 1), 'the first event of a slot');
select refused_by(slot_event('s', 1), 'slot_event_pkey', 'a place in the chain is taken once');
select refused_by(slot_event('s', 0), 'slot_event_sequence', 'a place before the first');
select refused_by(slot_event('none', 1), 'slot_event_slot', 'a chain of no slot');
select refused_by(pg_temp.event('slot', id('s'), 'open', hash => '\x00'), 'slot_event_hash', 'a short hash');
select refused_by(
    pg_temp.event('slot', id('s'), 'open', detail => repeat('x', 1025)), 'slot_event_detail', 'a long detail');
select allowed(pg_temp.event('slot', id('s'), 'withdrawn', 2, 'open'), 'withdrawn');
select allowed(pg_temp.event('appointment', id('a'), 'booked', 3), 'booked');
select allowed(pg_temp.event('appointment', id('a'), 'noshow', 4, 'booked'), 'a no-show');
select refused_by(
    pg_temp.event('slot', id('a'), 'open'), 'slot_event_entity', 'an event of another slot in this chain');
select refused_by(pg_temp.event('slot', id('s'), 'booked'), 'slot_event_entity', 'a state that no slot has');
select refused_by(
    pg_temp.event('slot', id('s'), 'open', 9, 'active'), 'slot_event_entity', 'an old state that no slot has');
select refused_by(
    pg_temp.event('appointment', id('a'), 'open'), 'slot_event_entity', 'a state that no appointment has');
select refused_by(
    pg_temp.event('appointment', id('a'), 'booked', 9, 'withdrawn'),
    'slot_event_entity', 'an old state that no appointment has');
select refused_by(
    pg_temp.event('account', id('doc'), 'active'), 'slot_event_entity', 'an account''s event in a slot''s chain');

select allowed(pg_temp.account_event(pg_temp.event('account', id('doc'), 'active', 1)), 'the first event of an account');
select refused_by(
    pg_temp.account_event(pg_temp.event('account', id('doc'), 'active', 1)),
    'account_event_pkey', 'a place in the chain is taken once');
select refused_by(
    pg_temp.account_event(pg_temp.event('account', id('doc'), 'active', 0)),
    'account_event_sequence', 'a place before the first');
select refused_by(
    replace(pg_temp.account_event(pg_temp.event('account', id('doc'), 'active')), id('doc')::text, id('none')::text),
    'account_event_account', 'a chain of no account');
select refused_by(
    pg_temp.account_event(pg_temp.event('account', id('doc'), 'active', hash => '\x00')),
    'account_event_hash', 'a short hash');
select refused_by(
    pg_temp.account_event(pg_temp.event('account', id('doc'), 'active', detail => repeat('x', 1025))),
    'account_event_detail', 'a long detail');
select refused_by(
    pg_temp.account_event(pg_temp.event('account', id('a'), 'active')),
    'account_event_entity', 'an event of another account in this chain');
select refused_by(
    pg_temp.account_event(pg_temp.event('slot', id('doc'), 'open')),
    'account_event_entity', 'a slot''s event in an account''s chain');

-- What waits for publication, and what a purge leaves.
select refused_by(
    'insert into pending_event (account_id, event_id, event_schema, event)
        values (md5(''none'')::uuid, gen_random_uuid(), 1, ''\x00'')',
    'pending_event_account', 'a pending event of no account');
select refused_by(
    'insert into purged_slot values (gen_random_uuid(), 0, sha256(''x''), gen_random_uuid())',
    'purged_slot_head_sequence', 'a purged chain without an event');
select refused_by(
    'insert into purged_slot values (gen_random_uuid(), 1, ''\x00'', gen_random_uuid())',
    'purged_slot_head_hash', 'a short hash');
create function pg_temp.pending(place integer) returns text language sql as
$$
    select format('insert into pending_event (position, account_id, event_id, event_schema, event)
            overriding system value values (%s, %L, gen_random_uuid(), 1, %L)', place, id('doc'), 'x')
$$;
select allowed(pg_temp.pending(7), 'a pending event');
select refused_by(pg_temp.pending(7), 'pending_event_pkey', 'a place among them is taken once');

select * from finish();
rollback;
