-- What lists are read from: as many slots as appointments, half an hour each, beginning in two days. Run by a superuser
-- with psql -v slots=... -v busy=... -v part=... into a migrated database that holds no slots: first the part `made`, then
-- `slot`, `appointment` and `slot_event`, side by side if you like, last `end`. No constraint is left out but the foreign keys,
-- which the numbers below keep by themselves.
--
-- doctors have 1,000 slots each, but one, busy-doctor, has :busy; patients 20 appointments each, but one, busy-patient, has
-- three tenths of :busy, all over. One appointment in ten is cancelled, so that its slot is open again. One slot of the busy
-- doctor, the first, has a history of :busy events.
\set ON_ERROR_STOP on
set search_path = slotkeeper, public;
set synchronous_commit = off;
set session_replication_role = replica;
set maintenance_work_mem = '256MB';

create function pg_temp.id(kind text, number bigint) returns uuid immutable language sql
    return md5('pages.' || kind || '.' || number)::uuid;
create function pg_temp.state(number bigint) returns appointment_state immutable language sql
    return case when number % 10 = 0 then 'cancelled' when number % 10 < 6 then 'booked' when number % 10 < 9 then 'fulfilled'
        else 'noshow' end::appointment_state;

select :'part' = 'made' as is_made, :'part' = 'slot' as is_slot, :'part' = 'appointment' as is_appointment,
    :'part' = 'slot_event' as is_slot_event, :'part' = 'end' as is_end \gset
select :slots - :busy as plain, (:slots - :busy) / 1000 as doctors, (:slots - :busy) / 20 as patients,
    :busy / 20 as regulars, date_trunc('day', now()) + interval '2 days' as began \gset

\if :is_made
insert into account (account_id, role, login, password_hash, created_at)
select pg_temp.id(kind, number), role, 'pages.' || kind || '.' || number, repeat('x', 97), now()
from (
    select 'doctor' as kind, 'doctor'::account_role as role, generate_series(0, :doctors - 1) as number
    union all select 'busy-doctor', 'doctor', 0
    union all select 'patient', 'patient', generate_series(0, :patients - 1)
    union all select 'regular', 'patient', generate_series(0, :regulars - 1)
    union all select 'busy-patient', 'patient', 0
) made;

-- The busy doctor's slots carry the numbers behind the others'.
create unlogged table made as
select number, pg_temp.id('slot', number) as slot_id,
    case when number < :plain then pg_temp.id('doctor', number % :doctors) else pg_temp.id('busy-doctor', 0) end as doctor_id,
    case when number < :plain then pg_temp.id('patient', number % :patients)
        when number % 10 between 6 and 8 then pg_temp.id('busy-patient', 0)
        else pg_temp.id('regular', number % :regulars) end as patient_id,
    tstzrange(at, at + interval '30 min') as during, pg_temp.state(number) as state
from generate_series(0, :slots - 1) number,
    lateral (select :'began'::timestamptz
        + case when number < :plain then number / :doctors else number - :plain end * interval '30 min' as at) t;

\endif

-- In the order of the overlap constraints' indexes, which cost the most.
\if :is_slot
insert into slot (slot_id, doctor_id, during, published_at) select slot_id, doctor_id, during, now() from made order by doctor_id, during;
\endif

\if :is_appointment
insert into appointment (appointment_id, slot_id, doctor_id, during, patient_id, state, seat, booked_at, ended_at)
select pg_temp.id('appointment', number), slot_id, doctor_id, during, patient_id, state,
    case when state = 'booked' then row_number() over (partition by patient_id, state order by number) end,
    now(), case when state <> 'booked' then now() end
from made
order by patient_id, during;
\endif

\if :is_slot_event
insert into slot_event (slot_id, sequence, event_id, entity, entity_id, new_state, actor_id, actor_role, command_id,
    occurred_at, hash)
select slot_id, 1, pg_temp.id('published', number), 'slot'::entity, slot_id, 'open'::entity_state, doctor_id, 'doctor'::account_role,
    pg_temp.id('publish', number), now(), sha256('none')
from made
union all
select slot_id, 2, pg_temp.id('booked', number), 'appointment', pg_temp.id('appointment', number), 'booked', patient_id,
    'patient', pg_temp.id('book', number), now(), sha256('none')
from made
union all
select pg_temp.id('slot', :plain), n, pg_temp.id('again', n), 'appointment', pg_temp.id('appointment', :plain),
    case when n % 2 = 0 then 'booked' else 'cancelled' end::entity_state, pg_temp.id('regular', 0), 'patient',
    pg_temp.id('repeat', n), now(), sha256('none')
from generate_series(3, :busy) n;
\endif

\if :is_end
drop table made;
vacuum analyze account, slot, appointment, slot_event;
checkpoint;
\endif
