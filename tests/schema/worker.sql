-- Holds: with its narrow grants the worker can do all that its statements need.

begin;
select plan(30);

select run(account('doc', 'doctor'));
select run(account('pat'));
insert into pending_event (account_id, event_id, event_schema, event) values (id('pat'), id('e'), 1, '\x00');

select allowed(
    as_worker(format('select account_id, role, state, token_version from account where account_id = %L
        for key share', id('pat'))), 'locks an account for a booking');
select allowed(
    as_worker(format('select account_id from account where account_id = %L for update', id('pat'))),
    'locks an account for good');
select allowed(
    as_worker(format('update account set closing_at = now() where account_id = %L', id('pat'))),
    'announces a deactivation');
select allowed(as_worker(slot('s', 'doc')), 'publishes a slot');
select allowed(as_worker(format('select * from slot where slot_id = %L for update', id('s'))), 'locks a slot');
select allowed(as_worker(book('a', 's', 'pat', 1)), 'books it');
select allowed(as_worker(conclude('a', 'cancelled', 'patient')), 'cancels');
select allowed(as_worker(withdraw('s')), 'withdraws it');
select allowed(as_worker(slot_event('s', 1)), 'appends to the trail');
select allowed(as_worker(log_row(1, 'first')), 'appends to the log');
select allowed(as_worker(progress(0, 0, 5)), 'takes a partition');
select allowed(as_worker('update partition_progress set published_offset = 1, to_fence = ''{a}'''), 'moves on');
select allowed(as_worker('delete from pending_event'), 'removes a pending event once it is published');

-- Accounts and log-ins.
select allowed(
    as_worker(replace(account('new'), '''hash''', quote_literal(encoded())) || ' on conflict (login) do nothing'),
    'registers');
select allowed(
    as_worker('select account_id, password_hash, credential_version from account where login = ''login-new'' for update'),
    'looks a login up');
select allowed(
    as_worker(format('update account set password_hash = %L, credential_version = 2, token_version = 2,
        tokens_valid_from = now() where account_id = %L', encoded(), id('new'))),
    'changes a password');
select allowed(
    as_worker('select account_id from account where role = ''admin'' and state = ''active'' order by account_id for update'),
    'locks the active admins');
select allowed(as_worker(deactivate('new')), 'deactivates');
select allowed(
    as_worker(format('update account set state = ''erased'', erased_at = now(), login = null, password_hash = null,
        closing_at = null where account_id = %L', id('new'))),
    'erases');
select allowed(
    as_worker(throttle('login') || ' on conflict (login_key) do update
        set failures = login_throttle.failures + 1, last_attempt_at = excluded.last_attempt_at'),
    'counts a failure');
select allowed(
    as_worker('select failures, blocked_until from login_throttle order by login_key for update'),
    'locks what throttles a login');
select allowed(as_worker(attempt(1, 'login') || ' on conflict do nothing'), 'counts an attempt');
select allowed(as_worker('delete from login_attempt where record_offset = 1'), 'takes it back once it is answered');
select allowed(
    as_worker(device('phone', 'pat') || ' on conflict (account_id, device_key) do update
        set last_used_at = excluded.last_used_at'),
    'remembers a device');
select allowed(as_worker('select * from login_device for update'), 'locks devices');
select allowed(as_worker('delete from login_device'), 'forgets a device');
select allowed(as_worker('delete from login_throttle'), 'forgets a login''s failures');

-- What it has no need of.
select denied(
    as_worker('insert into account (account_id, token_version) values (gen_random_uuid(), 2)'),
    'chooses an account''s first version');
select denied(as_worker('update account set role = ''doctor'''), 'changes a role');
select denied(as_worker('update login_throttle set login_key = sha256(''x'')'), 'moves failures to another login');

select * from finish();
rollback;
