-- Holds: the worker makes no admin, no account without an Argon2id hash, and renames nobody; a
-- deactivated doctor offers no slot to come. (races.sql has a publication and a deactivation at once.)

begin;
select plan(30);

select run(account('doc', 'doctor'));
select run(account('pat'));

create function pg_temp.register(name text, hash text, role text default 'patient') returns text language sql as
$$ select as_worker(replace(account(name, role), '''hash''', quote_literal(hash))) $$;
create function pg_temp.rehash(hash text) returns text language sql as
$$ select format('update account set password_hash = %L where account_id = %L', hash, id('pat')) $$;

-- Password hashes.
select allowed(pg_temp.register('ok', encoded()), 'an Argon2id hash');
select refused_by(pg_temp.register('x', hash), 'account_password_encoding', why)
from (values
    ('correct horse battery staple', 'a password'),
    (encoded('argon2i'), 'Argon2i'),
    (encoded('argon2d'), 'Argon2d'),
    (replace(encoded(), 'v=19', 'v=16'), 'an older version of it'),
    (replace(encoded(), 'm=19456,', ''), 'no memory'),
    (encoded(parameters => 'm=0,t=2,p=1'), 'memory of 0'),
    (encoded(parameters => 'm=99999999999,t=2,p=1'), 'memory of 11 digits'),
    (substr(encoded(), 2), 'cut at the start'),
    (left(encoded(), -22), 'cut at the end'),
    (encoded() || '=', 'with padding'),
    (encoded() || E'\n', 'with a line end'),
    (E'x\n' || encoded(), 'behind a line end'),
    ('$2b$12$' || repeat('a', 53), 'bcrypt')
) as bad (hash, why);
select allowed(as_worker(pg_temp.rehash(encoded())), 'a hash is renewed, its version as it was');
select refused_by(as_worker(pg_temp.rehash('password')), 'account_password_encoding', 'by a password');
select allowed(as_owner(pg_temp.rehash('none')), 'the owner takes a password away');
select allowed(
    as_worker(format('update account set closing_at = now() where account_id = %L', id('pat'))),
    'the worker changes such an account otherwise');

-- Roles and logins.
select allowed(pg_temp.register('dan', encoded(), 'doctor'), 'the worker makes a doctor');
select refused_by(pg_temp.register('x', encoded(), 'admin'), 'account_admin_by_owner', 'the worker makes an admin');
select allowed(as_owner(account('boss', 'admin')), 'the owner does');
select refused_by(
    as_worker(format('update account set login = ''other'' where account_id = %L', id('pat'))),
    'account_login_kept', 'the worker renames somebody');
select allowed(
    as_owner(format('update account set login = ''other'' where account_id = %L', id('pat'))), 'the owner does');

-- A deactivated doctor offers nothing to come. Immediate: as if each statement were a transaction.
select run(slot('past', 'doc', '-90000:00', '-89999:00'));
select run(slot('s', 'doc'));
set constraints account_nothing_to_come immediate;
select refused_by(deactivate('doc'), 'account_nothing_to_come', 'a doctor with an open slot to come');
set constraints account_nothing_to_come deferred;
select allowed(deactivate('doc'), 'the same when more follows');
select refused_by(
    'set constraints account_nothing_to_come immediate', 'account_nothing_to_come', 'if the slot stays open');
select run(withdraw('s'));
select allowed(
    'set constraints account_nothing_to_come immediate', 'but not if it is withdrawn, too; a past one stays open');
select refused_by(slot('t', 'doc'), 'slot_doctor_active', 'a deactivated doctor publishes');
select allowed(
    replace(replace(slot('shut', 'doc', '08:00', '09:00'), 'published_at)', 'published_at, withdrawn_at)'),
        quote_literal(at('00:00')) || ')', quote_literal(at('00:00')) || ', now())'),
    'unless it is withdrawn at once');
select run(format('update account set state = ''active'', deactivated_at = null where account_id = %L', id('doc')));
select allowed(slot('t', 'doc'), 'a reactivated one may');

select * from finish();
rollback;
