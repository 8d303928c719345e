-- Holds: an account's state is tied to the presence of its times, login and password hash, never to
-- the order of times; ids and logins are unique.

begin;
select plan(27);

select run(account('ann'));

select refused_by(account('ann'), 'account_pkey', 'an account_id is used once');
select refused_by(
    replace(account('ben'), 'login-ben', 'login-ann'), 'account_login_unique', 'a login is used once');

-- Logins.
select allowed(replace(account('abc'), 'login-abc', 'abc'), 'a login of 3');
select allowed(replace(account('long'), 'login-long', repeat('a', 254)), 'a login of 254');
select allowed(replace(account('signs'), 'login-signs', 'a.b_c-d+e@f0'), 'every sign that a login may have');
select refused_by(replace(account('x'), 'login-x', 'ab'), 'account_login_form', 'a login of 2');
select refused_by(replace(account('x'), 'login-x', repeat('a', 255)), 'account_login_form', 'a login of 255');
select refused_by(replace(account('x'), 'login-x', 'Abc'), 'account_login_form', 'capitals in a login');
select refused_by(replace(account('x'), 'login-x', E'abc\n'), 'account_login_form', 'a line end after a login');
select refused_by(replace(account('x'), 'login-x', 'a b c'), 'account_login_form', 'a space in a login');

-- Password hashes and versions.
select refused_by(
    replace(account('x'), '''hash''', ''''''), 'account_password_hash_length', 'an empty password hash');
select refused_by(
    replace(account('x'), '''hash''', quote_literal(repeat('h', 513))), 'account_password_hash_length', 'a password hash of 513');
select refused_by('update account set credential_version = 0', 'account_versions', 'a credential version of 0');
select refused_by('update account set token_version = 0', 'account_versions', 'a token version of 0');
select is(
    (select tokens_valid_from from account where account_id = id('ann')),
    'epoch'::timestamptz,
    'a new account refuses no token for its age');

-- The column that bookings refer to follows the state.
select ok((select active from account where account_id = id('ann')), 'a new account is active');

-- State and times.
select refused_by(
    'update account set state = ''deactivated''', 'account_deactivated_at', 'deactivated without its time');
select refused_by(
    format('update account set deactivated_at = %L', at('01:00')),
    'account_deactivated_at', 'a time of deactivation on an active account');
select refused_by('update account set login = null', 'account_login_present', 'active without a login');
select refused_by(
    'update account set password_hash = null',
    'account_password_hash_present', 'active without a password hash');
select refused_by(
    format('update account set erased_at = %L', at('01:00')),
    'account_erased_at', 'a time of erasure on an active account');

select allowed(deactivate('ann'), 'an account is deactivated');
select ok((select not active from account where account_id = id('ann')), 'then it is not active');
select refused_by(
    'update account set state = ''erased'', login = null, password_hash = null where account_id = '
        || quote_literal(id('ann')),
    'account_erased_at', 'erased without its time');
select refused_by(
    format('update account set state = ''erased'', erased_at = %L where account_id = %L', at('02:00'), id('ann')),
    'account_login_present', 'erased with a login');
select refused_by(
    format('update account set state = ''erased'', erased_at = %L, login = null where account_id = %L',
        at('02:00'), id('ann')),
    'account_password_hash_present', 'erased with a password hash');
select allowed(
    format('update account set state = ''erased'', erased_at = %L, login = null, password_hash = null
        where account_id = %L', at('00:00'), id('ann')),
    'an erasure dated before the deactivation: clocks step back');

select * from finish();
rollback;
