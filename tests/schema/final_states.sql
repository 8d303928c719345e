-- Holds: final states are final, and what identifies a row never changes, whoever tries.

begin;
select plan(26);

select run(account('doc', 'doctor'));
select run(account('dora', 'doctor'));
select run(account('pat'));
select run(account('pia'));
select run(account('solo'));
select run(account('old'));
select run(deactivate('old'));
select run(format('update account set state = ''erased'', erased_at = now(), login = null, password_hash = null
    where account_id = %L', id('old')));
select run(slot('s', 'doc', '10:00', '11:00'));
select run(slot('t', 'doc', '11:00', '12:00'));
select run(slot('u', 'doc', '12:00', '13:00'));
select run(slot('v', 'doc', '13:00', '14:00'));
select run(slot('w', 'doc', '14:00', '15:00'));
select run(withdraw('v'));
select run(book('booked', 's', 'pat', 1));
select run(book('fulfilled', 't', 'pat'));
select run(book('noshow', 'u', 'pat'));
select run(conclude('fulfilled', 'fulfilled'));
select run(conclude('noshow', 'noshow'));

create function pg_temp.set_account(name text, assignment text) returns text language sql as
$$ select format('update account set %s where account_id = %L', assignment, id(name)) $$;
create function pg_temp.set_slot(name text, assignment text) returns text language sql as
$$ select format('update slot set %s where slot_id = %L', assignment, id(name)) $$;
create function pg_temp.set_appointment(name text, assignment text) returns text language sql as
$$ select format('update appointment set %s where appointment_id = %L', assignment, id(name)) $$;

-- Accounts.
select refused_by(pg_temp.set_account('solo', 'account_id = gen_random_uuid()'), 'account_fixed', 'account_id');
select refused_by(pg_temp.set_account('solo', 'role = ''admin'''), 'account_fixed', 'a patient becomes an admin');
select refused_by(pg_temp.set_account('solo', 'created_at = now()'), 'account_fixed', 'created_at');
select allowed(pg_temp.set_account('solo', 'token_version = 2, credential_version = 2'), 'versions rise');
select refused_by(pg_temp.set_account('solo', 'token_version = 1'), 'account_fixed', 'a token version falls');
select refused_by(pg_temp.set_account('solo', 'credential_version = 1'), 'account_fixed', 'a credential version falls');
select refused_by(
    pg_temp.set_account('solo', 'state = ''erased'', deactivated_at = now(), erased_at = now(),
        login = null, password_hash = null'),
    'account_final', 'erased without being deactivated first');
select refused_by(
    pg_temp.set_account('old', 'state = ''deactivated'', erased_at = null, login = ''old'', password_hash = ''h'''),
    'account_final', 'an erased account comes back');
select refused_by(
    as_owner(pg_temp.set_account('old', 'token_version = 9')), 'account_final', 'an erased account changes');

-- Slots.
select refused_by(pg_temp.set_slot('w', 'slot_id = gen_random_uuid()'), 'slot_fixed', 'slot_id');
select refused_by(pg_temp.set_slot('w', format('doctor_id = %L', id('dora'))), 'slot_fixed', 'the doctor');
select refused_by(
    pg_temp.set_slot('w', format('during = %L', between_times('20:00', '21:00'))), 'slot_fixed', 'the time');
select refused_by(pg_temp.set_slot('w', 'published_at = now()'), 'slot_fixed', 'published_at');
select refused_by(pg_temp.set_slot('v', 'withdrawn_at = null'), 'slot_final', 'a withdrawn slot opens again');
select refused_by(
    as_worker(pg_temp.set_slot('v', 'withdrawal_reason = ''doctor_deactivated''')),
    'slot_final', 'a withdrawn slot gets another reason');

-- Appointments.
select refused_by(
    pg_temp.set_appointment('booked', 'appointment_id = gen_random_uuid()'), 'appointment_fixed', 'appointment_id');
select refused_by(
    pg_temp.set_appointment('booked', format('(slot_id, during) = (%L, %L)', id('w'), between_times('14:00', '15:00'))),
    'appointment_fixed', 'the slot, for a free one');
select refused_by(
    pg_temp.set_appointment('booked', format('patient_id = %L', id('pia'))), 'appointment_fixed', 'the patient');
select refused_by(
    pg_temp.set_appointment('booked', 'booked_at = now()'), 'appointment_fixed', 'booked_at');
select refused_by(
    pg_temp.set_appointment('booked', 'rescheduled_from = gen_random_uuid()'), 'appointment_fixed', 'lineage');
select allowed(pg_temp.set_appointment('booked', 'seat = 2'), 'another seat');
select refused_by(
    as_worker(conclude('fulfilled', 'cancelled')), 'appointment_final', 'a fulfilled one is cancelled');
select refused_by(
    as_owner(conclude('noshow', 'fulfilled')), 'appointment_final', 'a no-show is fulfilled after all');
select allowed(as_worker(conclude('booked', 'cancelled', 'patient')), 'a booked one is cancelled');
select refused_by(
    pg_temp.set_appointment('booked', 'state = ''booked'', ended_at = null, cancel_reason = null'),
    'appointment_final', 'a cancelled one is booked again');
select refused_by(
    conclude('booked', 'cancelled', 'other'), 'appointment_final', 'a cancelled one gets another reason');

select * from finish();
rollback;
