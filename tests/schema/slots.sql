-- Holds: a slot belongs to a doctor, has a bounded time, and never overlaps another slot of that
-- doctor that is not withdrawn; touching ends do not overlap. A purged slot_id is never used again.

begin;
select plan(25);

select run(account('doc', 'doctor'));
select run(account('dora', 'doctor'));
select run(account('pat', 'patient'));
select run(account('adm', 'admin'));

select allowed(slot('s', 'doc', '10:00', '11:00'), 'a doctor publishes a slot');
select refused_by(slot('s', 'doc', '15:00', '16:00'), 'slot_pkey', 'a slot_id is used once');
select refused_by(slot('x', 'nobody'), 'slot_doctor', 'a slot of nobody');
select refused_by(slot('x', 'pat'), 'slot_doctor', 'a slot of a patient');
select refused_by(slot('x', 'adm'), 'slot_doctor', 'a slot of an admin');
select refused_by(
    replace(replace(slot('x', 'pat'), 'doctor_id,', 'doctor_id, doctor_role,'),
        format('%L, ''["', id('pat')), format('%L, ''patient'', ''["', id('pat'))),
    'slot_doctor_role', 'a slot of a patient who is called one');

-- Overlap.
select refused_by(slot('x', 'doc', '10:00', '11:00'), 'slot_doctor_overlap', 'the same time');
select refused_by(slot('x', 'doc', '10:59', '11:30'), 'slot_doctor_overlap', 'overlap at the end');
select refused_by(slot('x', 'doc', '09:30', '10:01'), 'slot_doctor_overlap', 'overlap at the start');
select refused_by(slot('x', 'doc', '10:15', '10:45'), 'slot_doctor_overlap', 'inside');
select refused_by(slot('x', 'doc', '09:00', '12:00'), 'slot_doctor_overlap', 'around');
select allowed(slot('after', 'doc', '11:00', '12:00'), 'touching the end');
select allowed(slot('before', 'doc', '09:00', '10:00'), 'touching the start');
select allowed(slot('hers', 'dora', '10:00', '11:00'), 'another doctor at that time');
select allowed(slot('night', 'doc', '23:30', '24:30'), 'across midnight');

-- Times that are none.
select refused_by(slot('x', 'doc', '15:00', '15:00'), 'slot_during', 'an empty time');
select refused_by(
    format('insert into slot (slot_id, doctor_id, during, published_at) values (%L, %L, ''[2030-01-01,)'', now())',
        id('x'), id('doc')),
    'slot_during', 'no end');
select refused_by(
    format('insert into slot (slot_id, doctor_id, during, published_at)
        values (%L, %L, ''[-infinity,2030-01-01)'', now())', id('x'), id('doc')),
    'slot_during', 'an infinite start');
select refused_by(
    format('insert into slot (slot_id, doctor_id, during, published_at)
        values (%L, %L, ''[2030-01-01,2030-01-02]'', now())', id('x'), id('doc')),
    'slot_during', 'an end that belongs to it');

-- Withdrawal.
select refused_by(
    'update slot set withdrawal_reason = ''doctor_deactivated''',
    'slot_withdrawal_reason', 'a reason without a withdrawal');
select allowed(withdraw('s'), 'a slot is withdrawn');
select ok((select open is null from slot where slot_id = id('s')), 'then it is not open');
select allowed(slot('again', 'doc', '10:00', '11:00'), 'the time of a withdrawn slot is free');

-- Purged.
insert into purged_slot values (id('gone'), 3, sha256('x'), id('event'));
select refused_by(slot('gone', 'doc', '18:00', '19:00'), 'slot_not_purged', 'a purged slot_id');
select refused_by(
    'insert into purged_slot values (md5(''gone'')::uuid, 1, sha256(''y''), gen_random_uuid())',
    'purged_slot_pkey', 'a slot is purged once');

select * from finish();
rollback;
