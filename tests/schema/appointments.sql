-- Holds: one active appointment a slot, whose doctor and time it repeats; a patient is never in two
-- places; the booking limit by seats; states are tied to the presence of times, not to their order.

begin;
select plan(49);

select run(account('doc', 'doctor'));
select run(account('dora', 'doctor'));
select run(account('pat'));
select run(account('pia'));
select run(slot('s', 'doc', '10:00', '11:00'));
select run(slot('next', 'doc', '11:00', '12:00'));
select run(slot('hers', 'dora', '10:30', '11:30'));
select run(slot('early', 'dora', '09:30', '10:00'));
select run(slot('late', 'dora', '18:00', '19:00'));
select run(slot('later', 'dora', '19:00', '20:00'));
select run(slot('spare', 'dora', '16:00', '17:00'));
select run(slot('shut', 'dora', '20:00', '21:00'));
select run(withdraw('shut'));

-- Who and what.
select refused_by(book('x', 's', 'nobody'), 'appointment_patient', 'a booking by nobody');
select refused_by(book('x', 's', 'dora'), 'appointment_patient', 'a booking by a doctor');
select refused_by(
    replace(replace(book('x', 's', 'dora'), 'patient_id,', 'patient_id, patient_role,'),
        quote_literal(id('dora')), quote_literal(id('dora')) || ', ''doctor'''),
    'appointment_patient_role', 'a booking by a doctor who is called one');
select refused_by(
    replace(book('x', 's', 'pat'), id('s')::text, id('none')::text),
    'appointment_slot', 'a slot that does not exist');
select refused_by(
    replace(book('x', 's', 'pat'), id('doc')::text, id('dora')::text),
    'appointment_slot', 'another doctor than the slot''s');
select refused_by(
    replace(book('x', 's', 'pat'), '11:00', '11:01'), 'appointment_slot', 'another time than the slot''s');
select refused_by(book('x', 'shut', 'pat'), 'appointment_slot', 'a withdrawn slot');

-- One active appointment a slot.
select allowed(book('a', 's', 'pat', 1), 'a free slot is booked');
select refused_by(book('a', 'late', 'pat'), 'appointment_pkey', 'an appointment_id is used once');
select refused_by(book('x', 's', 'pia'), 'appointment_one_active', 'a booked slot');
select refused_by(withdraw('s'), 'appointment_slot', 'a booked slot is withdrawn');

-- A patient is never in two places.
select refused_by(book('x', 'hers', 'pat'), 'appointment_patient_overlap', 'a partial overlap');
select allowed(book('touch', 'early', 'pat', 2), 'touching ends');
select allowed(book('other', 'hers', 'pia', 1), 'another patient at that time');

-- Seats.
select refused_by(book('x', 'late', 'pat', 1), 'appointment_seat', 'a seat that is taken');
select refused_by(book('x', 'late', 'pat', 0), 'appointment_seat_value', 'seat 0');
select refused_by(
    'update appointment set state = ''fulfilled'', ended_at = now()',
    'appointment_seat_value', 'a final appointment keeps its seat');
select allowed(book('seat3', 'late', 'pat', 3), 'a free seat');
select allowed(book('seatless', 'later', 'pat'), 'no seat');
select allowed(
    format('update appointment set seat = null where appointment_id = %L', id('seat3')), 'a seat is given back');

-- State and times.
select refused_by('update appointment set ended_at = now()', 'appointment_ended_at', 'booked, with an end');
select refused_by(
    'update appointment set state = ''noshow'', seat = null', 'appointment_ended_at', 'final, without an end');
select refused_by(
    'update appointment set cancel_reason = ''patient''', 'appointment_cancel_reason', 'booked, with a reason');
select refused_by(
    conclude('a', 'fulfilled', 'patient'), 'appointment_cancel_reason', 'fulfilled, with a cancel reason');
select refused_by(
    conclude('a', 'cancelled', 'password_reset'), 'appointment_cancel_reason', 'a reason of something else');
select ok(
    (select at('00:00') < booked_at from appointment where appointment_id = id('a')), '(it was booked at 00:03)');
select allowed(
    replace(conclude('a', 'cancelled'), '00:04', '00:00'), 'an end dated before the booking: clocks step back');

-- What a cancellation frees.
select allowed(book('b', 's', 'pat', 1), 'the slot, the time and the seat of a cancelled one, same patient');
select allowed(conclude('b', 'cancelled', 'rescheduled'), 'cancelled by a reschedule');
select allowed(book('c', 's', 'pat', 1), 'and once more');
select is(
    (select count(*) from appointment where slot_id = id('s')), 3::bigint, 'cancelled ones stay beside it');

-- What the other final states do not free.
select allowed(conclude('c', 'fulfilled'), 'an appointment is fulfilled');
select refused_by(book('x', 's', 'pia'), 'appointment_one_active', 'the slot of a fulfilled one');
select refused_by(withdraw('s'), 'appointment_slot', 'withdrawing the slot of a fulfilled one');
select allowed(conclude('other', 'noshow'), 'a no-show');
select refused_by(book('x', 'hers', 'pia'), 'appointment_one_active', 'the slot of a no-show');

-- Booked and ended in one batch.
select allowed(as_worker(at_once(book('once', 'next', 'pia'))), 'booked and cancelled at once');
select allowed(at_once(book('shut', 'shut', 'pia')), 'and the slot withdrawn, too');
select refused_by(at_once(book('x', 'next', 'nobody')), 'appointment_born_ended', 'by nobody');
select refused_by(at_once(book('x', 'next', 'dora')), 'appointment_born_ended', 'by a doctor');
select refused_by(
    at_once(replace(book('x', 'next', 'pia'), id('next')::text, id('none')::text)),
    'appointment_born_ended', 'of a slot that does not exist');
select refused_by(
    at_once(replace(book('x', 'next', 'pia'), id('doc')::text, id('dora')::text)),
    'appointment_born_ended', 'of another doctor than the slot''s');
select refused_by(
    at_once(replace(book('x', 'next', 'pia'), '11:00', '11:01')), 'appointment_born_ended',
    'at another time than the slot''s');
select refused_by(
    at_once(book('x', 'shut', 'pia'), 'fulfilled'), 'appointment_slot', 'and fulfilled, the slot withdrawn');
select allowed(at_once(book('done', 'spare', 'pia'), 'noshow'), 'a no-show at once');

-- Lineage.
create function pg_temp.book_from(name text, given_up text) returns text language sql as
$$
    select replace(replace(book(name, 'next', 'pia'), 'booked_at', 'booked_at, rescheduled_from'),
        quote_literal(at('00:03')), quote_literal(at('00:03')) || ', ' || quote_literal(id(given_up)))
$$;
select refused_by(
    pg_temp.book_from('self', 'self'), 'appointment_rescheduled_from', 'an appointment that replaces itself');
select allowed(pg_temp.book_from('moved', 'purged long ago'), 'lineage to an appointment that is gone');
select allowed(conclude('moved', 'cancelled'), '(and it ends)');
select refused_by(
    pg_temp.book_from('twice', 'purged long ago'), 'appointment_replaced_once', 'an appointment replaced twice');

select * from finish();
rollback;
