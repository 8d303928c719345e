-- Holds: the same guarantees while two sessions work at once. The first has not committed yet, the
-- second waits for it, and is refused by what the first then made true. Sessions are the worker's;
-- "owner" deactivates and purges. What is written here is committed: names are this file's own.

select plan(55);

select open_session('one');
select open_session('two');
select open_session('owner', 'slotkeeper_owner');

select run(account('r-doc', 'doctor'));
select run(account('r-dora', 'doctor'));
select run(account('r-dan', 'doctor'));
select run(account('r-dee', 'doctor'));
select run(account('r-pat'));
select run(account('r-pia'));
select run(account('r-pol'));
select run(slot('r-1', 'r-doc', '01:00', '02:00'));
select run(slot('r-2', 'r-doc', '02:00', '03:00'));
select run(slot('r-3', 'r-doc', '03:00', '04:00'));
select run(slot('r-4', 'r-doc', '04:00', '05:00'));
select run(slot('r-5', 'r-doc', '05:00', '06:00'));
select run(slot('r-dora-1', 'r-dora', '01:30', '02:30'));
select run(slot('r-dora-2', 'r-dora', '08:00', '09:00'));
select run(slot('r-dan-1', 'r-dan', '08:00', '09:00'));
select run(slot('r-dan-2', 'r-dan', '-90000:00', '-89999:00'));
select run(progress(77, 0, 10));

-- Two bookings of one slot.
select say('one', 'begin');
select say('one', book('r-a1', 'r-1', 'r-pat', 1));
select ask('two', book('r-a2', 'r-1', 'r-pia', 1));
select waits('two', 'a second booking of a slot waits');
select say('one', 'commit');
select alike(answer('two'), '%"appointment_one_active"%', 'and is refused');

-- The first gives up: the second has it.
select say('one', 'begin');
select say('one', book('r-b1', 'r-2', 'r-pat', 2));
select ask('two', book('r-b2', 'r-2', 'r-pia', 1));
select waits('two', 'a second booking of a slot waits');
select say('one', 'rollback');
select is(answer('two'), 'INSERT 0 1', 'and has it when the first is rolled back');

-- Two overlapping bookings of a patient.
select say('one', 'begin');
select say('one', conclude('r-a1', 'cancelled'));
select say('one', 'commit');
select say('one', 'begin');
select say('one', book('r-c1', 'r-1', 'r-pat', 1));
select ask('two', book('r-c2', 'r-dora-1', 'r-pat', 2));
select waits('two', 'a second booking of a patient at that time waits');
select say('one', 'commit');
select alike(answer('two'), '%"appointment_patient_overlap"%', 'and is refused');

-- Seats: what holds the booking limit.
select say('one', 'begin');
select say('one', book('r-d1', 'r-3', 'r-pat', 3));
select ask('two', book('r-d2', 'r-4', 'r-pat', 3));
select waits('two', 'a second booking on a seat waits');
select say('one', 'commit');
select alike(answer('two'), '%"appointment_seat"%', 'and is refused');

-- Booking, then withdrawal; and the other way round.
select say('one', 'begin');
select say('one', book('r-e1', 'r-4', 'r-pia', 2));
select ask('two', withdraw('r-4'));
select waits('two', 'a withdrawal waits for a booking');
select say('one', 'commit');
select alike(answer('two'), '%"appointment_slot"%', 'and is refused');

select say('one', 'begin');
select say('one', withdraw('r-5'));
select ask('two', book('r-f1', 'r-5', 'r-pia', 3));
select waits('two', 'a booking waits for a withdrawal');
select say('one', 'commit');
select alike(answer('two'), '%"appointment_slot"%', 'and is refused');

-- Booking, then deactivation of the patient; and the other way round.
select say('one', 'begin');
select say('one', book('r-g1', 'r-dora-2', 'r-pol', 1));
select ask('owner', deactivate('r-pol'));
select waits('owner', 'a patient''s deactivation waits for a booking');
select say('one', 'commit');
select alike(answer('owner'), '%"appointment_patient"%', 'and is refused');
select say('one', conclude('r-g1', 'cancelled'));

select say('owner', 'begin');
select say('owner', deactivate('r-pol'));
select ask('one', book('r-h1', 'r-dora-2', 'r-pol', 1));
select waits('one', 'a booking waits for the patient''s deactivation');
select say('owner', 'commit');
select alike(answer('one'), '%"appointment_patient"%', 'and is refused');

-- Of the doctor.
select say('one', 'begin');
select say('one', book('r-i1', 'r-dan-1', 'r-pia', 4));
select ask('owner', deactivate('r-dan'));
select waits('owner', 'a doctor''s deactivation waits for a booking');
select say('one', 'commit');
select alike(answer('owner'), '%"appointment_doctor_active"%', 'and is refused');
select say('one', conclude('r-i1', 'cancelled'));

select say('owner', 'begin');
select say('owner', deactivate('r-dan'));
select ask('one', book('r-j1', 'r-dan-1', 'r-pia', 4));
select waits('one', 'a booking waits for the doctor''s deactivation');
select say('owner', 'rollback');
select is(answer('one'), 'INSERT 0 1', 'and goes through when that is rolled back');
select say('one', conclude('r-j1', 'cancelled'));

select say('owner', 'begin');
select say('owner', deactivate('r-dan'));
select say('owner', withdraw('r-dan-1'));
select ask('one', book('r-k1', 'r-dan-2', 'r-pia', 4));
select waits('one', 'a booking waits for the doctor''s deactivation');
select say('owner', 'commit');
select alike(answer('one'), '%"appointment_doctor_active"%', 'and is refused');

-- Publication, then deactivation of the doctor; and the other way round.
select say('one', 'begin');
select say('one', slot('r-dee-1', 'r-dee'));
select ask('two', deactivate('r-dee'));
select waits('two', 'a doctor''s deactivation waits for a publication');
select say('one', 'commit');
select alike(answer('two'), '%offers no slot to come', 'and is refused');

select say('two', 'begin');
select say('two', deactivate('r-dee'));
select say('two', withdraw('r-dee-1'));
select ask('one', slot('r-dee-2', 'r-dee', '11:00', '12:00'));
select waits('one', 'a publication waits for the doctor''s deactivation');
select say('two', 'commit');
select alike(answer('one'), 'slot: its doctor is not active', 'and is refused');

-- A booking is in nobody's way who does not deactivate.
select say('one', 'begin');
select say('one', book('r-l1', 'r-dora-2', 'r-pia', 4));
select is(
    dblink_exec('two', format('update account set closing_at = now() where account_id = %L', id('r-pia'))),
    'UPDATE 1', 'announcing a deactivation does not wait for a booking');
select is(
    dblink_exec('owner', format('update account set credential_version = 2 where account_id = %L', id('r-dora'))),
    'UPDATE 1', 'nor does a change of password');
select say('one', 'commit');

-- Two overlapping slots of a doctor.
select say('one', 'begin');
select say('one', slot('r-m1', 'r-dora', '12:00', '13:00'));
select ask('two', slot('r-m2', 'r-dora', '12:30', '13:30'));
select waits('two', 'a second slot of a doctor at that time waits');
select say('one', 'commit');
select alike(answer('two'), '%"slot_doctor_overlap"%', 'and is refused');

-- Two endings of an appointment.
select say('one', 'begin');
select say('one', conclude('r-c1', 'fulfilled'));
select ask('two', conclude('r-c1', 'cancelled'));
select waits('two', 'a cancellation waits for a completion');
select say('one', 'commit');
select alike(answer('two'), 'appointment: %are final', 'and is refused');

-- The same command_id on two partitions.
select say('one', 'begin');
select say('one', replace(log_row(1001, 'r-command'), '''t'', 0', '''t'', 77'));
select ask('two', replace(log_row(1001, 'r-command'), '''t'', 0', '''t'', 78'));
select waits('two', 'a second decision under a command_id waits');
select say('one', 'commit');
select alike(answer('two'), '%"command_log_recall"%', 'and is refused');

-- Two places in one chain.
select say('one', 'begin');
select say('one', slot_event('r-1', 1));
select ask('two', slot_event('r-1', 1));
select waits('two', 'a second event for a place in the chain waits');
select say('one', 'commit');
select alike(answer('two'), '%"slot_event_pkey"%', 'and is refused');

-- Two workers on one partition: who claims second finds that the partition has moved.
select say('one', 'begin');
select say('one', 'update partition_progress set next_offset = 20
    where topic = ''t'' and partition = 77 and next_offset = 10');
select ask('two', 'update partition_progress set next_offset = 15
    where topic = ''t'' and partition = 77 and next_offset = 10');
select waits('two', 'a second claim waits');
select say('one', 'commit');
select is(answer('two'), 'UPDATE 0', 'and comes to nothing');

-- A purge, and somebody who publishes under that slot_id or writes about that slot meanwhile.
select run(format('create function slotkeeper.purge_under_test(of_slot uuid) returns text language plpgsql
    security definer as $body$
    begin
        perform set_config(%1$L, %2$L, true);
        delete from slotkeeper.slot where slot_id = of_slot;
        insert into slotkeeper.purged_slot values (of_slot, 1, sha256(%3$L), gen_random_uuid());
        perform set_config(%1$L, %4$L, true);
        return null;
    end $body$', 'slotkeeper.housekeeping', 'on', 'x', 'off'));
alter function slotkeeper.purge_under_test(uuid) owner to slotkeeper_owner;
select say('owner', 'begin isolation level repeatable read');
select ask('owner', format('do $do$ begin perform slotkeeper.purge_under_test(%L); end $do$', id('r-5')));
select alike(answer('owner'), '%READ COMMITTED', 'no purge with a snapshot that might miss an appointment');
select say('owner', 'rollback');
select say('owner', 'begin');
select say('owner', format('do $do$ begin perform slotkeeper.purge_under_test(%L); end $do$', id('r-5')));
select ask('one', slot('r-5', 'r-dora', '22:00', '23:00'));
select waits('one', 'who publishes under a slot_id that is being purged waits');
select ask('two', at_once(book('r-n1', 'r-5', 'r-pia')));
select waits('two', 'so does what was booked and cancelled at once');
select say('owner', 'commit');
select alike(answer('one'), '%never used again', 'and is refused');
select alike(answer('two'), 'appointment: its slot%is not there', 'and is refused, too');
drop function slotkeeper.purge_under_test(uuid);

-- Expiry is one session's business at a time, and waits for nobody.
select say('one', 'begin');
select ok(true, '(expiry in one session)')
from dblink('one', 'select expire_log(''1 hour'', 10)') as called (gone integer);
select is(gone, 0, 'a second expiry steps aside')
from dblink('two', 'select expire_log(''1 hour'', 10)') as called (gone integer);
select say('one', 'commit');

-- So is forgetting log-ins, which leaves alone what is in use.
select run(throttle('r-idle-' || n, n, now() - interval '2 days')) from generate_series(1, 3) as n;
select say('one', 'begin');
select is(gone, 1, '(log-ins are forgotten in one session)')
from dblink('one', 'select forget_log_ins(''1 day'', 1, 100)') as called (gone integer);
select is(gone, 0, 'a second one steps aside')
from dblink('two', 'select forget_log_ins(''1 day'', 1, 100)') as called (gone integer);
select say('one', 'commit');
select say('one', 'begin');
select say('one', format('update login_throttle set failures = 4, last_attempt_at = now() where login_key = %L',
    key('r-idle-3')));
select is(gone, 1, 'afterwards the second has its turn, and waits for no attempt')
from dblink('two', 'select forget_log_ins(''1 day'', 100, 1)') as called (gone integer);
select say('one', 'commit');
select results_eq(
    'select failures from login_throttle where login_key in (select key(''r-idle-'' || n) from generate_series(1, 3) as n)',
    'values (4)', 'the one that was tried meanwhile is still there');

-- An attempt at a login that is being forgotten: counted afresh.
select run(throttle('r-back', 9, now() - interval '2 days'));
select say('one', 'begin');
select is(gone, 1, '(a login is forgotten)')
from dblink('one', 'select forget_log_ins(''1 day'', 100, 100)') as called (gone integer);
select ask('two', throttle('r-back') || ' on conflict (login_key) do update set failures = login_throttle.failures + 1');
select waits('two', 'an attempt waits for it');
select say('one', 'commit');
select is(answer('two'), 'INSERT 0 1', 'and is counted');
select results_eq(
    format('select failures from login_throttle where login_key = %L', key('r-back')), 'values (1)', 'as the first one');

-- One record on two workers: one of them counts it.
select say('one', 'begin');
select say('one', attempt(1001, 'r-back'));
select ask('two', attempt(1001, 'r-back') || ' on conflict do nothing');
select waits('two', 'a second count of a record waits');
select say('one', 'commit');
select is(answer('two'), 'INSERT 0 0', 'and comes to nothing');

select close_session(name) from (values ('one'), ('two'), ('owner')) as opened (name);

select * from finish();
