-- What the bookings meet: doctors, patients, and slots that were published one half hour after the other for all
-- doctors. Run by the owner's role with psql -v run=... -v doctors=... -v patients=... -v slots=... [-v slots_from_ms=...].
-- The same ids as in plan.c. The slots' events carry a digest that is no chain's: nothing here verifies it.
\set ON_ERROR_STOP on
set search_path = slotkeeper, pg_catalog;
set synchronous_commit = off;
\if :{?slots_from_ms}
\else
\set slots_from_ms 0
\endif

create function pg_temp.id(kind text, number bigint) returns uuid immutable language sql
    return md5(:'run' || '.' || kind || '.' || number)::uuid;

create function pg_temp.slot_id(number bigint) returns uuid immutable language sql
    return case when :slots_from_ms = 0 then pg_temp.id('slot', number)
        else overlay(overlay(overlay(replace(pg_temp.id('slot', number)::text, '-', '')
            placing lpad(to_hex(:slots_from_ms + number), 12, '0') from 1) placing '7' from 13) placing '8' from 17)::uuid end;

insert into account (account_id, role, login, password_hash, created_at)
select pg_temp.id(kind, number), role, :'run' || '.' || kind || '.' || number, repeat('x', 97), now()
from (
    select 'doctor' as kind, 'doctor'::account_role as role, generate_series(0, :doctors - 1) as number
    union all
    select 'patient', 'patient', generate_series(0, :patients - 1)
) made;

insert into slot (slot_id, doctor_id, during, published_at)
select pg_temp.slot_id(number), pg_temp.id('doctor', number % :doctors),
    tstzrange(began.at + number / :doctors * interval '30 min', began.at + (number / :doctors + 1) * interval '30 min'),
    now()
from generate_series(0, :slots - 1) number, (select date_trunc('day', now()) + interval '2 days' as at) began;

insert into slot_event (slot_id, sequence, event_id, entity, entity_id, new_state, actor_id, actor_role, command_id,
    occurred_at, hash)
select slot_id, 1, md5('event' || slot_id)::uuid, 'slot', slot_id, 'open', doctor_id, 'doctor',
    md5('command' || slot_id)::uuid, published_at, sha256(slot_id::text::bytea)
from slot join generate_series(0, :slots - 1) number on slot_id = pg_temp.slot_id(number);

analyze account, slot, slot_event, appointment, command_log;
