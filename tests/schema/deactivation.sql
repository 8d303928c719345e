-- Holds: a deactivated account holds no booked appointment, whichever comes first. (races.sql has
-- the same with both at once.)

begin;
select plan(10);

select run(account('doc', 'doctor'));
select run(account('pat'));
select run(slot('s', 'doc'));
select run(slot('t', 'doc', '-90000:00', '-89999:00'));
select run(book('a', 's', 'pat'));

select refused_by(deactivate('pat'), 'appointment_patient', 'a patient with a booked appointment');
select refused_by(deactivate('doc'), 'appointment_doctor_active', 'a doctor with a booked appointment');

select allowed(conclude('a', 'fulfilled'), 'the appointment ends');
select allowed(deactivate('pat'), 'then the patient is deactivated');
select refused_by(book('x', 't', 'pat'), 'appointment_patient', 'a deactivated patient books');
select allowed(
    format('update account set state = ''active'', deactivated_at = null where account_id = %L', id('pat')),
    'the patient is reactivated');
select allowed(book('b', 't', 'pat'), 'and books');
select allowed(conclude('b', 'cancelled'), 'and cancels');

set constraints account_nothing_to_come immediate;
select allowed(deactivate('doc'), 'the doctor is deactivated, a past slot still open, another fulfilled');
select refused_by(book('x', 't', 'pat'), 'appointment_doctor_active', 'a booking with a deactivated doctor');

select * from finish();
rollback;
